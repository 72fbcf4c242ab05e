"""Field errors: what validation returns, in the words of apimachinery's `util/validation/field`.

Paths are plain strings ("spec.containers[0].image"); validators build them with f-strings. A bad
value is printed as Go prints it: strings quoted, numbers plain, anything else as compact JSON whose
maps are sorted and whose structs (`Struct`) keep the order of their Go declaration.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_OMIT = object()

_TYPES = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueNotFound": "Not found",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}


class FieldError:
    """One refused field: `reason` (a cause type), `field` path, the bad value, and detail text."""

    __slots__ = ("bad_value", "detail", "field", "reason")

    def __init__(self, reason: str, field: str, bad_value: Any = _OMIT, detail: str = "") -> None:
        self.reason = reason
        self.field = field
        self.bad_value = bad_value
        self.detail = detail

    def body(self) -> str:
        """The message without the path: `Invalid value: "x": detail`."""
        text = _TYPES[self.reason]
        if self.bad_value is not _OMIT:
            text = f"{text}: {_go_value(self.bad_value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"

    def __repr__(self) -> str:
        return f"FieldError({str(self)!r})"


class Struct(dict[str, Any]):
    """A bad value that is a Go struct: printed in the order of its fields, not sorted."""

    __slots__ = ()


_GO_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def quote(text: str) -> str:
    """The text as Go's strconv.Quote (`%q`) writes it."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quote_char(char) for char in text) + '"'


def _quote_char(char: str) -> str:
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_json(value: Any) -> str:
    """The value as Go's json.Marshal writes it: compact, maps sorted, HTML characters escaped."""
    if isinstance(value, Struct):
        return "{" + ",".join(f"{_json_text(k)}:{go_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json_text(str(k))}:{go_json(value[k])}" for k in sorted(value, key=str)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([go_json(item) for item in value]) + "]"
    if isinstance(value, str):
        return _json_text(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _json_text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        if char in quoted:
            quoted = quoted.replace(char, f"\\u{ord(char):04x}")
    return quoted


def _go_value(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    return go_json(value)


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, detail=detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, value, detail)


def not_supported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """`supported` is listed in the given order, as upstream lists it (sorted where it comes from a set)."""
    quoted = ", ".join([quote(text) for text in supported])
    return FieldError("FieldValueNotSupported", field, value, f"supported values: {quoted}" if supported else "")


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", field, value)


def not_found(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", field, value)


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, detail=detail)


def too_long(field: str, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", field, detail=f"may not be more than {limit} bytes")


def too_many(field: str, actual: int, limit: int) -> FieldError:
    items = "item" if limit == 1 else "items"
    return FieldError("FieldValueTooMany", field, actual, f"must have at most {limit} {items}")


def internal(field: str, detail: str) -> FieldError:
    return FieldError("InternalError", field, detail=detail)
