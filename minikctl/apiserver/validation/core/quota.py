"""Validation of ResourceQuotas and LimitRanges."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.quantity import Quantity
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.metadata import IMMUTABLE
from minikctl.apiserver.validation.names import is_qualified_name
from minikctl.apiserver.validation.quantities import (
    is_overcommit_allowed,
    is_standard_quota_resource,
    validate_amount,
    validate_container_resource_name,
    validate_quota_resource_name,
    validate_resource_name,
)

_POD_SCOPES = frozenset(
    {"Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"}
)
_SCOPES = _POD_SCOPES | {"BestEffort", "VolumeAttributesClass"}
_EXISTS_ONLY = _SCOPES - {"PriorityClass", "VolumeAttributesClass"}
_POD_RESOURCES = frozenset(
    {
        "cpu",
        "memory",
        "limits.cpu",
        "limits.memory",
        "pods",
        "requests.cpu",
        "requests.memory",
    }
)
_CLAIM_RESOURCES = frozenset({"persistentvolumeclaims", "requests.storage"})
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_EXISTS_TEXT = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating,"
    " ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _scope_fits(scope: str, resource: str) -> bool:
    if scope == "BestEffort":
        return resource == "pods"
    if scope in _POD_SCOPES:
        return resource in _POD_RESOURCES
    if scope == "VolumeAttributesClass":
        return resource in _CLAIM_RESOURCES
    return True


def _amounts(amounts: dict[str, Any] | None, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, value in (amounts or {}).items():
        errors += validate_quota_resource_name(name, f"{path}[{name}]")
        errors += validate_amount(name, value, f"{path}[{name}]")
    return errors


def _spec(spec: dict[str, Any]) -> list[FieldError]:
    return _amounts(spec.get("hard"), "spec.hard") + _scopes(spec) + _scope_selector(spec)


def _scopes(spec: dict[str, Any]) -> list[FieldError]:
    scopes = spec.get("scopes") or []
    errors: list[FieldError] = []
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(field.invalid("spec.scopes", scopes, "unsupported scope"))
        for name in sorted(spec.get("hard") or ()):
            if is_standard_quota_resource(name) and not _scope_fits(scope, name):
                errors.append(field.invalid("spec.scopes", scopes, "unsupported scope applied to resource"))
    return errors + _conflicts(scopes, "spec.scopes", scopes)


def _conflicts(scopes: list[str], path: str, shown: list[str] | None) -> list[FieldError]:
    pairs = [pair for pair in _CONFLICTS if pair[0] in scopes and pair[1] in scopes]
    return [field.invalid(path, shown, "conflicting scopes") for _ in pairs]


def _selector_struct(selector: dict[str, Any]) -> Struct:
    return Struct(
        MatchExpressions=[
            Struct(
                ScopeName=item.get("scopeName", ""),
                Operator=item.get("operator", ""),
                Values=item.get("values") or None,
            )
            for item in selector.get("matchExpressions") or ()
        ]
    )


def _scope_selector(spec: dict[str, Any]) -> list[FieldError]:
    selector = spec.get("scopeSelector")
    if not selector:
        return []
    path = "spec.scopeSelector.matchExpressions"
    errors: list[FieldError] = []
    names: list[str] = []
    for item in selector.get("matchExpressions") or ():
        scope = item.get("scopeName", "")
        names.append(scope)
        if scope not in _SCOPES:
            errors.append(field.invalid(f"{path}.scopeName", scope, "unsupported scope"))
        for name in sorted(spec.get("hard") or ()):
            if is_standard_quota_resource(name) and not _scope_fits(scope, name):
                errors.append(field.invalid(path, _selector_struct(selector), "unsupported scope applied to resource"))
        errors += _scope_requirement(item, scope, path)
    return errors + _conflicts(names, path, spec.get("scopes") or None)


def _scope_requirement(item: dict[str, Any], scope: str, path: str) -> list[FieldError]:
    operator, values = item.get("operator", ""), item.get("values") or []
    errors: list[FieldError] = []
    if scope in _EXISTS_ONLY and operator != "Exists":
        errors.append(field.invalid(f"{path}.operator", operator, _EXISTS_TEXT))
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(field.required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(field.invalid(f"{path}.values", values, text))
    else:
        errors.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return errors


def _status(obj: Obj) -> list[FieldError]:
    status = obj.get("status") or {}
    return _amounts(status.get("hard"), "status.hard") + _amounts(status.get("used"), "status.used")


def _quota_create(obj: Obj) -> list[FieldError]:
    return _spec(obj.get("spec") or {}) + _status(obj)


def _quota_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = _spec(new.get("spec") or {})
    scopes = (new.get("spec") or {}).get("scopes") or []
    if set(scopes) != set((old.get("spec") or {}).get("scopes") or []):
        errors.append(field.invalid("spec.scopes", scopes or None, IMMUTABLE))
    return errors


def _quota_status(new: Obj, old: Obj) -> list[FieldError]:
    return _status(new)


def validate_limit_range(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path = f"spec.limits[{index}]"
        kind = item.get("type") or ""
        errors += _limit_type(kind, f"{path}.type")
        if kind in seen:
            errors.append(field.duplicate(f"{path}.type", kind))
        seen.add(kind)
        errors += _limit_names(item, kind, path)
        for name in sorted({name for part in _PARTS for name in item.get(part) or ()}):
            errors += _limit_values(item, kind, name, path)
    return errors


_PARTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")


def _limit_type(kind: str, path: str) -> list[FieldError]:
    problems = is_qualified_name(kind)
    if problems:
        return [field.invalid(path, kind, text) for text in problems]
    if "/" not in kind and kind not in ("Pod", "Container", "PersistentVolumeClaim"):
        return [field.invalid(path, kind, "must be a standard limit type or fully qualified")]
    return []


def _limit_names(item: dict[str, Any], kind: str, path: str) -> list[FieldError]:
    check = validate_container_resource_name if kind in ("Pod", "Container") else validate_resource_name
    errors: list[FieldError] = []
    for part in ("max", "min", "default", "defaultRequest"):
        if kind == "Pod" and part.startswith("default"):
            if item.get(part):
                errors.append(field.forbidden(f"{path}.{part}", "may not be specified when `type` is 'Pod'"))
            continue
        for name in item.get(part) or ():
            errors += check(name, f"{path}.{part}[{name}]")
    if kind == "PersistentVolumeClaim" and not any("storage" in (item.get(part) or ()) for part in ("min", "max")):
        text = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(field.required(f"{path}.limits", text))
    for name in item.get("maxLimitRequestRatio") or ():
        errors += check(name, f"{path}.maxLimitRequestRatio[{name}]")
    return errors


def _limit_values(item: dict[str, Any], kind: str, name: str, path: str) -> list[FieldError]:
    values: dict[str, Quantity] = {}
    for part in _PARTS:
        text = (item.get(part) or {}).get(name)
        if text is not None and not (kind == "Pod" and part.startswith("default")):
            values[part] = quantity.parse(text)
    errors: list[FieldError] = []
    for left, right, shown_part, shown, text in _ORDERINGS:
        if left in values and right in values and values[left] > values[right]:
            detail = text.format(values[left], values[right])
            errors.append(field.invalid(f"{path}.{shown_part}[{name}]", str(values[shown]), detail))
    errors += _limit_ratio(values, name, path)
    default, request = values.get("default"), values.get("defaultRequest")
    if default is not None and request is not None and default != request and not is_overcommit_allowed(name):
        detail = f"default value {default} must equal to defaultRequest value {request} in {name}"
        errors.append(field.invalid(f"{path}.defaultRequest[{name}]", str(request), detail))
    return errors


# (the smaller, the larger, where it is reported, whose value is shown, text)
_ORDERINGS = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    (
        "min",
        "defaultRequest",
        "defaultRequest",
        "defaultRequest",
        "min value {} is greater than default request value {}",
    ),
    (
        "defaultRequest",
        "max",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than max value {}",
    ),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "default", "min", "min value {} is greater than default value {}"),
    ("default", "max", "default", "max", "default value {} is greater than max value {}"),
)


def _limit_ratio(values: dict[str, Quantity], name: str, path: str) -> list[FieldError]:
    ratio = values.get("maxLimitRequestRatio")
    if ratio is None:
        return []
    path = f"{path}.maxLimitRequestRatio[{name}]"
    errors = [] if ratio >= quantity.of_int(1) else [field.invalid(path, str(ratio), f"ratio {ratio} is less than 1")]
    low, high = values.get("min"), values.get("max")
    if low and high and ratio.approximate() > high.nanos / low.nanos:
        detail = f"ratio {ratio} is greater than max/min = {high.nanos / low.nanos:f}"
        errors.append(field.invalid(path, str(ratio), detail))
    return errors


def _limit_range_update(new: Obj, old: Obj) -> list[FieldError]:
    return validate_limit_range(new)


VALIDATE: dict[str, Checks] = {
    "resourcequotas": (_quota_create, _quota_update, _quota_status),
    "limitranges": (validate_limit_range, _limit_range_update, None),
}
