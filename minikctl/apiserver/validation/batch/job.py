"""Validation of the spec of a Job, also inside a CronJob.

Counterpart: kubernetes `pkg/apis/batch/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import SelectorError, from_label_selector
from minikctl.apiserver.validation.apps.rules import NO_MATCH, template_labels
from minikctl.apiserver.validation.batch.policies import (
    check_failure_policy,
    check_success_policy,
    failure_policy_struct,
    success_policy_struct,
)
from minikctl.apiserver.validation.metadata import IMMUTABLE
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain, is_http_path
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative, problems
from minikctl.apiserver.validation.pod.spec import check_template
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector

Spec = dict[str, Any]

_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_INDEX_LIMIT = 100_000
_MANY_INDEXES_LIMIT = 10_000
_MANAGER_LIMIT = 63
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
# Labels the Job's pods carry, each in its old and its prefixed form.
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")


def job_create(obj: Obj) -> Errors:
    """A new Job, its selector and labels already generated."""
    errors: Errors = []
    spec, name = obj.get("spec") or {}, obj["metadata"].get("name", "")
    _check_generated(obj, spec, name, errors)
    _check_whole_spec(spec, errors)
    completions = spec.get("completions")
    if spec.get("completionMode") == "Indexed" and completions:
        last = f"{name}-{completions - 1}"
        if is_dns1123_label(last):
            text = f"will not able to create pod with invalid DNS label: {last}"
            errors.append(field.invalid("metadata.name", name, text))
    return errors


def _check_generated(obj: Obj, spec: Spec, name: str, errors: Errors) -> None:
    """A selector that was not given by hand, and the labels it asks for."""
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return
    uid = obj["metadata"].get("uid", "")
    if not uid:
        errors.append(field.required("metadata.uid"))
    labels = template_labels(spec.get("template") or {}) or {}
    expected = {}
    for old, new in zip(_UID_LABELS, _NAME_LABELS, strict=True):
        for key, value in ((old, uid), (new, name)):
            expected[key] = value
            path = f"spec.template.metadata.labels[{key}]"
            if key not in labels:
                errors.append(field.required(path, f"must be '{value}'"))
            elif labels[key] != value:
                errors.append(field.invalid(path, labels, f"must be '{value}'"))
    try:
        matches = from_label_selector(selector).matches(expected)
    except SelectorError:
        return
    if not matches:
        errors.append(field.invalid("spec.selector", selector_struct(selector), "`selector` not auto-generated"))


def _check_whole_spec(spec: Spec, errors: Errors) -> None:
    check_job_spec(spec, "spec", errors)
    selector = spec.get("selector")
    if selector is None:
        errors.append(field.required("spec.selector"))
    else:
        errors += validate_label_selector(selector, "spec.selector")
    labels = template_labels(spec.get("template") or {})
    try:
        matches = from_label_selector(selector).matches(labels)
    except SelectorError:
        return
    if not matches:
        errors.append(field.invalid("spec.template.metadata.labels", labels, NO_MATCH))


def check_job_spec(spec: Spec, path: str, errors: Errors) -> None:
    """Everything about the spec but its selector."""
    for key in _COUNTS:
        nonnegative(spec.get(key), f"{path}.{key}", errors)
    _check_indexes(spec, path, errors)
    if spec.get("podFailurePolicy") is not None:
        check_failure_policy(spec, f"{path}.podFailurePolicy", errors)
    success = spec.get("successPolicy")
    if success is not None:
        if spec.get("completionMode") != "Indexed":
            text = "requires indexed completion mode"
            errors.append(field.invalid(f"{path}.successPolicy", success_policy_struct(success), text))
        else:
            check_success_policy(spec, f"{path}.successPolicy", errors)
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None:
        supported = _REPLACEMENTS if spec.get("podFailurePolicy") is None else ("Failed",)
        if replacement not in supported:
            errors.append(field.not_supported(f"{path}.podReplacementPolicy", replacement, supported))
    check_template(spec.get("template") or {}, f"{path}.template", errors)
    _check_restart_policy(spec, f"{path}.template.spec.restartPolicy", errors)


def _check_restart_policy(spec: Spec, path: str, errors: Errors) -> None:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy", "")
    if policy in ("", "Always"):
        errors.append(field.required(path, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errors.append(field.not_supported(path, policy, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        errors.append(field.invalid(path, policy, text))


def _check_indexes(spec: Spec, path: str, errors: Errors) -> None:
    """Completion mode and the limits that depend on it."""
    per_index, failed = spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes")
    nonnegative(per_index, f"{path}.backoffLimitPerIndex", errors)
    if failed is not None:
        nonnegative(failed, f"{path}.maxFailedIndexes", errors)
        if per_index is None:
            errors.append(field.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        _check_manager(spec["managedBy"], f"{path}.managedBy", errors)
    mode = spec.get("completionMode")
    if mode is not None and mode not in ("NonIndexed", "Indexed"):
        errors.append(field.not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed")))
    if mode == "Indexed":
        _check_indexed(spec, path, errors)
    elif mode in (None, "NonIndexed"):
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(key) is not None:
                errors.append(field.invalid(f"{path}.{key}", spec[key], "requires indexed completion mode"))


def _check_indexed(spec: Spec, path: str, errors: Errors) -> None:
    completions, parallelism, failed = spec.get("completions"), spec.get("parallelism"), spec.get("maxFailedIndexes")
    if completions is None:
        errors.append(field.required(f"{path}.completions", "when completion mode is Indexed"))
    if parallelism is not None and parallelism > _INDEX_LIMIT:
        text = f"must be less than or equal to {_INDEX_LIMIT} when completion mode is Indexed"
        errors.append(field.invalid(f"{path}.parallelism", parallelism, text))
    if failed is not None:
        if completions is not None and failed > completions:
            text = "must be less than or equal to completions"
            errors.append(field.invalid(f"{path}.maxFailedIndexes", failed, text))
        if failed > _INDEX_LIMIT:
            text = f"must be less than or equal to {_INDEX_LIMIT}"
            errors.append(field.invalid(f"{path}.maxFailedIndexes", failed, text))
    if completions is None or completions <= _INDEX_LIMIT or spec.get("backoffLimitPerIndex") is None:
        return
    if failed is None:
        text = f"must be specified when completions is above {_INDEX_LIMIT}"
        errors.append(field.required(f"{path}.maxFailedIndexes", text))
    text = (
        f"must be less than or equal to {_MANY_INDEXES_LIMIT} when completions are above {_INDEX_LIMIT}"
        " and used with backoff limit per index"
    )
    for key, value in (("parallelism", parallelism), ("maxFailedIndexes", failed)):
        if value is not None and value > _MANY_INDEXES_LIMIT:
            errors.append(field.invalid(f"{path}.{key}", value, text))


def _check_manager(manager: str, path: str, errors: Errors) -> None:
    host, _, rest = manager.partition("/")
    if not manager:
        errors.append(field.required(path))
    elif not host or not rest:
        text = 'must be a domain-prefixed path (such as "acme.io/foo")'
        errors.append(field.invalid(path, manager, text))
    else:
        problems(is_dns1123_subdomain, host, path, errors)
        problems(is_http_path, rest, path, errors)
    if len(manager.encode()) > _MANAGER_LIMIT:
        errors.append(field.too_long(path, _MANAGER_LIMIT))


def job_update(new: Obj, old: Obj) -> Errors:
    """A Job's work is fixed; how much of it runs at once is not. The rules of new Jobs are applied besides."""
    errors = job_create(new)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    _check_whole_spec(spec, errors)
    _check_completions(spec, before, errors)
    if spec.get("selector") != before.get("selector"):
        errors.append(field.invalid("spec.selector", selector_struct(spec.get("selector")), IMMUTABLE))
    _check_template_change(spec, before, old.get("status") or {}, errors)
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        if spec.get(key) != before.get(key):
            shown = spec.get(key)
            if key == "podFailurePolicy" and shown is not None:
                shown = failure_policy_struct(shown)
            elif key == "successPolicy" and shown is not None:
                shown = success_policy_struct(shown)
            errors.append(field.invalid(f"spec.{key}", shown, IMMUTABLE))
    return errors


