"""Validation of a Job's status.

The rules guard against controllers that contradict themselves; each applies only where the part it is
about changed. Counterparts: validateJobStatus in kubernetes `pkg/apis/batch/validation`, and
getStatusValidationOptions in `pkg/registry/batch/job`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.batch.policies import IndexesError, parse_indexes
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative

Status = dict[str, Any]

_TERMINAL = ("Failed", "Complete", "FailureTarget")


def job_status(new: Obj, old: Obj) -> Errors:
    """A write of a Job's /status."""
    errors: Errors = []
    status, before, spec = new.get("status") or {}, old.get("status") or {}, new.get("spec") or {}
    for key in ("active", "succeeded", "failed", "ready", "terminating"):
        nonnegative(status.get(key), f"status.{key}", errors)
    _check_uncounted(status.get("uncountedTerminatedPods") or {}, errors)
    now, then = _true_conditions(status), _true_conditions(before)
    if now != then or status.get("completionTime") != before.get("completionTime"):
        _check_conditions(status, now, errors)
        _check_completion_time(status, now, errors)
    if now & {"Complete", "Failed"} and not then & {"Complete", "Failed"}:
        _check_finished(status, errors)
    _check_indexes(status, before, spec, errors)
    ready = status.get("ready")
    if ready is not None and ready > (status.get("active") or 0) and ready != before.get("ready"):
        errors.append(field.invalid("status.ready", ready, "cannot set more ready pods than active"))
    _check_progress(status, before, spec, now, then, errors)
    return errors


def _true_conditions(status: Status) -> set[str]:
    return {c.get("type", "") for c in status.get("conditions") or () if c.get("status") == "True"}


def _contradiction(errors: Errors, text: str) -> None:
    errors.append(field.FieldError("FieldValueInvalid", "status.conditions", detail=text))


def _check_uncounted(pods: Status, errors: Errors) -> None:
    seen = set()
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(key) or ()):
            path = f"status.uncountedTerminatedPods.{key}[{index}]"
            if not uid:
                errors.append(field.invalid(path, uid, "must not be empty"))
            elif uid in seen:
                errors.append(field.duplicate(path, uid))
            seen.add(uid)


def _check_conditions(status: Status, now: set[str], errors: Errors) -> None:
    complete, failed = "Complete" in now, "Failed" in now
    if complete and failed:
        _contradiction(errors, "cannot set Complete=True and Failed=true conditions")
    if complete and "FailureTarget" in now:
        _contradiction(errors, "cannot set Complete=True and FailureTarget=true conditions")
    if failed and "FailureTarget" not in now:
        _contradiction(errors, "cannot set Failed=True condition without the FailureTarget=true condition")
    if complete and "SuccessCriteriaMet" not in now:
        _contradiction(errors, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
    if "SuccessCriteriaMet" in now and failed:
        _contradiction(errors, "cannot set SuccessCriteriaMet=True and Failed=true conditions")
    if "SuccessCriteriaMet" in now and "FailureTarget" in now:
        _contradiction(errors, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")


def _check_completion_time(status: Status, now: set[str], errors: Errors) -> None:
    path, done, started = "status.completionTime", status.get("completionTime"), status.get("startTime")
    if done is None:
        if "Complete" in now:
            errors.append(field.required(path, "completionTime is required for Complete jobs"))
        return
    if "Complete" not in now:
        text = "cannot set completionTime when there is no Complete=True condition"
        errors.append(field.invalid(path, done, text))
    if started is not None and parse_time(done) < parse_time(started):
        errors.append(field.invalid(path, done, "must be equal to or after `startTime`"))


def _check_finished(status: Status, errors: Errors) -> None:
    if status.get("active"):
        errors.append(field.invalid("status.active", status["active"], "active>0 is invalid for finished job"))
    if status.get("startTime") is None:
        errors.append(field.required("status.startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    if pods.get("failed") or pods.get("succeeded"):
        path = "status.uncountedTerminatedPods"
        errors.append(field.invalid(path, pods, "must be empty for finished job"))
    if status.get("terminating"):
        text = "terminating>0 is invalid for finished job"
        errors.append(field.invalid("status.terminating", status["terminating"], text))


def _check_indexes(status: Status, before: Status, spec: Status, errors: Errors) -> None:
    completions = spec.get("completions")
    sets: dict[str, list[tuple[int, int]]] = {}
    for key in ("completedIndexes", "failedIndexes"):
        text = status.get(key)
        if not text or completions is None or text == before.get(key):
            continue
        try:
            sets[key] = parse_indexes(text, completions)
        except IndexesError as error:
            errors.append(field.invalid(f"status.{key}", text, f"error parsing {key}: {error}"))
    indexed = spec.get("completionMode") == "Indexed"
    if status.get("completedIndexes") and not indexed:
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(field.invalid("status.completedIndexes", status["completedIndexes"], text))
    if status.get("failedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(field.invalid("status.failedIndexes", status["failedIndexes"], text))
    for first, last in sets.get("completedIndexes", ()):
        for low, high in sets.get("failedIndexes", ()):
            if first <= high and low <= last:
                text = f"failedIndexes and completedIndexes overlap at index: {max(first, low)}"
                errors.append(field.invalid("status.failedIndexes", status["failedIndexes"], text))
                return


def _check_progress(
    status: Status, before: Status, spec: Status, now: set[str], then: set[str], errors: Errors
) -> None:
    """What was reached is not taken back."""
    for kind in _TERMINAL:
        if kind in then and kind not in now:
            _contradiction(errors, f"cannot disable the terminal {kind}=True condition")
    for key in ("failed", "succeeded"):
        # An indexed Job that is scaled down forgets indexes it no longer has.
        value = status.get(key) or 0
        if value < (before.get(key) or 0) and (key == "failed" or spec.get("completionMode") != "Indexed"):
            errors.append(field.invalid(f"status.{key}", value, f"cannot decrease the {key} counter"))
    done, was_done = status.get("completionTime"), before.get("completionTime")
    if done is not None and was_done is not None and done != was_done:
        errors.append(field.invalid("status.completionTime", done, "field is immutable"))
    started = before.get("startTime")
    if started is not None and status.get("startTime") != started and not spec.get("suspend"):
        text = "startTime cannot be removed for unsuspended job"
        errors.append(field.required("status.startTime", text))
    if "SuccessCriteriaMet" in then and "SuccessCriteriaMet" not in now:
        _contradiction(errors, "cannot disable the SuccessCriteriaMet=True condition")
    if "Complete" in then and "SuccessCriteriaMet" not in then and "SuccessCriteriaMet" in now:
        text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        _contradiction(errors, text)
