"""Kubernetes' protobuf encoding of objects, as far as reading it: what typed Go clients send as bodies.

schemas/protobuf.json says which number a field has, the schemas what it is. What a Go client would leave
out of JSON is left out here. Counterpart of apimachinery's `runtime/serializer/protobuf`.
"""

from __future__ import annotations

import base64
import json
import os.path
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from minikctl.apimachinery import openapi
from minikctl.apimachinery.clock import rfc3339, rfc3339_micro
from minikctl.apimachinery.openapi import Schema

MAGIC = b"k8s\x00"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 100
_OPTIONS = ("CreateOptions", "DeleteOptions", "PatchOptions", "UpdateOptions")


class ProtobufError(ValueError):
    """Bytes that are no object of a known kind."""


class Field(NamedTuple):
    """A field of a message: its JSON name, or for an embedded struct "" and that struct's name."""

    name: str
    embedded: str


def decode(data: bytes) -> dict[str, Any]:
    """The object in a protobuf body (`runtime.Unknown` with its prefix); ProtobufError where it is none."""
    if not data.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        return _unknown(data[len(MAGIC) :])
    except (IndexError, struct.error, UnicodeDecodeError):
        raise ProtobufError("unexpected EOF") from None


def _unknown(data: bytes) -> dict[str, Any]:
    envelope = {number: value for number, value in _entries(data) if isinstance(value, bytes)}
    kinds = {number: value for number, value in _entries(envelope.get(1, b"")) if isinstance(value, bytes)}
    version, kind = kinds.get(1, b"").decode(), kinds.get(2, b"").decode()
    schema = openapi.schema_for(version, kind)
    if schema is None and kind in _OPTIONS:
        schema = openapi.definition("meta", kind)
    if schema is None or _message(schema) is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{version}"')
    return {"kind": kind, "apiVersion": version, **_struct(envelope.get(2, b""), schema, _name(schema), 0)}


@cache
def _messages() -> dict[str, dict[str, str]]:
    with open(os.path.join(openapi.folder(), "protobuf.json"), "rb") as file:
        read: dict[str, dict[str, str]] = json.loads(file.read())
    return read


@cache
def _fields(package: str, name: str) -> dict[int, Field] | None:
    text = _messages().get(package, {}).get(name)
    if text is None:
        return None
    fields: dict[int, Field] = {}
    for part in text.split(" "):
        embedded, caret, number = part.partition("^")
        if caret:
            fields[int(number)] = Field("", embedded)
        else:
            shown, _, number = part.partition("=")
            fields[int(number)] = Field(shown, "")
    return fields


@cache
def field_names(package: str, name: str) -> tuple[str, ...] | None:
    """The JSON names of a message's fields in the order of the Go struct, None where it is not known."""
    fields = _fields(package, name)
    if fields is None:
        return None
    names: list[str] = []
    for field in fields.values():
        names += (field_names(package, field.embedded) or ()) if field.embedded else (field.name,)
    return tuple(names)


def _name(schema: Schema) -> tuple[str, str]:
    return schema.package, schema.name


def _message(schema: Schema) -> dict[int, Field] | None:
    return _fields(*_name(schema))


def _entries(data: bytes) -> Iterator[tuple[int, int | bytes | float]]:
    """The fields on the wire: (number, value)."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > end:
                raise IndexError(at)
            yield number, data[at : at + length]
            at += length
        elif wire == _FIXED64:
            yield number, struct.unpack_from("<d", data, at)[0]
            at += 8
        elif wire == _FIXED32:
            yield number, struct.unpack_from("<f", data, at)[0]
            at += 4
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ProtobufError("proto: integer overflow")


def _struct(data: bytes, schema: Schema, message: tuple[str, str], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise ProtobufError("proto: nested too deeply")
    fields = _fields(*message)
    if fields is None:
        raise ProtobufError(f'no message "{message[1]}" is known')
    found: dict[str, Any] = {}
    for number, value in _entries(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.embedded:
            found.update(_struct(_bytes(value), schema, (message[0], field.embedded), depth + 1))
            continue
        child = schema.prop(field.name)
        if child is None:
            continue
        _take(found, field.name, child, value, depth)
    return {name: value for name, value in found.items() if not _left_out(schema, name, value)}


def _take(found: dict[str, Any], name: str, schema: Schema, value: int | bytes | float, depth: int) -> None:
    """Add one occurrence of a field: lists and maps grow."""
    if schema.items is not None and schema.type == "array":
        found.setdefault(name, []).append(_value(value, schema.items, depth))
    elif schema.additional is not None:
        entry = dict(_entries(_bytes(value)))
        key = _bytes(entry.get(1, b"")).decode()
        found.setdefault(name, {})[key] = _value(entry.get(2, b""), schema.additional, depth)
    else:
        found[name] = _value(value, schema, depth)


def _left_out(schema: Schema, name: str, value: Any) -> bool:
    """Whether Go's JSON would not show a field: a zero that is neither a pointer's nor required."""
    if value is None:
        return True
    if isinstance(value, dict | list) or value:
        return False
    child = schema.prop(name)
    assert child is not None
    return not (child.pointer or name in schema.required or child.raw.get("x-go-always"))


def _value(value: int | bytes | float, schema: Schema, depth: int) -> Any:
    special = _SPECIAL.get(schema.name)
    if special is not None:
        return special(_bytes(value))
    if schema.format == "byte":
        return base64.b64encode(_bytes(value)).decode()
    if schema.type == "string":
        return _bytes(value).decode()
    if schema.type == "boolean":
        return bool(value)
    if schema.type == "integer":
        return _signed(value)
    if schema.type == "number":
        return value
    if schema.type == "array" and schema.items is not None:  # a list inside a map is a message with `items`
        return [_value(item, schema.items, depth) for number, item in _entries(_bytes(value)) if number == 1]
    return _struct(_bytes(value), schema, _name(schema), depth + 1)


def _bytes(value: int | bytes | float) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("proto: wrong wireType")
    return value


def _signed(value: int | bytes | float) -> int:
    if not isinstance(value, int):
        raise ProtobufError("proto: wrong wireType")
    return value - (1 << 64) if value >= 1 << 63 else value


# The messages that JSON writes in a form of their own.


def _quantity(data: bytes) -> Any:
    return _bytes(dict(_entries(data)).get(1, b"")).decode()


def _int_or_string(data: bytes) -> Any:
    found = dict(_entries(data))
    return _bytes(found.get(3, b"")).decode() if found.get(1) else _signed(found.get(2, 0))


def _instant(data: bytes) -> float | None:
    found = dict(_entries(data))
    if not found:
        return None
    return _signed(found.get(1, 0)) + _signed(found.get(2, 0)) / 1e9


def _time(data: bytes) -> Any:
    at = _instant(data)
    return None if at is None else rfc3339(at)


def _micro_time(data: bytes) -> Any:
    at = _instant(data)
    return None if at is None else rfc3339_micro(at)


def _raw(data: bytes) -> Any:
    raw = _bytes(dict(_entries(data)).get(1, b""))
    if not raw:
        return None
    if raw.startswith(MAGIC):
        return decode(raw)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ProtobufError("the raw extension is not JSON") from None


_SPECIAL = {
    "FieldsV1": _raw,
    "IntOrString": _int_or_string,
    "MicroTime": _micro_time,
    "Quantity": _quantity,
    "RawExtension": _raw,
    "Time": _time,
}
