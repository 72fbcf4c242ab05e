"""Validation of Leases."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.names import is_qualified_name

_STRATEGIES = ["OldestEmulationVersion"]


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors: list[FieldError] = []
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        errors.append(field.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(field.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    strategy, preferred = spec.get("strategy"), spec.get("preferredHolder")
    if strategy is not None:
        errors += _strategy(strategy)
    if preferred and not strategy:
        text = "may only be specified if `strategy` is defined"
        errors.append(field.forbidden("spec.preferredHolder", text))
    return errors


def _strategy(strategy: str) -> list[FieldError]:
    path = "spec.strategy.strategy"  # sic
    if "/" not in strategy:
        return [] if strategy in _STRATEGIES else [field.not_supported(path, strategy, _STRATEGIES)]
    return [field.invalid(path, strategy, text) for text in is_qualified_name(strategy)]


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _create(new)


VALIDATE: dict[str, Checks] = {"leases.coordination.k8s.io": (_create, _update, None)}
