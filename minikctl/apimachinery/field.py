"""Field errors: what validation returns, in the words of apimachinery's `util/validation/field`.

Paths are plain strings ("spec.containers[0].image"); validators build them with f-strings.
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


def _go_value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, detail=detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, value, detail)


def not_supported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """`supported` is listed in the given order, as upstream lists it (sorted where it comes from a set)."""
    quoted = ", ".join(json.dumps(text) for text in supported)
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
    return FieldError("FieldValueTooMany", field, actual, f"must have at most {limit} items")


def internal(field: str, detail: str) -> FieldError:
    return FieldError("InternalError", field, detail=detail)
