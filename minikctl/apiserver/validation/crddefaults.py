"""Whether the defaults in a CRD's schema satisfy the schema themselves.

Counterpart: apiextensions-apiserver's `pkg/apiserver/schema/defaulting/validation.go`; the texts are
those of kube-openapi's validators.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, goregexp
from minikctl.apimachinery.field import FieldError, go_json

Node = dict[str, Any]

_NOTHING: Any = object()


def validate_defaults(node: Node, path: str) -> list[FieldError]:
    """Problems of all defaults from this node down."""
    errors: list[FieldError] = []
    default = node.get("default")
    if default is not None:
        at = f"{path}.default"
        if _pruned(default, node) != default:
            errors.append(field.invalid(at, default, "must not have unknown fields"))
        errors += _check(default, node, at, "")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            errors += validate_defaults(node[key], f"{path}.{key}")
    for name, child in (node.get("properties") or {}).items():
        errors += validate_defaults(child or {}, f"{path}.properties[{name}]")
    return errors


def _pruned(value: Any, node: Node) -> Any:
    """The value without the fields its schema does not know."""
    if node.get("x-kubernetes-preserve-unknown-fields"):
        return value
    if isinstance(value, dict):
        properties, additional = node.get("properties") or {}, node.get("additionalProperties")
        if isinstance(additional, dict):
            return {key: _pruned(item, additional) for key, item in value.items()}
        if additional is True:
            return value
        return {key: _pruned(item, properties[key] or {}) for key, item in value.items() if key in properties}
    if isinstance(value, list) and isinstance(node.get("items"), dict):
        return [_pruned(item, node["items"]) for item in value]
    return value


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"


def _check(value: Any, node: Node, at: str, name: str) -> list[FieldError]:
    """`name` is the path inside the default, as the validator's texts give it."""
    where = f"{at}.{name}" if name else at
    if value is None and node.get("nullable"):
        return []
    actual, wanted = _type_of(value), node.get("type") or ""
    if node.get("x-kubernetes-int-or-string"):
        fits = actual in ("integer", "string")
    else:
        fits = not wanted or actual == wanted or (wanted == "number" and actual == "integer")
    if not fits:
        return [field.invalid(where, actual, f'{name} in body must be of type {wanted}: "{actual}"')]
    errors: list[FieldError] = []
    if node.get("enum") and value not in node["enum"]:
        shown = [item if isinstance(item, str) else go_json(item) for item in node["enum"]]
        errors.append(field.not_supported(where, value, shown))
    if actual == "string":
        errors += _string(value, node, where, name)
    elif actual in ("integer", "number"):
        errors += _number(value, node, where, name)
    elif actual == "array":
        errors += _array(value, node, at, name)
    elif actual == "object":
        errors += _object(value, node, at, name)
    return errors


def _string(value: str, node: Node, where: str, name: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if node.get("maxLength") is not None and len(value) > node["maxLength"]:
        errors.append(field.too_long(where, node["maxLength"]))
    if node.get("minLength") is not None and len(value) < node["minLength"]:
        text = f"{name} in body should be at least {node['minLength']} chars long"
        errors.append(field.invalid(where, value, text))
    pattern = node.get("pattern")
    if pattern and not goregexp.matches(pattern, value):
        errors.append(field.invalid(where, value, f"{name} in body should match '{pattern}'"))
    return errors


def _number(value: float, node: Node, where: str, name: str) -> list[FieldError]:
    errors: list[FieldError] = []
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and (value < low or (node.get("exclusiveMinimum") and value == low)):
        relation = "greater than" if node.get("exclusiveMinimum") else "greater than or equal to"
        errors.append(field.invalid(where, value, f"{name} in body should be {relation} {go_json(low)}"))
    if high is not None and (value > high or (node.get("exclusiveMaximum") and value == high)):
        relation = "less than" if node.get("exclusiveMaximum") else "less than or equal to"
        errors.append(field.invalid(where, value, f"{name} in body should be {relation} {go_json(high)}"))
    multiple = node.get("multipleOf")
    if multiple and value % multiple:
        text = f"{name} in body should be a multiple of {go_json(multiple)}"
        errors.append(field.invalid(where, value, text))
    return errors


def _array(value: list[Any], node: Node, at: str, name: str) -> list[FieldError]:
    where = f"{at}.{name}" if name else at
    errors: list[FieldError] = []
    if node.get("minItems") is not None and len(value) < node["minItems"]:
        text = f"{name} in body should have at least {node['minItems']} items"
        errors.append(field.invalid(where, len(value), text))
    if node.get("maxItems") is not None and len(value) > node["maxItems"]:
        errors.append(field.too_many(where, len(value), node["maxItems"]))
    if isinstance(node.get("items"), dict):
        for index, item in enumerate(value):
            errors += _check(item, node["items"], at, f"{name}[{index}]")
    return errors


def _object(value: dict[str, Any], node: Node, at: str, name: str) -> list[FieldError]:
    errors: list[FieldError] = []
    prefix = f"{name}." if name else ""
    properties, additional = node.get("properties") or {}, node.get("additionalProperties")
    for key in node.get("required") or ():
        if key not in value and (properties.get(key) or {}).get("default", _NOTHING) is _NOTHING:
            errors.append(field.required(f"{at}.{prefix}{key}"))
    for key, item in value.items():
        child = properties.get(key, additional)
        if isinstance(child, dict):
            errors += _check(item, child, at, f"{prefix}{key}")
    return errors
