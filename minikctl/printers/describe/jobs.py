"""Jobs and CronJobs.

Upstream counterpart: JobDescriber and CronJobDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import human
from minikctl.apimachinery.selectors import SelectorError, from_label_selector
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.podtemplate import describe_pod_template
from minikctl.printers.describe.writer import NONE, UNSET, Writer, boolean, controlled_by, date, head, title_boolean

Obj = dict[str, Any]

_INDEXES_WIDTH = 50


def job(job: Obj, lookup: Lookup, now: float) -> str:
    """A Job: what it asks for, when it ran and how its pods fared."""
    metadata, spec, status = job["metadata"], job["spec"], job.get("status") or {}
    out = Writer()
    out.field("Name", metadata["name"])
    out.field("Namespace", metadata.get("namespace", ""))
    out.field("Selector", _selector(spec.get("selector")))
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    controlled_by(out, job)
    if spec.get("parallelism") is not None:
        out.field("Parallelism", spec["parallelism"])
    out.field("Completions", _or_unset(spec.get("completions")))
    if spec.get("completionMode") is not None:
        out.field("Completion Mode", spec["completionMode"])
    if spec.get("suspend") is not None:
        out.field("Suspend", boolean(spec["suspend"]))
    if spec.get("backoffLimit") is not None:
        out.field("Backoff Limit", spec["backoffLimit"])
    if spec.get("ttlSecondsAfterFinished") is not None:
        out.field("TTL Seconds After Finished", spec["ttlSecondsAfterFinished"])
    _times(out, status)
    if spec.get("activeDeadlineSeconds") is not None:
        out.field("Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    ready = "" if status.get("ready") is None else f" ({status['ready']} Ready)"
    out.field(
        "Pods Statuses",
        f"{status.get('active') or 0} Active{ready} / {status.get('succeeded') or 0} Succeeded / "
        f"{status.get('failed') or 0} Failed",
    )
    if spec.get("completionMode") == "Indexed":
        out.field("Completed Indexes", _indexes(status.get("completedIndexes") or ""))
    describe_pod_template(out, spec.get("template"))
    return finish(out, job, lookup, now)


def cron_job(cron_job: Obj, lookup: Lookup, now: float) -> str:
    """A CronJob: its schedule, limits and template, and the Jobs that run."""
    spec, status = cron_job["spec"], cron_job.get("status") or {}
    out = head(cron_job)
    out.field("Schedule", spec.get("schedule", ""))
    out.field("Concurrency Policy", spec.get("concurrencyPolicy", ""))
    out.field("Suspend", title_boolean(spec.get("suspend")))
    out.field("Time Zone", _or_unset(spec.get("timeZone")))
    out.field("Successful Job History Limit", _or_unset(spec.get("successfulJobsHistoryLimit")))
    out.field("Failed Job History Limit", _or_unset(spec.get("failedJobsHistoryLimit")))
    deadline = spec.get("startingDeadlineSeconds")
    out.field("Starting Deadline Seconds", UNSET if deadline is None else f"{deadline}s")
    _job_template(out, (spec.get("jobTemplate") or {}).get("spec") or {})
    last = status.get("lastScheduleTime")
    out.field("Last Schedule Time", date(last) if last else UNSET)
    out.field("Active Jobs", ", ".join([each.get("name", "") for each in status.get("active") or ()]) or NONE)
    return finish(out, cron_job, lookup, now)


def _job_template(out: Writer, spec: Obj) -> None:
    out.field("Selector", UNSET if spec.get("selector") is None else _selector(spec["selector"]))
    out.field("Parallelism", _or_unset(spec.get("parallelism")))
    out.field("Completions", _or_unset(spec.get("completions")))
    if spec.get("activeDeadlineSeconds") is not None:
        out.field("Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    describe_pod_template(out, spec.get("template") or {})


def _times(out: Writer, status: Obj) -> None:
    start, end = status.get("startTime"), status.get("completionTime")
    if start:
        out.field("Start Time", date(start))
    if end:
        out.field("Completed At", date(end))
    if start and end:
        out.field("Duration", human(parse_time(end) - parse_time(start)))


def _selector(selector: Obj | None) -> str:
    try:
        return str(from_label_selector(selector))
    except SelectorError as error:
        return f"Failed to get selector: {error}"


def _or_unset(value: object) -> object:
    return UNSET if value is None else value


def _indexes(indexes: str) -> str:
    """The completed indexes, cut at the first comma behind a certain width."""
    comma = indexes.find(",", _INDEXES_WIDTH)
    return f"{indexes[: comma + 1]}..." if comma >= 0 else indexes or NONE
