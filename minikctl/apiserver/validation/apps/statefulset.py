"""Validation of StatefulSet and of ControllerRevision.

Counterpart: kubernetes `pkg/apis/apps/validation`.
"""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apimachinery.request import Obj
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
    int_or_percent,
)
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import is_dns1123_label
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative
from minikctl.apiserver.validation.pod.spec import check_template

_STATEFUL_MUTABLE = (
    *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
    *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
)
_STATEFUL_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _stateful_set_spec(spec: Spec, errors: Errors, is_new: bool, with_template: bool) -> None:
    """`is_new`: what no update can change is checked, too."""
    policy = spec.get("podManagementPolicy", "")
    if not policy:
        errors.append(field.required("spec.podManagementPolicy"))
    elif policy not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        errors.append(field.invalid("spec.podManagementPolicy", policy, text))
    _stateful_set_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy", errors)
    retention = spec.get("persistentVolumeClaimRetentionPolicy")
    if retention is not None:
        for key in ("whenDeleted", "whenScaled"):
            if retention.get(key) not in ("Retain", "Delete"):
                at = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
                errors.append(field.not_supported(at, retention.get(key, ""), ("Retain", "Delete")))
    if is_new:
        _claim_templates(spec.get("volumeClaimTemplates") or [], errors)
    nonnegative(spec.get("replicas"), "spec.replicas", errors)
    nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds", errors)
    nonnegative((spec.get("ordinals") or {}).get("start"), "spec.ordinals.start", errors)
    name = spec.get("serviceName")
    if is_new and name:
        errors += [field.invalid("spec.serviceName", name, text) for text in is_dns1123_label(name)]
    selector = check_selector(spec, "statefulset", "spec", errors, unreadable="")
    template = spec.get("template") or {}
    if selector is not None:
        check_match(selector, template, "spec.template", errors)
        if with_template:
            check_template(_as_of_pods(template, spec), "spec.template", errors)
    check_runs_forever(template, "StatefulSet", "spec.template", errors)


def _as_of_pods(template: Spec, spec: Spec) -> Spec:
    """The template as the controller makes pods of it: a volume for each claim, no names of its own."""
    claims = dict.fromkeys(
        (claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()
    )
    pod_spec = template.get("spec") or {}
    if not claims and "hostname" not in pod_spec and "subdomain" not in pod_spec:
        return template
    pod_spec = {key: value for key, value in pod_spec.items() if key not in ("hostname", "subdomain")}
    if claims:
        volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
        volumes += [volume for volume in pod_spec.get("volumes") or () if volume.get("name") not in claims]
        pod_spec["volumes"] = volumes
    return {**template, "spec": pod_spec}


def _claim_templates(claims: list[Spec], errors: Errors) -> None:
    from minikctl.apiserver.validation.pod.claims import check_claim_spec

    for index, claim in enumerate(claims):
        check_claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec", errors)


def _stateful_set_strategy(strategy: Spec, path: str, errors: Errors) -> None:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    shown = None
    if rolling is not None:
        shown = Struct(Partition=rolling.get("partition", 0), MaxUnavailable=rolling.get("maxUnavailable"))
    if not kind:
        errors.append(field.required(path))
    elif kind == "OnDelete":
        if rolling is not None:
            text = "only allowed for updateStrategy 'RollingUpdate'"
            errors.append(field.invalid(f"{path}.rollingUpdate", shown, text))
    elif kind == "RollingUpdate":
        if rolling is not None:
            _rolling_stateful_set(rolling, f"{path}.rollingUpdate", errors)
    else:
        text = "must be 'RollingUpdate' or 'OnDelete'"
        errors.append(field.invalid(path, Struct(Type=kind, RollingUpdate=shown), text))


def _rolling_stateful_set(rolling: Spec, path: str, errors: Errors) -> None:
    nonnegative(rolling.get("partition"), f"{path}.partition", errors)
    unavailable = rolling.get("maxUnavailable")
    if unavailable is not None:
        path = f"{path}.maxUnavailable"
        check_int_or_percent(unavailable, path, errors)
        if int_or_percent(unavailable) == 0:
            errors.append(field.invalid(path, unavailable, "cannot be 0"))
        check_at_most_all(unavailable, path, errors)


def stateful_set_create(obj: Obj) -> Errors:
    errors: Errors = []
    _stateful_set_spec(obj.get("spec") or {}, errors, is_new=True, with_template=True)
    return errors


def stateful_set_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    # What was accepted before the rules were tightened may stay as it is.
    changed = spec.get("template") != old_spec.get("template")
    _stateful_set_spec(spec, errors, is_new=False, with_template=changed)
    fixed = {key: value for key, value in spec.items() if key not in _STATEFUL_MUTABLE}
    if fixed != {key: value for key, value in old_spec.items() if key not in _STATEFUL_MUTABLE}:
        errors.append(field.forbidden("spec", _STATEFUL_FIXED))
    return errors


def stateful_set_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status = new.get("status") or {}
    keys = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    check_counts(status, ("replicas", *keys, "observedGeneration", "collisionCount"), errors)
    check_bounds(status, keys, errors, "status.readyReplicas")
    check_not_decremented(status, old.get("status") or {}, errors)
    return errors


def revision_create(obj: Obj) -> Errors:
    errors: Errors = []
    nonnegative(obj.get("revision"), "revision", errors)
    data = obj.get("data")
    if data is None:
        errors.append(field.required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        errors.append(field.required("data", "data must be a valid JSON object"))
    return errors


def revision_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    nonnegative(new.get("revision"), "revision", errors)
    errors += validate_immutable(new.get("data"), old.get("data"), "data")
    return errors
