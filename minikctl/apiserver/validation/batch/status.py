"""Validation of a Job's status.

The rules guard against controllers that contradict themselves; most apply only where the part they are about
changed. Counterparts: validateJobStatus and ValidateJobStatusUpdate in kubernetes `pkg/apis/batch/validation`, and
getStatusValidationOptions in `pkg/registry/batch/job`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.field import Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.batch.policies import IndexesError, parse_indexes
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative

Status = dict[str, Any]

_TERMINAL = ("Failed", "Complete", "FailureTarget")
_CONDITIONS = "status.conditions"


class _Change:
    """Two statuses of a Job and what differs between them."""

    def __init__(self, new: Status, old: Status, spec: Status) -> None:
        self.new, self.old, self.spec = new, old, spec
        self.now, self.then = _true_conditions(new), _true_conditions(old)
        self.finished = bool(self.now & {"Complete", "Failed"})
        self.just_finished = self.finished != bool(self.then & {"Complete", "Failed"})
        self.indexed = spec.get("completionMode") == "Indexed"

    def of(self, *keys: str) -> bool:
        """Whether one of these fields, or of these conditions, changed."""
        return any(
            (key in self.now) != (key in self.then) if key[0].isupper() else self.new.get(key) != self.old.get(key)
            for key in keys
        )


def job_status(new: Obj, old: Obj) -> Errors:
    """A write of a Job's /status."""
    errors: Errors = []
    change = _Change(new.get("status") or {}, old.get("status") or {}, new.get("spec") or {})
    for key in ("active", "succeeded", "failed", "ready", "terminating"):
        nonnegative(change.new.get(key), f"status.{key}", errors)
    _check_uncounted(change.new.get("uncountedTerminatedPods") or {}, errors)
    _check_completion(change, errors)
    _check_finished(change, errors)
    _check_indexes(change, errors)
    _check_pods(change, errors)
    _check_success(change, errors)
    _check_progress(change, errors)
    return errors


def _true_conditions(status: Status) -> set[str]:
    return {c.get("type", "") for c in status.get("conditions") or () if c.get("status") == "True"}


def _contradiction(errors: Errors, text: str) -> None:
    errors.append(field.FieldError("FieldValueInvalid", _CONDITIONS, detail=text))


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


