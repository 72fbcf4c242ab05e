"""CronJobs start Jobs on schedule (upstream's `pkg/controller/cronjob`, version 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import cron
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import deep_copy
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller, seconds_of
from minikctl.controllers.ownership import controller_ref, is_controlled_by

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "cronjobs.batch"
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MANY_MISSED = 100
_TOO_MANY_MISSED = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
_FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"


class Missed(NamedTuple):
    """What a schedule says of the time since it was last served: the newest time then, and how many about."""

    latest: float | None
    times: int


class _NeverDueError(ValueError):
    """A schedule that names no times, such as the 31st of February."""


class CronJobController(Controller):
    """The state holds, per CronJob, the schedule that was seen last."""

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        cron_job = self.client.peek(_RESOURCE, name, namespace)
        if cron_job is None:
            self.env.state.delete(key)
            return None
        if self._rescheduled(key, cron_job):
            return self._next_due(cron_job)
        uid = cron_job["metadata"]["uid"]
        jobs = [j for j in self.client.items("jobs.batch", namespace, owner=uid) if is_controlled_by(j, uid)]
        status = dict(cron_job.get("status") or {})
        status["active"] = list(status.get("active") or ())
        self._forget_finished(cron_job, status, jobs)
        self._review(cron_job, status, jobs)
        due: float | None = None
        if "deletionTimestamp" not in cron_job["metadata"]:
            due = self._run(cron_job, status)
        if not status.get("active"):
            status.pop("active", None)
        self.put_status(_RESOURCE, cron_job, status)
        return due

    def _rescheduled(self, key: str, cron_job: Obj) -> bool:
        """Whether the schedule is another than last time: then nothing is started before its next time.

        Upstream's handler of updates puts off the sync (updateCronJob).
        """
        seen = [cron_job["metadata"]["uid"], cron_job["spec"]["schedule"], cron_job["spec"].get("timeZone")]
        kept = self.env.state.get(key)
        if kept == seen:
            return False
        self.env.state.put(key, seen)
        return kept is not None and bool(kept[0] == seen[0])

    def _review(self, cron_job: Obj, status: Obj, jobs: list[Obj]) -> None:
        """Bring `active` and the time of the last success in line with the Jobs there are."""
        active = list(status["active"])
        for job in jobs:
            meta = job["metadata"]
            listed = any(reference.get("uid") == meta["uid"] for reference in active)
            end = _end(job)
            if not listed and not end:
                message = f"Saw a job that the controller did not create or forgot: {meta['name']}"
                self.recorder.event(cron_job, "Warning", "UnexpectedJob", message)
            elif listed and end:
                active = [reference for reference in active if reference.get("uid") != meta["uid"]]
                message = f"Saw completed job: {meta['name']}, condition: {end}"
                self.recorder.event(cron_job, "Normal", "SawCompletedJob", message)
            completed = (job.get("status") or {}).get("completionTime")
            if end == "Complete" and completed:
                status["lastSuccessfulTime"] = max(status.get("lastSuccessfulTime") or "", completed)
        known = {job["metadata"]["uid"] for job in jobs}
        for reference in [reference for reference in active if reference.get("uid") not in known]:
            self.recorder.event(
                cron_job, "Normal", "MissingJob", f"Active job went missing: {reference.get('name', '')}"
            )
            active.remove(reference)
        status["active"] = active

    def _forget_finished(self, cron_job: Obj, status: Obj, jobs: list[Obj]) -> None:
        """Delete the oldest finished Jobs beyond the history limits, before anybody saw them end."""
        spec = cron_job["spec"]
        for end, limit in (
            ("Complete", spec.get("successfulJobsHistoryLimit")),
            ("Failed", spec.get("failedJobsHistoryLimit")),
        ):
            finished = sorted((job for job in jobs if _end(job) == end), key=_started)
            if limit is not None:
                for job in finished[: max(0, len(finished) - limit)]:
                    self._delete(cron_job, status, job["metadata"])

    def _delete(self, cron_job: Obj, status: Obj, reference: Obj) -> None:
        """Delete a Job, which is then active no more. `reference` has its name and uid."""
        name = reference["name"]
        try:
            self.client.delete("jobs.batch", name, cron_job["metadata"]["namespace"], propagationPolicy="Background")
        except StatusError as error:
            if error.reason == "NotFound":
                return
            self.recorder.event(cron_job, "Warning", "FailedDelete", f"Deleted job: {error.message}")
            raise
        status["active"] = [entry for entry in status["active"] if entry.get("uid") != reference.get("uid")]
        self.recorder.event(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name}")

    def _run(self, cron_job: Obj, status: Obj) -> float | None:
        """Start a Job if its time has come; the time of the next one."""
        spec = cron_job["spec"]
        zone = spec.get("timeZone") or ""
        if zone and not cron.is_zone(zone):
            self.recorder.event(
                cron_job, "Warning", "UnknownTimeZone", f'invalid timeZone: "{zone}": unknown time zone {zone}'
            )
            return None
        if spec.get("suspend"):
            return None
        try:
            schedule = cron.parse(spec["schedule"])
        except cron.CronError as error:
            message = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self.recorder.event(cron_job, "Warning", "UnparseableSchedule", message)
            return None
        now, earliest = self.clock.now(), _served_until(cron_job, status)
        deadline = spec.get("startingDeadlineSeconds")
        since = earliest if deadline is None else max(earliest, now - deadline)
        try:
            missed = _missed(schedule, zone, since, now)
        except _NeverDueError as error:
            message = f"invalid schedule: {spec['schedule']} : {error}"
            self.recorder.event(cron_job, "Warning", "InvalidSchedule", message)
            return None
        if missed.latest is not None:
            if missed.times > _MANY_MISSED:
                self.recorder.event(cron_job, "Warning", "TooManyMissedTimes", _TOO_MANY_MISSED)
            self._start(cron_job, status, missed.latest, zone)
        return _following(schedule, zone, _served_until(cron_job, status), now)

    def _next_due(self, cron_job: Obj) -> float | None:
        """The next time of a schedule that has just been changed."""
        spec = cron_job["spec"]
        zone = spec.get("timeZone") or ""
        try:
            if not cron.is_zone(zone):
                raise cron.CronError(zone)
            schedule = cron.parse(spec["schedule"])
        except cron.CronError:
            message = f"unparseable schedule for cronjob: {spec['schedule']}"
            self.recorder.event(cron_job, "Warning", "UnParseableCronJobSchedule", message)
            return None
        return _following(schedule, zone, _served_until(cron_job, cron_job.get("status") or {}), self.clock.now())

    def _start(self, cron_job: Obj, status: Obj, at: float, zone: str) -> None:
        spec = cron_job["spec"]
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and at + deadline < self.clock.now():
            from datetime import datetime, timezone

            text = datetime.fromtimestamp(at, timezone.utc).strftime("%a, %d %b %Y %H:%M:%S +0000")
            message = f"Missed scheduled time to start a job: {text}"
            self.recorder.event(cron_job, "Warning", "MissSchedule", message)
            return
        name = f"{cron_job['metadata']['name']}-{int(at) // 60}"
        active = status["active"]
        if any(reference.get("name") == name for reference in active) or status.get("lastScheduleTime") == rfc3339(at):
            return
        policy = spec.get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and active:
            self.recorder.event(cron_job, "Normal", "JobAlreadyActive", _FORBIDDEN)
            return
        if policy == "Replace":
            for reference in active:
                self._delete(cron_job, status, reference)
            active = status["active"] = []
        job = self._create(cron_job, name, at, zone)
        if job is None:
            return
        meta = job["metadata"]
        reference = {"kind": "Job", "namespace": meta["namespace"], "name": name, "uid": meta["uid"]}
        active.append({**reference, "apiVersion": "batch/v1", "resourceVersion": meta["resourceVersion"]})
        status["lastScheduleTime"] = rfc3339(at)

    def _create(self, cron_job: Obj, name: str, at: float, zone: str) -> Obj | None:
        """The Job of that time; None where another of that name exists, or the namespace is going away."""
        template = deep_copy(cron_job["spec"]["jobTemplate"])
        namespace = cron_job["metadata"]["namespace"]
        meta = template.get("metadata") or {}
        labels = {"labels": meta["labels"]} if meta.get("labels") else {}
        job: Obj = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                **labels,
                "name": name,
                "namespace": namespace,
                "annotations": {**(meta.get("annotations") or {}), _SCHEDULED: _local(at, zone)},
                "ownerReferences": [controller_ref("batch/v1", "CronJob", cron_job)],
            },
            "spec": template["spec"],
        }
        try:
            made = self.client.create("jobs.batch", job, namespace)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                found = self.client.peek("jobs.batch", name, namespace)
                return found if found and is_controlled_by(found, cron_job["metadata"]["uid"]) else None
            if any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ()):
                return None
            message = f"Error creating job: {error.message}"
            self.recorder.event(cron_job, "Warning", "FailedCreate", message)
            raise
        self.recorder.event(cron_job, "Normal", "SuccessfulCreate", f"Created job {name}")
        return made


def _local(at: float, zone: str) -> str:
    """RFC 3339 on the clocks of the CronJob's zone."""
    if not zone:
        return rfc3339(at)
    from datetime import datetime

    text = datetime.fromtimestamp(at, cron.load_zone(zone)).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _end(job: Obj) -> str:
    """ "Complete" or "Failed" for a finished Job, else ""."""
    for entry in (job.get("status") or {}).get("conditions") or ():
        if entry["type"] in ("Complete", "Failed") and entry["status"] == "True":
            return str(entry["type"])
    return ""


