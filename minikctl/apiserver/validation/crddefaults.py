"""Whether the defaults in a CRD's schema satisfy the schema themselves.

Counterpart: apiextensions-apiserver's `pkg/apiserver/schema/defaulting/validation.go`. What is wrong with a
default is told as it would be told of an object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import field, openapi, structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver import customobjects, schemavalidation

Node = dict[str, Any]
# The object around a value that is part of its metadata or type.
Surround = Callable[[Any], Node]

_TYPE = {"apiVersion": "validation/v1", "kind": "Validation"}
_COMMON = ("apiVersion", "kind", "metadata")
_INVALID = ": Invalid value: "


def validate_defaults(node: Node, path: str, root: bool = True, around: Surround | None = None) -> list[FieldError]:
    """Problems of all defaults from this node down; those of maps' values are not looked at.

    `around` is there for nodes that are part of an object's metadata or type.
    """
    embedded = root or bool(node.get("x-kubernetes-embedded-resource"))
    around = None if embedded else around
    errors: list[FieldError] = []
    if node.get("default") is not None:
        at = f"{path}.default"
        errors += _default(node, at) if around is None else _common(node, at, around)
    if isinstance(node.get("items"), dict):
        inner = around and (lambda value: around([value]))
        errors += validate_defaults(node["items"], f"{path}.items", False, inner)
    for name, child in (node.get("properties") or {}).items():
        inside = _surround(name, around if not embedded or name not in _COMMON else lambda value: {**_TYPE, **value})
        errors += validate_defaults(child or {}, f"{path}.properties[{name}]", False, inside)
    return errors


def _surround(name: str, around: Surround | None) -> Surround | None:
    return around and (lambda value: around({name: value}))


def _default(node: Node, at: str) -> list[FieldError]:
    value = node["default"]
    held = {"value": deep_copy(value)}
    decoded = structural.decode(held, openapi.Schema({"type": "object", "properties": {"value": node}}))
    if decoded.fatal:
        where, _, why = decoded.fatal.partition(_INVALID)
        return [FieldError("FieldValueInvalid", at + where.removeprefix("value"), detail=why)]
    errors = [field.invalid(at, value, "must not have unknown fields")] if decoded.strict else []
    return errors + (list(customobjects.embedded_problems(value, node, at)) or _schema_problems(node, at))


def _common(node: Node, at: str, around: Surround) -> list[FieldError]:
    """Problems of a default within metadata: the whole object must be a good one with it."""
    value = node["default"]
    obj = around(deep_copy(value))
    decoded = structural.decode({"value": obj}, openapi.Schema({"type": "object", "properties": {"value": _OBJECT}}))
    why = decoded.fatal.removeprefix("value.")
    if not why:
        found = [str(problem) for problem in customobjects.embedded_problems({"value": obj}, _HOLDER)]
        why = ", ".join(text.removeprefix("value.") for text in found)
        why = f"[{why}]" if len(found) > 1 else why
    if why:
        return [field.invalid(at, value, f"must result in valid metadata: {why}")]
    return _schema_problems(node, at)


_OBJECT = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
_HOLDER = {"type": "object", "properties": {"value": _OBJECT}}


def _schema_problems(node: Node, at: str) -> list[FieldError]:
    value = node["default"]
    errors = schemavalidation.under(at, schemavalidation.validate(value, node))
    if errors or not schemavalidation.has_rules(node):
        return errors
    from minikctl.apiserver import schemarules

    errors = [error for error in schemarules.check_default(value, node) if error.reason != "InternalError"]
    for error in errors:
        path = "" if error.field == "<nil>" else error.field
        error.field = at + (f".{path}" if path and not path.startswith("[") else path)
    return errors