def _check_completion(change: _Change, errors: Errors) -> None:
    """The end of a Job: which conditions go together, and when it was."""
    now, status = change.now, change.new
    complete, failed = "Complete" in now, "Failed" in now
    if change.of("Complete", "Failed") and complete and failed:
        _contradiction(errors, "cannot set Complete=True and Failed=true conditions")
    if change.of("Complete", "FailureTarget") and complete and "FailureTarget" in now:
        _contradiction(errors, "cannot set Complete=True and FailureTarget=true conditions")
    path, done, started = "status.completionTime", status.get("completionTime"), status.get("startTime")
    if change.of("Complete", "completionTime"):
        if done is not None and not complete:
            text = "cannot set completionTime when there is no Complete=True condition"
            errors.append(field.invalid(path, done, text))
        if done is None and complete:
            errors.append(field.required(path, "completionTime is required for Complete jobs"))
    retimed = change.of("startTime", "completionTime")
    if retimed and started is not None and done is not None and parse_time(done) < parse_time(started):
        errors.append(field.invalid(path, done, "must be equal to or after `startTime`"))
    if change.of("Failed", "failedIndexes") and failed and "FailureTarget" not in now:
        _contradiction(errors, "cannot set Failed=True condition without the FailureTarget=true condition")
    if change.of("Complete", "SuccessCriteriaMet") and complete and "SuccessCriteriaMet" not in now:
        _contradiction(errors, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition")


def _check_finished(change: _Change, errors: Errors) -> None:
    status = change.new
    if not change.finished:
        return
    if (change.just_finished or change.of("active")) and status.get("active"):
        errors.append(field.invalid("status.active", status["active"], "active>0 is invalid for finished job"))
    # a suspended Job that has nothing to do is complete without a start
    idle = change.spec.get("suspend") and change.spec.get("completions") == 0
    if (change.just_finished or change.of("startTime")) and status.get("startTime") is None and not idle:
        errors.append(field.required("status.startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    if (change.just_finished or change.of("uncountedTerminatedPods")) and (pods.get("failed") or pods.get("succeeded")):
        shown = Struct(Succeeded=pods.get("succeeded"), Failed=pods.get("failed"))
        errors.append(field.invalid("status.uncountedTerminatedPods", shown, "must be empty for finished job"))


def _check_indexes(change: _Change, errors: Errors) -> None:
    status, completions = change.new, change.spec.get("completions")
    by_index = change.spec.get("backoffLimitPerIndex") is not None
    done, failed = status.get("completedIndexes") or "", status.get("failedIndexes")
    if completions is not None:
        if change.of("completedIndexes"):
            _check_index_set("completedIndexes", done, completions, errors)
        if change.of("failedIndexes") and by_index:
            _check_index_set("failedIndexes", failed or "", completions, errors)
    if change.of("completedIndexes") and done and not change.indexed:
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(field.invalid("status.completedIndexes", done, text))
    if change.of("failedIndexes") and failed is not None and not by_index:
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(field.invalid("status.failedIndexes", failed, text))
    if change.of("failedIndexes", "completedIndexes") and completions is not None and failed:
        common = _common_index(_readable(done, completions), _readable(failed, completions))
        if common is not None:
            text = f"failedIndexes and completedIndexes overlap at index: {common}"
            errors.append(field.invalid("status.failedIndexes", failed, text))


def _check_index_set(key: str, text: str, completions: int, errors: Errors) -> None:
    try:
        parse_indexes(text, completions)
    except IndexesError as error:
        errors.append(field.invalid(f"status.{key}", text, f"error parsing {key}: {error}"))


def _readable(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals of an index set that can be read."""
    intervals: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        try:
            intervals += parse_indexes(part, completions)
        except IndexesError:
            continue
    return intervals


def _common_index(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> int | None:
    overlaps = (max(a, c) for a, b in some for c, d in others if a <= d and c <= b)
    return next(overlaps, None)


def _check_pods(change: _Change, errors: Errors) -> None:
    status = change.new
    terminating, ready = status.get("terminating"), status.get("ready")
    if (change.just_finished or change.of("terminating")) and change.finished and terminating:
        text = "terminating>0 is invalid for finished job"
        errors.append(field.invalid("status.terminating", terminating, text))
    if change.of("ready", "active") and ready is not None and ready > (status.get("active") or 0):
        errors.append(field.invalid("status.ready", ready, "cannot set more ready pods than active"))


def _check_success(change: _Change, errors: Errors) -> None:
    met = "SuccessCriteriaMet" in change.now
    if met and "Failed" in change.now:
        _contradiction(errors, "cannot set SuccessCriteriaMet=True and Failed=true conditions")
    if met and "FailureTarget" in change.now:
        _contradiction(errors, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
    if change.spec.get("successPolicy") is not None and not met and "Complete" in change.now:
        text = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        _contradiction(errors, text)


def _check_progress(change: _Change, errors: Errors) -> None:
    """What was reached is not taken back."""
    status, before, spec = change.new, change.old, change.spec
    for kind in _TERMINAL:
        if kind in change.then and kind not in change.now:
            _contradiction(errors, f"cannot disable the terminal {kind}=True condition")
    # an indexed Job that is scaled down forgets indexes it no longer has
    shrinks = change.indexed and spec.get("completions") == spec.get("parallelism")
    for key in ("failed", "succeeded"):
        value = status.get(key) or 0
        if value < (before.get(key) or 0) and (key == "failed" or not shrinks):
            errors.append(field.invalid(f"status.{key}", value, f"cannot decrease the {key} counter"))
    done, was_done = status.get("completionTime"), before.get("completionTime")
    if done is not None and was_done is not None and done != was_done:
        errors.append(field.invalid("status.completionTime", done, "field is immutable"))
    if before.get("startTime") is not None and change.of("startTime") and not spec.get("suspend"):
        resumed = "Suspended" in change.then and _is_resumed(status)
        if not resumed:
            text = "field is immutable for unsuspended job once set"
            errors.append(field.invalid("status.startTime", status.get("startTime"), text))
    if "SuccessCriteriaMet" in change.then and "SuccessCriteriaMet" not in change.now:
        _contradiction(errors, "cannot disable the SuccessCriteriaMet=True condition")
    if "Complete" in change.then and "SuccessCriteriaMet" not in change.then and "SuccessCriteriaMet" in change.now:
        text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        _contradiction(errors, text)


def _is_resumed(status: Status) -> bool:
    conditions = status.get("conditions") or ()
    return any(c.get("type") == "Suspended" and c.get("status") == "False" for c in conditions)
