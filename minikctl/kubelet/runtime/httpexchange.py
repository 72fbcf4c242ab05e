"""HTTP as emulated containers speak it: requests, answers, and the server's side of one connection.

Pure: bytes in, bytes out. Whoever carries the bytes (port-forward, the proxy subresource) feeds a
Connection; programs in the emulated shell ask through a Network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from minikctl.apimachinery.streaming import HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from minikctl.proxy.rulesets import Table

__all__ = ["Answering", "Connection", "HttpAnswer", "HttpRequest", "Network", "NotReached", "text_answer"]

_LONGEST_HEAD = 65536
_LONGEST_BODY = 64 << 20


Answering = Callable[[HttpRequest], HttpAnswer]


class NotReached(Exception):
    """Nobody answers: "unknown" (no such name), "refused" (nobody listens) or "timeout" (no such machine)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Network(Protocol):
    """What a program can reach from where it runs."""

    def lookup(self, host: str) -> tuple[str, list[str]] | None:
        """The full name and the addresses of a host; None where there is no such name."""
        ...

    def problem(self, host: str, port: int) -> str:
        """Why nobody answers there, as NotReached says it; "" where somebody does."""
        ...

    def fetch(self, host: str, port: int, request: HttpRequest) -> HttpAnswer:
        """Carry out a request; NotReached where nobody answers."""
        ...

    def filter_tables(self, family: str) -> list[Table] | None:
        """The packet filter's tables for "IPv4" or "IPv6"; None where the program may not look at them."""
        ...


def text_answer(text: str, status: int = 200) -> HttpAnswer:
    """An answer of plain text."""
    return HttpAnswer(status, (("Content-Type", "text/plain; charset=utf-8"),), text.encode("utf-8", "replace"))


class Connection:
    """The server's side of an HTTP/1.1 connection: `feed` it what the client sends, send what it returns."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._buffer = b""
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """What goes back to the client; `closed` is set once the connection is over."""
        self._buffer += data
        sent = b""
        while not self.closed:
            try:
                request = self._next()
            except ValueError:
                self.closed = True
                return sent + _written(text_answer("400 Bad Request", 400), close=True, head=False)
            if request is None:
                break
            self.closed = _closes(request)
            sent += _written(self._answering(request), self.closed, request.method == "HEAD")
        return sent

    def _next(self) -> HttpRequest | None:
        """Take a whole request from the buffer; None where it has not come yet."""
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            if len(self._buffer) > _LONGEST_HEAD or not _may_be_http(self._buffer):
                raise ValueError("no request")
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = first.split(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(version)
        headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
        values = {name.lower(): value for name, value in headers}
        if "chunked" in values.get("transfer-encoding", "").lower():
            body, size = _chunks(rest)
        else:
            size = int(values.get("content-length") or 0)
            body = rest[:size] if 0 <= size <= len(rest) else None
            if not 0 <= size <= _LONGEST_BODY:
                raise ValueError("length")
        if body is None:
            return None
        self._buffer = rest[size:]
        return HttpRequest(method, path, (*headers, ("x-http-version", version)), body)


def _may_be_http(data: bytes) -> bool:
    """Whether bytes can be the beginning of a request line."""
    first = data.split(b"\r\n", 1)[0].split(b" ", 1)[0]
    return len(first) <= 20 and all(65 <= byte <= 90 for byte in first)


def _chunks(data: bytes) -> tuple[bytes | None, int]:
    """The body of a chunked request and how many bytes it took; None where it has not ended."""
    body, at = b"", 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None, 0
        size = int(data[at:end].split(b";")[0], 16)
        if not 0 <= size <= _LONGEST_BODY - len(body):
            raise ValueError("chunk")
        if len(data) < end + 2 + size + 2:
            return None, 0
        body += data[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
        if size == 0:
            return body, at


def _closes(request: HttpRequest) -> bool:
    values = {name.lower(): value.lower() for name, value in request.headers}
    if values["x-http-version"] == "HTTP/1.0".lower():
        return values.get("connection") != "keep-alive"
    return values.get("connection") == "close"


def _written(answer: HttpAnswer, close: bool, head: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines.append(f"Content-Length: {len(answer.body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (b"" if head else answer.body)
