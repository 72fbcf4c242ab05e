"""Validation of status conditions of the common type (metav1.Condition).

Counterpart: ValidateConditions in apimachinery's `apis/meta/v1/validation`.
"""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_qualified_name, regex_error

_STATUSES = ["False", "True", "Unknown"]
_REASON_LIMIT = 1024
_MESSAGE_LIMIT = 32 * 1024
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_HELP = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric"
    " characters or '_,:', and must end with an alphanumeric character or '_'"
)
_REASON_EXAMPLES = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")


def validate_conditions(conditions: list[dict[str, Any]] | None, path: str) -> list[FieldError]:
    """Every condition well-formed, each type once."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions or ()):
        kind = condition.get("type") or ""
        if kind in seen:
            errors.append(field.duplicate(f"{path}[{index}].type", kind))
        seen.add(kind)
        errors += _condition(condition, f"{path}[{index}]")
    return errors


def _condition(condition: dict[str, Any], path: str) -> list[FieldError]:
    kind, status = condition.get("type") or "", condition.get("status") or ""
    errors = [field.invalid(f"{path}.type", kind, text) for text in is_qualified_name(kind)]
    if status not in _STATUSES:
        errors.append(field.not_supported(f"{path}.status", status, _STATUSES))
    generation = condition.get("observedGeneration") or 0
    if generation < 0:
        text = "must be greater than or equal to zero"
        errors.append(field.invalid(f"{path}.observedGeneration", generation, text))
    if not condition.get("lastTransitionTime"):
        errors.append(field.required(f"{path}.lastTransitionTime", "must be set"))
    reason = condition.get("reason") or ""
    if not reason:
        errors.append(field.required(f"{path}.reason", "must be set"))
    else:
        if not re.fullmatch(_REASON, reason, re.ASCII):
            text = regex_error(_REASON_HELP, _REASON, *_REASON_EXAMPLES)
            errors.append(field.invalid(f"{path}.reason", reason, text))
        if len(reason.encode()) > _REASON_LIMIT:
            errors.append(field.too_long(f"{path}.reason", _REASON_LIMIT))
    if len((condition.get("message") or "").encode()) > _MESSAGE_LIMIT:
        errors.append(field.too_long(f"{path}.message", _MESSAGE_LIMIT))
    return errors
