"""Whether a webhook's response has the types it must have, in Go's words for `admission/v1`'s AdmissionResponse."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikctl.apimachinery.decodeproblems import illegal_base64
from minikctl.apimachinery.jsonsyntax import json_type


class _Shape(NamedTuple):
    """A type: its JSON one, its name in Go, the shapes of an object's fields, that of a list's or map's elements."""

    json: str
    go: str
    fields: dict[str, _Shape] = {}
    elements: _Shape | None = None


_TEXT = _Shape("string", "string")
_NUMBER = _Shape("number", "int32")
_BYTES = _Shape("string", "[]uint8")
_CAUSE = _Shape(
    "object", "v1.StatusCause", {"reason": _Shape("string", "v1.CauseType"), "message": _TEXT, "field": _TEXT}
)
_DETAILS = _Shape(
    "object",
    "v1.StatusDetails",
    {
        **dict.fromkeys(("name", "group", "kind"), _TEXT),
        "uid": _Shape("string", "types.UID"),
        "causes": _Shape("array", "[]v1.StatusCause", elements=_CAUSE),
        "retryAfterSeconds": _NUMBER,
    },
)
_STATUS = _Shape(
    "object",
    "v1.Status",
    {"message": _TEXT, "reason": _Shape("string", "v1.StatusReason"), "details": _DETAILS, "code": _NUMBER},
)
_RESPONSE = _Shape(
    "object",
    "v1.AdmissionResponse",
    {
        "uid": _Shape("string", "types.UID"),
        "allowed": _Shape("bool", "bool"),
        "status": _STATUS,
        "patch": _BYTES,
        "patchType": _Shape("string", "v1.PatchType"),
        "auditAnnotations": _Shape("object", "map[string]string", elements=_TEXT),
        "warnings": _Shape("array", "[]string", elements=_TEXT),
    },
)


def type_problem(response: Any) -> str:
    """The first value that is of another type than it must be; empty if all fit. A null is nothing."""
    return _problem(response, _RESPONSE, "AdmissionReview", "response")


def _problem(value: Any, shape: _Shape, struct: str, path: str) -> str:
    if value is None:
        return ""
    found = json_type(value)
    if found == shape.json == "number" and not (isinstance(value, int) and -(1 << 31) <= value < 1 << 31):
        found = f"number {value}"
    if found != shape.json:
        return f"json: cannot unmarshal {found} into Go struct field {struct}.{path} of type {shape.go}"
    if shape is _BYTES and (at := illegal_base64(value)) is not None:
        return f"illegal base64 data at input byte {at}"
    inner: list[tuple[Any, _Shape, str, str]] = []
    if shape.elements is not None:
        elements = value.values() if isinstance(value, dict) else value
        inner = [(element, shape.elements, struct, path) for element in elements]
    elif shape.fields:
        own = shape.go.rpartition(".")[2]
        inner = [(value[key], shape.fields[key], own, f"{path}.{key}") for key in value if key in shape.fields]
    return next((problem for part in inner if (problem := _problem(*part))), "")
