"""Validation of DaemonSet. Counterpart: kubernetes `pkg/apis/apps/validation`."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import SelectorError, from_label_selector
from minikctl.apiserver.validation.apps.rules import (
    NO_MATCH,
    Spec,
    check_at_most_all,
    check_counts,
    check_int_or_percent,
    check_not_decremented,
    check_runs_forever,
    check_selector_kept,
    int_or_percent,
    rolling_struct,
    template_labels,
    twice,
)
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative
from minikctl.apiserver.validation.pod.spec import check_template
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector


def daemon_set_create(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj.get("spec") or {}
    template, selector = spec.get("template") or {}, spec.get("selector")
    errors += validate_label_selector(selector, "spec.selector")
    try:
        matches = from_label_selector(selector).matches(template_labels(template))
    except SelectorError:
        matches = True
    if not matches:
        errors.append(field.invalid("spec.template.metadata.labels", template_labels(template), NO_MATCH))
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        text = "empty selector is invalid for daemonset"
        errors.append(field.invalid("spec.selector", selector_struct(selector), text))
    check_template(template, "spec.template", errors)
    check_runs_forever(template, "DaemonSet", "spec.template", errors)
    nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds", errors)
    _daemon_set_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy", errors)
    nonnegative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit", errors)
    return errors


def _daemon_set_strategy(strategy: Spec, path: str, errors: Errors) -> None:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return
    if kind != "RollingUpdate":
        shown = Struct(Type=kind, RollingUpdate=rolling_struct(rolling))
        errors.append(field.not_supported(path, shown, ("RollingUpdate", "OnDelete")))
        return
    path = f"{path}.rollingUpdate"
    if rolling is None:
        errors.append(field.required(path))
        return
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    check_int_or_percent(unavailable, f"{path}.maxUnavailable", errors)
    check_int_or_percent(surge, f"{path}.maxSurge", errors)
    check_at_most_all(unavailable, f"{path}.maxUnavailable", errors)
    check_at_most_all(surge, f"{path}.maxSurge", errors)
    if int_or_percent(unavailable) and int_or_percent(surge):
        text = "may not be set when maxUnavailable is non-zero"
        errors.append(field.invalid(f"{path}.maxSurge", surge, text))
    elif not int_or_percent(unavailable) and not int_or_percent(surge):
        errors.append(field.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))


def daemon_set_update(new: Obj, old: Obj) -> Errors:
    errors = twice(daemon_set_create(new))
    check_selector_kept(new, old, errors)
    return errors


def daemon_set_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    check_counts(
        status, ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"), errors
    )
    check_counts(
        status, ("observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable"), errors
    )
    check_counts(status, ("collisionCount",), errors)
    check_not_decremented(status, old.get("status") or {}, errors)
    return errors
