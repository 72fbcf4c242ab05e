"""Request bodies: read with a limit, decoded from JSON, YAML or protobuf.

Counterparts: apiserver's `limitedReadBody` and the serializers of apimachinery.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from minikctl.apimachinery import decodeproblems, errors
from minikctl.apimachinery.jsonsyntax import TYPE_META, json_problem, json_type
from minikctl.apimachinery.request import BODY_LIMIT, JSON_PATCH
from minikctl.apiserver.http.negotiation import JSON, PROTOBUF, YAML

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_SECONDS = 30.0  # how long a client may take over the next piece
_SHOWN = 30
_YAML_PATCH = "application/apply-patch+yaml"


class Disconnected(Exception):
    """The client went away before its request was whole."""


async def read(receive: Receive, declared: str = "") -> bytes:
    """The whole body; RequestEntityTooLarge where it is longer than 3 MiB."""
    if declared.isdigit() and len(declared) < 20 and int(declared) > BODY_LIMIT:
        raise errors.too_large(BODY_LIMIT)
    parts: list[bytes] = []
    size = 0
    message = await receive()
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise errors.too_large(BODY_LIMIT)
        if chunk:
            parts.append(chunk)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            message = await asyncio.wait_for(receive(), _SECONDS)
        except asyncio.TimeoutError:
            raise errors.StatusError("Timeout", "request did not complete within the allowed timeout") from None


def decode(data: bytes, content_type: str, kind: str = "", repeated: list[str] | None = None) -> Any:
    """The document in a body of one of these content types; UnsupportedMediaType for others.

    `repeated` takes what strict decoding says of equal keys in JSON.
    """
    media_type = content_type.split(";", 1)[0].strip().lower() or JSON
    if media_type == JSON or media_type.endswith("+json"):
        return from_json(data, kind, repeated)
    if media_type in (YAML, _YAML_PATCH):
        return from_yaml(data, kind)
    if media_type == PROTOBUF:
        return from_protobuf(data, kind)
    raise errors.StatusError(
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {JSON}, {YAML}, {PROTOBUF}",
    )


def from_json(data: bytes, kind: str = "", repeated: list[str] | None = None) -> Any:
    """A JSON document; BadRequest where it is none."""
    text = data.decode("utf-8", "replace")
    try:
        found = json.loads(text) if repeated is None else _strictly(text, repeated)
    except (ValueError, RecursionError):
        raise _unreadable(kind, "json parse error: " + _problem(text), data) from None
    if kind:
        found = _of_a_kind(found, kind, data)
    return _without_surrogates(found) if "\\ud" in text or "\\uD" in text else found


def _of_a_kind(found: Any, kind: str, data: bytes) -> Any:
    """A document that is to be an object of some kind; BadRequest where it cannot say which it is of."""
    problem = ""
    if found is None:
        return {}
    if not isinstance(found, dict):
        problem = f"json: cannot unmarshal {json_type(found)} into Go value of type {TYPE_META}"
    else:
        for name in ("apiVersion", "kind"):
            if not isinstance(found.get(name, ""), (str, type(None))):
                what = json_type(found[name])
                problem = f"json: cannot unmarshal {what} into Go struct field .{name} of type string"
    if problem:
        raise _unreadable(kind, "json parse error: " + problem, data)
    return found


def _strictly(text: str, repeated: list[str]) -> Any:
    found, said = decodeproblems.loads(text)
    if not said:
        return found
    repeated += said
    return json.loads(text)  # without the traces of what was found


def repeated_of_patch(data: bytes, patch_type: str) -> list[str]:
    """What strict decoding says of equal keys in a patch that can be read."""
    try:
        said = decodeproblems.loads(data.decode("utf-8", "replace"))[1]
    except (ValueError, RecursionError):
        return []
    return [f"json patch {text}" for text in said] if patch_type == JSON_PATCH else said


def delete_options(body: Any) -> dict[str, Any]:
    """What a body of DeleteOptions asks for, under the names of the query parameters."""
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type DeleteOptions)")
    names = ("gracePeriodSeconds", "propagationPolicy", "orphanDependents", "preconditions", "dryRun")
    return {name: body[name] for name in names if body.get(name) is not None}


def _problem(text: str) -> str:
    """What Go's decoder finds wrong with a text that Python's refuses."""
    try:
        return json_problem(text) or "invalid JSON"
    except RecursionError:
        return "exceeded max depth"


def _without_surrogates(value: Any) -> Any:
    """The document with halves of surrogate pairs replaced, which UTF-8 cannot write; Go's decoder does the same."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def from_yaml(data: bytes, kind: str = "") -> Any:
    """A YAML document (JSON is YAML); BadRequest where it is none."""
    if data.lstrip()[:1] in (b"{", b"["):
        with contextlib.suppress(errors.StatusError):
            return from_json(data)
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(data, loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(kind, "yaml: " + str(error).replace("\n", " "), data) from None


def from_protobuf(data: bytes, kind: str = "") -> Any:
    """An object in Kubernetes' protobuf envelope; BadRequest where it is none."""
    from minikctl.apimachinery import protobuf

    try:
        return protobuf.decode(data)
    except protobuf.ProtobufError as error:
        raise _unreadable(kind, str(error), data) from None


def _unreadable(kind: str, why: str, data: bytes) -> errors.StatusError:
    wanted = f" (must be of type {kind})" if kind else ""
    text = f"the object provided is unrecognized{wanted}: couldn't get version/kind; {why} ({_summary(data)})"
    return errors.bad_request(text)


def _summary(data: bytes) -> str:
    """The beginning of a body, as it stands where it looks like JSON, else in hexadecimal."""
    if not data:
        return "<empty>"
    shown = data[:_SHOWN]
    text = shown.decode("utf-8", "replace") if data[:1] == b"{" else shown.hex()
    return f"{text} ..." if len(data) > _SHOWN else text
