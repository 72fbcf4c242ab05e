"""Validation of a schema node's Kubernetes extensions: list and map types, and the form of CEL rules."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.crdpaths import resolve

_REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]
_LIST = "x-kubernetes-list-type"
_KEYS = "x-kubernetes-list-map-keys"
_MAP = "x-kubernetes-map-type"


def validate_list_and_map(node: dict[str, Any], path: str) -> list[FieldError]:
    """x-kubernetes-list-type, its map keys, and x-kubernetes-map-type."""
    map_type, list_type, kind = node.get(_MAP), node.get(_LIST), node.get("type") or ""
    errors: list[FieldError] = []
    if map_type is not None and kind != "object":
        errors.append(_wrong_type(kind, path, f"must be object if {_MAP} is specified"))
    if map_type is not None and map_type not in ("atomic", "granular"):
        errors.append(field.not_supported(f"{path}.{_MAP}", map_type, ["atomic", "granular"]))
    if list_type is not None and kind != "array":
        errors.append(_wrong_type(kind, path, f"must be array if {_LIST} is specified"))
    elif list_type == "set":
        errors += _set_items(node.get("items"), path)
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        errors.append(field.not_supported(f"{path}.{_LIST}", list_type, ["atomic", "set", "map"]))
    keys = node.get(_KEYS) or []
    if keys and list_type != "map":
        text = f"must be map if {_KEYS} is non-empty"
        at = f"{path}.{_LIST}"
        errors.append(field.required(at, text) if list_type is None else field.invalid(at, list_type, text))
    if list_type == "map":
        errors += _map_keys(node.get("items"), keys, path)
    return errors + _keyed_items(node, list_type, keys, path)


def _wrong_type(kind: str, path: str, text: str) -> FieldError:
    return field.invalid(f"{path}.type", kind, text) if kind else field.required(f"{path}.type", text)


def _set_items(items: Any, path: str) -> list[FieldError]:
    if not isinstance(items, dict):
        return []
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get(_LIST, "atomic") != "atomic":
        return [field.invalid(f"{path}.items.{_LIST}", items[_LIST], text)]
    if items.get("type") == "object" and items.get(_MAP) != "atomic":
        return [field.invalid(f"{path}.items.{_MAP}", items.get(_LIST), text)]
    return []


def _map_keys(items: Any, keys: list[str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not keys:
        errors.append(field.required(f"{path}.{_KEYS}", f"must not be empty if {_LIST} is map"))
    if items is None:
        return [*errors, field.required(f"{path}.items", f"must have a schema if {_LIST} is map")]
    if not isinstance(items, dict):
        return [*errors, field.invalid(f"{path}.items", items, f"must only have a single schema if {_LIST} is map")]
    kind = items.get("type") or ""
    if kind != "object":
        text = f"must be object if parent array's {_LIST} is map"
        return [*errors, field.invalid(f"{path}.items.type", kind, text)]
    properties = items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in properties:
            errors.append(field.invalid(f"{path}.{_KEYS}", keys, "entries must all be names of item properties"))
        elif (properties[key] or {}).get("type") in ("array", "object"):
            text = f"must be a scalar type if parent array's {_LIST} is map"
            errors.append(field.invalid(f"{path}.items.properties[{key}].type", kind, text))
        if key in keys[:index]:
            errors.append(field.invalid(f"{path}.{_KEYS}", keys, "must not contain duplicate entries"))
    return errors


def _keyed_items(node: dict[str, Any], list_type: Any, keys: list[str], path: str) -> list[FieldError]:
    """Items of sets and maps are told apart by value, so neither they nor their keys may be null."""
    items = node.get("items")
    if not isinstance(items, dict) or list_type not in ("set", "map"):
        return []
    errors: list[FieldError] = []
    if items.get("nullable"):
        errors.append(field.forbidden(f"{path}.items.nullable", f"cannot be nullable when {_LIST} is {list_type}"))
    if list_type == "set":
        return errors
    for key in keys:
        child = (items.get("properties") or {}).get(key)
        if child is None:
            continue
        at = f"{path}.items.properties[{key}]"
        if key not in (items.get("required") or ()) and child.get("default") is None:
            text = f"this property is in {_KEYS}, so it must have a default or be a required property"
            errors.append(field.required(f"{at}.default", text))
        if child.get("nullable"):
            text = f"this property is in {_KEYS}, so it cannot be nullable"
            errors.append(field.forbidden(f"{at}.nullable", text))
    return errors


def validate_rules(node: dict[str, Any], path: str) -> list[FieldError]:
    """The form of x-kubernetes-validations; their expressions are compiled later."""
    errors: list[FieldError] = []
    for index, rule in enumerate(node.get("x-kubernetes-validations") or ()):
        errors += _rule(rule or {}, f"{path}.x-kubernetes-validations[{index}]", node)
    return errors


def _broken(text: str) -> bool:
    return "\n" in text or "\r" in text


def _rule(rule: dict[str, Any], path: str, node: dict[str, Any]) -> list[FieldError]:
    expression, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    errors: list[FieldError] = []
    if not expression:
        errors.append(field.required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        errors.append(field.invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif _broken(message.strip()):
        errors.append(field.invalid(f"{path}.message", message, "must not contain line breaks"))
    elif _broken(expression) and not message:
        errors.append(field.required(f"{path}.message", "message must be specified if rule contains line breaks"))
    if rule.get("messageExpression") and not rule["messageExpression"].strip():
        text = "messageExpression must be non-empty if specified"
        errors.append(field.required(f"{path}.messageExpression", text))
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        errors.append(field.not_supported(f"{path}.reason", reason, _REASONS))
    at, where = f"{path}.fieldPath", rule.get("fieldPath") or ""
    if where and not where.strip():
        errors.append(field.invalid(at, where, "must be non-empty if specified"))
    if _broken(where):
        errors.append(field.invalid(at, where, "must not contain line breaks"))
    if where and resolve(where, node).problem:
        errors.append(field.invalid(at, where, "must be a valid path"))
    return errors
