"""Validation of Deployment, ReplicaSet and ReplicationController.

Counterparts: kubernetes `pkg/apis/apps/validation`, the ReplicationController part of
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import EVERYTHING, from_set
from minikctl.apiserver.validation.apps.rules import (
    Spec,
    check_at_most_all,
    check_bounds,
    check_counts,
    check_int_or_percent,
    check_match,
    check_not_decremented,
    check_runs_forever,
    check_selector,
    check_selector_kept,
    int_or_percent,
    rolling_struct,
    twice,
)
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative
from minikctl.apiserver.validation.pod.spec import check_template


def _deployment_spec(spec: Spec, errors: Errors) -> None:
    nonnegative(spec.get("replicas"), "spec.replicas", errors)
    _replicated_template(spec, errors)
    _deployment_strategy(spec.get("strategy") or {}, "spec.strategy", errors)
    nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds", errors)
    nonnegative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit", errors)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        nonnegative(deadline, "spec.progressDeadlineSeconds", errors)
        if deadline <= (spec.get("minReadySeconds") or 0):
            text = "must be greater than minReadySeconds"
            errors.append(field.invalid("spec.progressDeadlineSeconds", deadline, text))


def _replicated_template(spec: Spec, errors: Errors) -> None:
    selector = check_selector(spec, "deployment", "spec", errors)
    if selector is not None:
        template = spec.get("template") or {}
        check_match(selector, template, "spec.template", errors)
        check_template(template, "spec.template", errors)
        check_runs_forever(template, "ReplicaSet", "spec.template", errors)


def _deployment_strategy(strategy: Spec, path: str, errors: Errors) -> None:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            errors.append(field.forbidden(f"{path}.rollingUpdate", text))
    elif kind == "RollingUpdate":
        if rolling is None:
            errors.append(field.required(f"{path}.rollingUpdate", "this should be defaulted and never be nil"))
        else:
            _rolling_deployment(rolling, f"{path}.rollingUpdate", errors)
    else:
        shown = Struct(Type=kind, RollingUpdate=rolling_struct(rolling))
        errors.append(field.not_supported(path, shown, ("Recreate", "RollingUpdate")))


def _rolling_deployment(rolling: Spec, path: str, errors: Errors) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    check_int_or_percent(unavailable, f"{path}.maxUnavailable", errors)
    check_int_or_percent(surge, f"{path}.maxSurge", errors)
    if int_or_percent(unavailable) == 0 and int_or_percent(surge) == 0:
        text = "may not be 0 when `maxSurge` is 0"
        errors.append(field.invalid(f"{path}.maxUnavailable", unavailable, text))
    check_at_most_all(unavailable, f"{path}.maxUnavailable", errors)


def deployment_create(obj: Obj) -> Errors:
    errors: Errors = []
    _deployment_spec(obj.get("spec") or {}, errors)
    return errors


def deployment_update(new: Obj, old: Obj) -> Errors:
    errors = deployment_create(new)
    check_selector_kept(new, old, errors)
    return errors


def deployment_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    keys = ("updatedReplicas", "readyReplicas", "availableReplicas")
    check_counts(status, ("observedGeneration", "replicas", *keys, "unavailableReplicas"), errors)
    check_counts(status, ("terminatingReplicas", "collisionCount"), errors)
    check_bounds(status, keys, errors)
    check_not_decremented(status, old.get("status") or {}, errors)
    return errors


def replica_set_create(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj.get("spec") or {}
    nonnegative(spec.get("replicas"), "spec.replicas", errors)
    nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds", errors)
    _replicated_template(spec, errors)
    return errors


def replica_set_update(new: Obj, old: Obj) -> Errors:
    errors = twice(replica_set_create(new))
    check_selector_kept(new, old, errors)
    return errors


def replica_set_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    keys = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    check_counts(status, ("replicas", *keys, "terminatingReplicas", "observedGeneration"), errors)
    check_bounds(status, keys, errors)
    return errors


def controller_create(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj.get("spec") or {}
    nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds", errors)
    if not spec.get("selector"):
        errors.append(field.required("spec.selector"))
    if spec.get("replicas") is None:
        errors.append(field.required("spec.replicas"))
    nonnegative(spec.get("replicas"), "spec.replicas", errors)
    template = spec.get("template")
    if template is None:
        errors.append(field.required("spec.template"))
        return errors
    check_match(from_set(spec["selector"]) if spec.get("selector") else EVERYTHING, template, "spec.template", errors)
    check_template(template, "spec.template", errors)
    check_runs_forever(template, "ReplicationController", "spec.template", errors)
    return errors


def controller_update(new: Obj, old: Obj) -> Errors:
    return twice(controller_create(new))