def _check_completions(spec: Spec, before: Spec, errors: Errors) -> None:
    value = spec.get("completions")
    if value == before.get("completions"):
        return
    if spec.get("completionMode") != "Indexed":
        errors.append(field.invalid("spec.completions", value, IMMUTABLE))
    elif value is not None and value != spec.get("parallelism"):
        text = "can only be modified in tandem with spec.parallelism"
        errors.append(field.invalid("spec.completions", value, text))


def _check_template_change(spec: Spec, before: Spec, status: Spec, errors: Errors) -> None:
    """The template is fixed, but a Job at rest may still be told where to run and with how much.

    A Job is at rest when it is suspended, was so from the start or is by what its controller says, and none of its
    pods is left (the gates MutableSchedulingDirectivesForSuspendedJobs and MutablePodResourcesForSuspendedJobs).
    """
    new, old = spec.get("template") or {}, before.get("template") or {}
    if new == old:
        return
    from minikctl.apiserver.validation.pod.gostruct import pod_spec_struct, template_struct

    stopped = status.get("startTime") is None or _is_suspended(status)
    if not (before.get("suspend") and stopped and not status.get("active")):
        errors.append(field.invalid("spec.template", template_struct(new), IMMUTABLE))
        return
    new_spec, old_spec = new.get("spec") or {}, _with_directives(old, new)["spec"]
    if new_spec != _with_resources(old_spec, new_spec):
        errors.append(field.invalid("spec.template.spec", pod_spec_struct(new_spec), IMMUTABLE))


