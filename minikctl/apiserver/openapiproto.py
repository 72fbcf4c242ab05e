"""The Swagger document of /openapi/v2 in protobuf, the only form in which kubectl asks for it.

Counterpart: the `Document` message of gnostic's OpenAPIv2.proto, whose field numbers these are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"  # as it is asked for
CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"  # as it is answered: no @ in a type

_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}
_TEXTS = {"$ref": 1, "format": 2, "description": 4}


def encode(swagger: Document) -> bytes:
    """A Swagger document, as `openapidocs.swagger` makes it, as a Document message."""
    info = _text(1, swagger["info"]["title"]) + _text(2, swagger["info"]["version"])
    paths = b"".join(_bytes(2, _named(path, _path(item))) for path, item in swagger["paths"].items())
    schemas = b"".join(_bytes(1, _named(name, _schema(schema))) for name, schema in swagger["definitions"].items())
    return _text(1, swagger["swagger"]) + _bytes(2, info) + _bytes(8, paths) + _bytes(9, schemas)


def _path(item: Document) -> bytes:
    return b"".join(_bytes(_METHODS[method], _operation(operation)) for method, operation in item.items())


def _operation(operation: Document) -> bytes:
    # Each parameter is one of the query: ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema.
    parameters = b"".join(
        _bytes(8, _bytes(1, _bytes(2, _bytes(3, _query(parameter))))) for parameter in operation["parameters"]
    )
    answers = b"".join(
        _bytes(1, _named(code, _bytes(1, _text(1, answer["description"]))))
        for code, answer in operation["responses"].items()
    )
    return parameters + _bytes(9, answers) + _extensions(13, operation)


def _query(parameter: Document) -> bytes:
    return (
        _text(2, parameter["in"])
        + _text(4, parameter["name"])
        + _text(6, parameter["type"])
        + _flag(20, parameter["uniqueItems"])
    )


def _schema(schema: Document) -> bytes:
    parts = [_text(number, schema[key]) for key, number in _TEXTS.items() if key in schema]
    if "default" in schema:
        parts.append(_bytes(5, _any(schema["default"])))
    parts += [_text(19, name) for name in schema.get("required", ())]
    parts += [_bytes(20, _any(value)) for value in schema.get("enum", ())]
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        parts.append(_bytes(21, _bytes(1, _schema(more))))
    elif more is not None:
        parts.append(_bytes(21, _flag(2, more)))
    if "type" in schema:
        parts.append(_bytes(22, _text(1, schema["type"])))
    if isinstance(schema.get("items"), dict):
        parts.append(_bytes(23, _bytes(1, _schema(schema["items"]))))
    fields = schema.get("properties")
    if fields:
        parts.append(_bytes(25, b"".join(_bytes(1, _named(name, _schema(field))) for name, field in fields.items())))
    return b"".join(parts) + _extensions(31, schema)


def _extensions(number: int, holder: Document) -> bytes:
    found: Iterable[tuple[str, Any]] = ((key, value) for key, value in holder.items() if key.startswith("x-"))
    return b"".join(_bytes(number, _named(key, _any(value))) for key, value in found)


def _named(name: str, value: bytes) -> bytes:
    return _text(1, name) + _bytes(2, value)


def _any(value: Any) -> bytes:
    """A value as its YAML, which JSON is too."""
    return _text(2, json.dumps(value, separators=(",", ":")) + "\n")


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode("utf-8", "replace"))


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3) + _varint(int(value))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
