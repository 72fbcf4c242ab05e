"""What goes back: objects as JSON or YAML, refusals as Status objects, the headers of every answer.

Counterparts: apiserver's `handlers/responsewriters` and the warning headers of `endpoints/warning`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Response
from minikctl.apimachinery.wireform import escaped, indented, ordered
from minikctl.apiserver.http.negotiation import JSON, YAML

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

_NO_LENGTH = (b"content-length", b"0")
NO_CACHE = (b"cache-control", b"no-cache, private")
_LONGEST_WARNINGS = 4096


class Codec:
    """JSON over the wire: orjson where it is installed (the extra "fast"), else the standard library."""

    __slots__ = ("dumps",)

    def __init__(self) -> None:
        plain = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)

        def slow(value: Any) -> bytes:
            return escaped(plain.encode(ordered(value)).encode("utf-8", "surrogatepass")) + b"\n"

        self.dumps: Callable[[Any], bytes] = slow
        try:
            import orjson
        except ImportError:
            return

        def fast(value: Any) -> bytes:
            try:
                return escaped(orjson.dumps(ordered(value), option=orjson.OPT_APPEND_NEWLINE))
            except TypeError:  # integers beyond 64 bits
                return slow(value)

        self.dumps = fast


CODEC = Codec()


class Answer:
    """A complete HTTP answer.

    A long body may come in pieces. `kept`: where one that is the same for many keeps what can be made of it.
    """

    __slots__ = ("code", "headers", "kept", "pieces", "size")

    def __init__(
        self, code: int, body: bytes | list[bytes], content_type: str = JSON, headers: Iterable[Header] = ()
    ) -> None:
        self.code = code
        self.kept: dict[str, list[bytes]] | None = None
        self.headers: list[Header] = [(b"content-type", content_type.encode("latin-1")), _NO_LENGTH, *headers]
        self.replace(body if isinstance(body, list) else [body])

    def replace(self, pieces: list[bytes]) -> None:
        """Give it another body."""
        self.pieces = pieces
        self.size = sum(map(len, pieces))
        self.headers[1] = (b"content-length", str(self.size).encode())


def of_object(
    obj: Any, code: int = 200, media_type: str = JSON, warnings: Iterable[str] = (), pretty: bool = False
) -> Answer:
    """An API object; text (a log, a health check) goes as it is. `pretty`: JSON for the eye."""
    shown = headers(warnings)
    if isinstance(obj, str):
        return Answer(code, obj.encode("utf-8", "surrogateescape"), "text/plain; charset=utf-8", shown)
    if media_type == YAML:
        return Answer(code, to_yaml(obj), YAML, shown)
    return Answer(code, indented(obj) if pretty else CODEC.dumps(obj), JSON, shown)


def headers(warnings: Iterable[str] = ()) -> list[Header]:
    """The headers of every answer about an object."""
    return [NO_CACHE, *warning_headers(warnings)]


def of_response(response: Response, media_type: str = JSON, pretty: bool = False) -> Answer:
    return of_object(response.object, response.code, media_type, response.warnings, pretty)


def of_error(error: StatusError, media_type: str = JSON, pretty: bool = False) -> Answer:
    """A refusal as a metav1.Status, with Retry-After where the error says so."""
    answer = of_object(error.status(), error.code, media_type, error.warnings, pretty)
    seconds = error.details.get("retryAfterSeconds")
    if seconds:
        answer.headers.append((b"retry-after", str(seconds).encode()))
    return answer


def text(code: int, body: str, headers: Iterable[Header] = ()) -> Answer:
    """A plain answer, as Go's http.Error writes it."""
    more = ((b"x-content-type-options", b"nosniff"), *headers)
    return Answer(code, body.encode(), "text/plain; charset=utf-8", more)


def not_found_page() -> Answer:
    """The answer for a path that nobody serves."""
    return text(404, "404 page not found\n")


def to_yaml(obj: Any) -> bytes:
    """The object as Go's YAML serializer writes it."""
    from minikctl.printers.yamlout import dump

    return dump(obj).encode("utf-8", "surrogatepass")


def warning_headers(warnings: Iterable[str]) -> list[Header]:
    """Warning: 299 - "TEXT", each text once; a very long list is cut off."""
    found: list[Header] = []
    size = 0
    for warning in dict.fromkeys(warnings):
        quoted = _quoted(warning)
        size += len(quoted)
        if size > _LONGEST_WARNINGS:
            break
        found.append((b"warning", b'299 - "' + quoted + b'"'))
    return found


def _quoted(warning: str) -> bytes:
    clean = "".join(char if char.isprintable() else " " for char in warning)
    return clean.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "replace")
