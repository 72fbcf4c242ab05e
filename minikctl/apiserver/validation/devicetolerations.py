"""Taints of devices and tolerations for them."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_valid_label_value
from minikctl.apiserver.validation.selectors import validate_label_name

_EFFECTS = ["NoExecute", "NoSchedule", "None"]


def validate_taint(taint: dict[str, Any], path: str) -> list[FieldError]:
    key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
    errors = validate_label_name(key, f"{path}.key")
    errors += [field.invalid(f"{path}.value", value, text) for text in is_valid_label_value(value)]
    if not effect:
        errors.append(field.required(f"{path}.effect"))
    elif effect not in _EFFECTS:
        errors.append(field.not_supported(f"{path}.effect", effect, _EFFECTS))
    return errors


def validate_toleration(toleration: dict[str, Any], path: str) -> list[FieldError]:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    value, effect = toleration.get("value") or "", toleration.get("effect") or ""
    errors = validate_label_name(key, f"{path}.key") if key else []
    if operator == "Exists":
        if value:
            text = "must be empty for operator `Exists`"
            errors.append(field.invalid(f"{path}.value", value, text))
    elif operator == "Equal":
        errors += [field.invalid(f"{path}.value", value, text) for text in is_valid_label_value(value)]
    elif not operator:
        errors.append(field.required(f"{path}.operator"))
    else:
        errors.append(field.not_supported(f"{path}.operator", operator, ["Equal", "Exists"]))
    if effect and effect not in _EFFECTS:
        errors.append(field.not_supported(f"{path}.effect", effect, _EFFECTS))
    return errors
