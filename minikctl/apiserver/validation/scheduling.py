"""Validation of PriorityClasses."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.metadata import validate_immutable

_SYSTEM_VALUES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_HIGHEST = 1000000000


def _create(obj: Obj) -> list[FieldError]:
    name, value = (obj.get("metadata") or {}).get("name") or "", obj.get("value") or 0
    errors: list[FieldError] = []
    if name.startswith("system-"):
        problem = _system_problem(obj, name, value)
        if problem:
            text = f"priority class names with 'system-' prefix are reserved for system use only. error: {problem}"
            errors.append(field.forbidden("metadata.name", text))
    elif value > _HIGHEST:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        errors.append(field.forbidden("value", text))
    policy = obj.get("preemptionPolicy")
    if policy == "":
        errors.append(field.required("preemptionPolicy"))
    elif policy is not None and policy not in ("PreemptLowerPriority", "Never"):
        errors.append(field.not_supported("preemptionPolicy", policy, ["PreemptLowerPriority", "Never"]))
    return errors


def _system_problem(obj: Obj, name: str, value: int) -> str:
    expected = _SYSTEM_VALUES.get(name)
    if expected is None:
        return f"{name} is not a known system priority class"
    if value != expected:
        return f"value of {name} PriorityClass must be {expected}"
    return f"globalDefault of {name} PriorityClass must be false" if obj.get("globalDefault") else ""


def _update(new: Obj, old: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    if (new.get("value") or 0) != (old.get("value") or 0):
        errors.append(field.forbidden("value", "may not be changed in an update."))
    return errors + validate_immutable(new.get("preemptionPolicy"), old.get("preemptionPolicy"), "preemptionPolicy")


VALIDATE: dict[str, Checks] = {"priorityclasses.scheduling.k8s.io": (_create, _update, None)}
