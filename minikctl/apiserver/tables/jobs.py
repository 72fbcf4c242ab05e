"""Rows of the batch group."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.duration import human
from minikctl.apiserver.tables.cells import (
    NONE,
    UNSET,
    Obj,
    age,
    containers,
    define,
    epoch,
    is_true,
    name,
    selector,
    since,
)


def _status(obj: Obj) -> str:
    conditions = (obj.get("status") or {}).get("conditions")
    if is_true(conditions, "Complete"):
        return "Complete"
    if is_true(conditions, "Failed"):
        return "Failed"
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    if is_true(conditions, "Suspended"):
        return "Suspended"
    return "FailureTarget" if is_true(conditions, "FailureTarget") else "Running"


def _completions(spec: Obj, succeeded: int) -> str:
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    duration = ""
    if status.get("startTime"):
        end = epoch(status["completionTime"]) if status.get("completionTime") else now
        duration = human(end - epoch(status["startTime"]))
    return [
        name(obj),
        _status(obj),
        _completions(spec, status.get("succeeded", 0)),
        duration,
        age(obj, now),
        *containers(spec["template"].get("spec")),
        selector(spec.get("selector")),
    ]


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    suspend = spec.get("suspend")
    last = status.get("lastScheduleTime")
    return [
        name(obj),
        spec.get("schedule", ""),
        NONE if spec.get("timeZone") is None else spec["timeZone"],
        UNSET if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age(obj, now),
        *containers((job.get("template") or {}).get("spec")),
        selector(job.get("selector")),
    ]


_DETAILS = ("Containers+", "Images+", "Selector+")

TABLES = {
    "jobs.batch": (define("Name", "Status", "Completions", "Duration", "Age", *_DETAILS), _job),
    "cronjobs.batch": (
        define(
            "Name",
            "Schedule",
            "Timezone",
            "Suspend:boolean",
            "Active:integer",
            "Last Schedule",
            "Age",
            *_DETAILS,
        ),
        _cron_job,
    ),
}
