"""Values as the template engine sees them: Go's types over JSON values.

A `Box` is a value held in an interface, as map and list elements are; INVALID is Go's zero reflect.Value, what a
missing key gives.
"""

from __future__ import annotations

from typing import Any


class GoInt(int):
    """An `int`: constants, lengths, indices. Numbers of objects are int64."""


class GoByte(int):
    """A `uint8`: a byte of a string."""


class Box:
    """An element of a map or list: its static type is `interface {}`."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Invalid:
    """No value at all."""


INVALID = Invalid()


def unbox(value: Any) -> Any:
    """The value inside an interface; INVALID for a nil one."""
    if isinstance(value, Box):
        value = value.value
    return INVALID if value is None else value


def type_name(value: Any) -> str:
    """The Go type of a value."""
    if isinstance(value, Box):
        return "interface {}"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if isinstance(value, GoInt) else "uint8" if isinstance(value, GoByte) else "int64"
    if isinstance(value, str):
        return "string"
    if isinstance(value, float):
        return "float64"
    return "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"


def truth(value: Any) -> bool:
    """Whether a value counts as true: not zero, not empty, there at all."""
    value = unbox(value)
    return False if value is INVALID else bool(value)


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """Bytes as text; what is not UTF-8 is kept so that it can be written out again."""
    return data.decode("utf-8", "surrogateescape")