def _is_suspended(status: Spec) -> bool:
    conditions = status.get("conditions") or ()
    return any(c.get("type") == "Suspended" and c.get("status") == "True" for c in conditions)


def _with_directives(old: Spec, new: Spec) -> Spec:
    """The old template with the scheduling directives of the new one."""
    meta, spec = dict(old.get("metadata") or {}), dict(old.get("spec") or {})
    new_meta, new_spec = new.get("metadata") or {}, new.get("spec") or {}
    for holder, source, keys in (
        (meta, new_meta, ("annotations", "labels")),
        (spec, new_spec, ("nodeSelector", "tolerations", "schedulingGates")),
    ):
        for key in keys:
            holder.pop(key, None)
            if key in source:
                holder[key] = source[key]
    affinity = {key: value for key, value in (spec.get("affinity") or {}).items() if key != "nodeAffinity"}
    node = (new_spec.get("affinity") or {}).get("nodeAffinity")
    if node is not None:
        affinity["nodeAffinity"] = node
    spec.pop("affinity", None)
    if affinity or new_spec.get("affinity") is not None:
        spec["affinity"] = affinity
    return {**old, "metadata": meta, "spec": spec}


def _with_resources(old: Spec, new: Spec) -> Spec:
    """The old pod spec with the resources that the containers have in the new one."""
    changed = dict(old)
    for key in ("containers", "initContainers"):
        pairs = list(zip(old.get(key) or (), new.get(key) or (), strict=False))
        if pairs and len(old[key]) == len(new[key]):
            changed[key] = [
                _with(container, other, "resources") if container.get("name") == other.get("name") else container
                for container, other in pairs
            ]
    return changed


def _with(container: Spec, other: Spec, key: str) -> Spec:
    rest = {name: value for name, value in container.items() if name != key}
    return {**rest, key: other[key]} if key in other else rest
