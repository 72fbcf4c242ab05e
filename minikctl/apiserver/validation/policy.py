"""Validation of PodDisruptionBudgets."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.conditions import validate_conditions
from minikctl.apiserver.validation.names import is_valid_percent
from minikctl.apiserver.validation.quantities import NOT_NEGATIVE, validate_nonnegative_int
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector

_EVICTION_POLICIES = ["AlwaysAllow", "IfHealthyBudget"]
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def validate_int_or_percent(value: Any, path: str) -> list[FieldError]:
    """A whole number, not negative, or a percentage of at most 100."""
    if isinstance(value, str):
        errors = [field.invalid(path, value, text) for text in is_valid_percent(value)]
        if not errors and int(value[:-1]) > 100:
            errors.append(field.invalid(path, value, "must not be greater than 100%"))
        return errors
    return [field.invalid(path, value, NOT_NEGATIVE)] if value < 0 else []


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    least, most, policy = spec.get("minAvailable"), spec.get("maxUnavailable"), spec.get("unhealthyPodEvictionPolicy")
    errors: list[FieldError] = []
    if least is not None and most is not None:
        shown = Struct(
            MinAvailable=least,
            Selector=selector_struct(spec.get("selector")),
            MaxUnavailable=most,
            UnhealthyPodEvictionPolicy=policy,
        )
        errors.append(field.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    if least is not None:
        errors += validate_int_or_percent(least, "spec.minAvailable")
    if most is not None:
        errors += validate_int_or_percent(most, "spec.maxUnavailable")
    errors += validate_label_selector(spec.get("selector"), "spec.selector")
    if policy is not None and policy not in _EVICTION_POLICIES:
        errors.append(field.not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _create(new)


def _status(new: Obj, old: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    errors = validate_conditions(status.get("conditions") or [], "status.conditions")
    for key in _COUNTS:
        errors += validate_nonnegative_int(status.get(key), f"status.{key}")
    return errors


VALIDATE: dict[str, Checks] = {"poddisruptionbudgets.policy": (_create, _update, _status)}
