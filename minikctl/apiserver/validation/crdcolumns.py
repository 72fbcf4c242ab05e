"""Validation of what a CRD says besides its schema: subresources, printer columns, selectable fields."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.crdpaths import resolve

_TYPES = ["boolean", "date", "integer", "number", "string"]
_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]
_MAX_SELECTABLE = 8


def _simple_path(path: str, at: str) -> list[FieldError]:
    if not path.startswith("."):
        return [field.invalid(at, path, "must be a simple json path starting with .")]
    return []


def validate_subresources(subresources: dict[str, Any] | None, path: str) -> list[FieldError]:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    errors: list[FieldError] = []
    for key, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        value, at = scale.get(key) or "", f"{path}.scale.{key}"
        if not value:
            errors.append(field.required(at))
            continue
        problems = _simple_path(value, at)
        if not problems and not value.startswith(root):
            problems = [field.invalid(at, value, f"should be a json path under {root[:-1]}")]
        errors += problems
    value, at = scale.get("labelSelectorPath") or "", f"{path}.scale.labelSelectorPath"
    if value:
        problems = _simple_path(value, at)
        if not problems and not value.startswith((".spec.", ".status.")):
            problems = [field.invalid(at, value, "should be a json path under either .spec or .status")]
        errors += problems
    return errors


def validate_columns(columns: list[dict[str, Any]] | None, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, column in enumerate(columns or ()):
        at = f"{path}[{index}]"
        if not column.get("name"):
            errors.append(field.required(f"{at}.name"))
        kind, format_ = column.get("type") or "", column.get("format") or ""
        text = f"must be one of {','.join(_TYPES)}"
        if not kind:
            errors.append(field.required(f"{at}.type", text))
        elif kind not in _TYPES:
            errors.append(field.invalid(f"{at}.type", kind, text))
        if format_ and format_ not in _FORMATS:
            errors.append(field.invalid(f"{at}.format", format_, f"must be one of {','.join(_FORMATS)}"))
        json_path = column.get("jsonPath") or ""
        if not json_path:
            errors.append(field.required(f"{at}.JSONPath"))
        else:
            errors += _simple_path(json_path, f"{at}.JSONPath")
    return errors


def validate_selectable_fields(fields: list[dict[str, Any]], schema: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, ...]] = set()
    for index, item in enumerate(fields):
        at, json_path = f"{path}[{index}].jsonPath", item.get("jsonPath") or ""
        if not json_path:
            errors.append(field.required(at))
            continue
        found = resolve(json_path, schema, brackets=False)
        if found.problem:
            errors.append(field.invalid(at, json_path, f"is an invalid path: {found.problem}"))
            continue
        if found.names[0] == "metadata":
            errors.append(field.invalid(at, json_path, "must not point to fields in metadata"))
        if found.schema.get("type") not in ("string", "boolean", "integer"):
            text = (
                "must point to a field of type string, boolean or integer. Enum string fields and strings"
                " with formats are allowed."
            )
            errors.append(field.invalid(at, json_path, text))
        if found.names in seen:
            errors.append(field.duplicate(at, json_path))
        seen.add(found.names)
    if len(seen) > _MAX_SELECTABLE:
        errors.append(field.too_many(path, len(seen), _MAX_SELECTABLE))
    return errors
