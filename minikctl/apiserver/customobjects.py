"""What custom resources must be like beside their schema: embedded objects and the numbers behind /scale.

Called by the strategy of custom kinds. Counterparts: apiextensions-apiserver's `schema/objectmeta` and the validator
of its `registry/customresource`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import metadata
from minikctl.apiserver.validation.names import is_dns1035_label, is_path_segment

_MAX_INT32 = 2**31 - 1
_GO_TYPES = {str: "string", bool: "bool", float: "float64", dict: "map[string]interface {}", list: "[]interface {}"}


def embedded_problems(value: Any, raw: Obj, path: str = "") -> Iterator[FieldError]:
    """What is wrong with the objects that stand where the schema says x-kubernetes-embedded-resource."""
    if isinstance(value, dict):
        if raw.get("x-kubernetes-embedded-resource") and path:
            yield from _embedded(value, path)
        properties, additional = raw.get("properties") or {}, raw.get("additionalProperties")
        for name in sorted(value):
            child = properties.get(name, additional)
            if isinstance(child, dict):
                inner = f"{path}.{name}" if path else name
                yield from embedded_problems(value[name], child, inner if name in properties else f"{path}[{name}]")
    elif isinstance(value, list) and isinstance(raw.get("items"), dict):
        for index, item in enumerate(value):
            yield from embedded_problems(item, raw["items"], f"{path}[{index}]")


def _embedded(obj: Obj, path: str) -> list[FieldError]:
    errors = [field.required(f"{path}.{name}") for name in ("apiVersion", "kind") if name not in obj]
    for name in ("apiVersion", "kind"):
        value, at = obj.get(name), f"{path}.{name}"
        if name not in obj:
            continue
        if not isinstance(value, str):
            errors.append(field.invalid(at, value, "must be a string"))
        elif not value:
            errors.append(field.invalid(at, value, "must not be empty"))
        elif name == "apiVersion" and value.count("/") > 1:
            errors.append(field.invalid(at, value, f"unexpected GroupVersion string: {value}"))
        elif name == "kind" and (problems := is_dns1035_label(value.lower())):
            text = "may have mixed case, but should otherwise match: " + ",".join(problems)
            errors.append(field.invalid(at, value, text))
    meta = obj.get("metadata")
    if isinstance(meta, dict):
        # A name may be missing here.
        named = {**meta, "name": meta.get("name") or "fakename"}
        at = f"{path}.metadata"
        errors += metadata.validate_object_meta(named, bool(meta.get("namespace")), _path_segment, at)
    return errors


def _path_segment(name: str, prefix: bool) -> list[str]:
    return is_path_segment(name)


def scale_problems(obj: Obj, scale: Obj, status_only: bool = False) -> list[FieldError]:
    """What keeps the numbers that /scale shows from being numbers of replicas."""
    errors: list[FieldError] = []
    for key in ("statusReplicasPath",) if status_only else ("specReplicasPath", "statusReplicasPath"):
        errors += _replicas(obj, scale.get(key) or "")
    path = scale.get("labelSelectorPath") or ""
    value, problem = _nested(obj, path) if path else (None, "")
    if not problem and value is not None and not isinstance(value, str):
        problem = _wrong_type(path, value, "string")
    if problem:
        errors.append(field.invalid(path, "", problem))
    return errors


def _replicas(obj: Obj, path: str) -> list[FieldError]:
    value, problem = _nested(obj, path)
    if not problem and value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        problem = _wrong_type(path, value, "int64")
    if problem:
        return [field.invalid(path, 0, problem)]
    if value is not None and value < 0:
        return [field.invalid(path, value, "should be a non-negative integer")]
    if value is not None and value > _MAX_INT32:
        return [field.invalid(path, value, f"should be less than or equal to {_MAX_INT32}")]
    return []


def _nested(obj: Obj, path: str) -> tuple[Any, str]:
    """The value at a dotted path (None for none), or why it cannot be had."""
    value: Any = obj
    steps = path.removeprefix(".").split(".")
    for index, step in enumerate(steps):
        if not isinstance(value, dict):
            return None, _wrong_type("." + ".".join(steps[:index]), value, "map[string]interface{}")
        if step not in value:
            return None, ""
        value = value[step]
    return value, ""


def _wrong_type(path: str, value: Any, wanted: str) -> str:
    kind = "<nil>" if value is None else _GO_TYPES.get(type(value), "int64")
    shown = "<nil>" if value is None else str(value).lower() if isinstance(value, bool) else value
    return f"{path} accessor error: {shown} is of the type {kind}, expected {wanted}"