def _started(job: Obj) -> tuple[bool, float, str]:
    start = (job.get("status") or {}).get("startTime")
    return start is None, seconds_of(start), job["metadata"]["name"]


def _served_until(cron_job: Obj, status: Obj) -> float:
    return seconds_of(status.get("lastScheduleTime") or cron_job["metadata"].get("creationTimestamp"))


def _missed(schedule: cron.Schedule, zone: str, since: float, now: float) -> Missed:
    """The newest time of the schedule after `since` and up to now (mostRecentScheduleTime).

    How many times there were is estimated from the distance of the first two, and so is where to look for
    the newest: of a schedule with gaps it is not found where the last gap is longer than twice that distance.
    """
    first = schedule.next(since, zone)
    if first is None:
        raise _NeverDueError("time difference between two schedules is less than 1 second")
    if now < first:
        return Missed(None, 0)
    second = schedule.next(first, zone)
    if second is None or now < second:
        return Missed(first, 0)
    step = second - first
    count = int((now - first) // step) + 1
    latest: float | None = None
    at = schedule.next(first + (count - 2) * step, zone)
    while at is not None and at <= now:
        latest, at = at, schedule.next(at, zone)
    return Missed(latest, count)


def _following(schedule: cron.Schedule, zone: str, since: float, now: float) -> float | None:
    """The next time of the schedule; an interval counts from its last time (nextScheduleTimeDuration)."""
    try:
        missed = _missed(schedule, zone, since, now)
    except _NeverDueError:
        return None
    if missed.latest is not None:
        return schedule.next(missed.latest, zone)
    return schedule.next(now if missed.times else since, zone)
