"""The job controller's sync: count finished pods, decide, start or stop pods, write status.

Upstream spreads counting over several writes (uncountedTerminatedPods) to survive a crash between
them; here one sync is one transaction, so pods are counted and their finalizers removed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import condition, is_true
from minikctl.apimachinery.request import JSON_PATCH
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, compact, earliest, seconds_of
from minikctl.controllers.job import policy
from minikctl.controllers.job.starting import start
from minikctl.controllers.job.tally import FINALIZER, Tally, is_over, is_tracked
from minikctl.controllers.ownership import Claim, is_controlled_by, selector_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_RESOURCE = "jobs.batch"
_BACKOFF_OF = "backoff/"
_KEPT_JOBS = 1000
_CONTROLLER_NAME = "kubernetes.io/job-controller"
_BACKOFF = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
_TOO_MANY_INDEXES = (
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
_FAILED_INDEXES = ("FailedIndexes", "Job has failed indexes")
_COMPLETED = ("CompletionsReached", "Reached expected number of succeeded pods")


class JobController(Controller):
    """Keeps the names of pods that still matter of Jobs it has synced: those that are over are read once."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, _RESOURCE, "batch/v1", "Job", finalizer=FINALIZER)
        self._open: dict[str, set[str]] = {}  # by uid of the Job

    def sync(self, key: str) -> float | None:
        what, _, rest = key.rpartition(":")
        if what == "gone":
            self._open.pop(rest, None)
            self.env.state.delete(_BACKOFF_OF + rest)
            for pod in self.client.items("pods", owner=rest):
                self._untrack(pod)
            return None
        namespace, name = split_key(rest)
        if what == "untrack":
            stray = self.client.peek("pods", name, namespace)
            if stray is not None:
                self._untrack(stray)
            return None
        job = self.client.peek(_RESOURCE, name, namespace)
        if job is None or job["spec"].get("managedBy", _CONTROLLER_NAME) != _CONTROLLER_NAME:
            return None
        if is_true(job, "Complete") or is_true(job, "Failed"):
            self.env.state.delete(_BACKOFF_OF + job["metadata"]["uid"])
            return None
        return self._sync(job)

    def _members(self, job: Obj) -> list[Obj]:
        meta = job["metadata"]
        if job["spec"].get("manualSelector") and "startTime" not in (job.get("status") or {}):
            return self.claim.owned(job, selector_of(job))
        uid, namespace = meta["uid"], meta["namespace"]
        touched = self.env.touched.pop(f"{namespace}/{meta['name']}", {})
        if uid not in self._open:
            if len(self._open) >= _KEPT_JOBS:
                self._open.clear()
            found = [
                p for p in self.client.items("pods", namespace, owner=uid, shared=True) if is_controlled_by(p, uid)
            ]
        else:
            names = sorted(self._open[uid].union(touched))
            pods_now = (self.client.peek("pods", name, namespace, shared=True) for name in names)
            found = [pod for pod in pods_now if pod is not None and is_controlled_by(pod, uid)]
        members = self._claimed(job, [pod for pod in found if not is_over(pod)])
        self._open[uid] = {pod["metadata"]["name"] for pod in members}
        return members

    def _claimed(self, job: Obj, members: list[Obj]) -> list[Obj]:
        """Those that still match the Job's selector; the others are released."""
        if "deletionTimestamp" in job["metadata"]:
            return members
        selector, kept = selector_of(job), []
        for pod in members:
            if selector.matches(pod["metadata"].get("labels") or {}):
                kept.append(pod)
            else:
                self.claim.release(pod, job["metadata"]["uid"])
        return kept

    def backoff(self, job: Obj) -> policy.Backoff:
        """The Job's failures since its last success."""
        return policy.Backoff(*self.env.state.get(_BACKOFF_OF + job["metadata"]["uid"]) or ())

    def _note_backoff(self, job: Obj, tally: Tally, now: float) -> None:
        """Add what has finished to the Job's back-off."""
        known = self.backoff(job)
        fresh = known.after(tally.new_succeeded, tally.new_failed, now)
        if fresh != known:
            self.env.state.put(_BACKOFF_OF + job["metadata"]["uid"], list(fresh))

    def _sync(self, job: Obj) -> float | None:
        now = self.clock.now()
        tally = Tally(job, self._members(job))
        status = dict(job.get("status") or {})
        suspended = bool(job["spec"].get("suspend"))
        if "startTime" not in status and not suspended:
            status["startTime"] = rfc3339(now)
        if not tally.per_index and (tally.new_succeeded or tally.new_failed):
            self._note_backoff(job, tally, now)
        finish = self._verdict(job, tally, status, now)
        due: float | None = None
        failure: StatusError | None = None
        active = len(tally.active)
        if finish is not None:
            active -= self._stop(job, tally, tally.active)
        elif "deletionTimestamp" not in job["metadata"]:
            active, due, failure = self._manage(job, tally, suspended)
            finish = self._completion(job, tally, active)
            if finish is None:
                self._note_suspension(job, status, suspended, now)
        released, failures = tally.done_with(finish[0] if finish else "")
        for pod in released:
            self._untrack(pod)
        status["failed"] = status.get("failed", 0) + failures
        self._write(job, status, tally, active, finish, now)
        if failure is not None:
            raise failure
        deadline = job["spec"].get("activeDeadlineSeconds")
        if deadline is not None and finish is None and not suspended and "startTime" in status:
            due = earliest(due, seconds_of(status["startTime"]) + deadline)
        return due

    def _verdict(self, job: Obj, tally: Tally, status: Obj, now: float) -> tuple[str, str, str] | None:
        """(condition type, reason, message) where the Job has to end, before it has all completions."""
        for type_ in ("SuccessCriteriaMet", "FailureTarget"):
            known = condition(job, type_)
            if known is not None and known["status"] == "True":
                return type_, known["reason"], known["message"]
        failed = self._failure(job, tally, status, now)
        if failed is not None:
            return "FailureTarget", *failed
        if tally.indexed and (message := policy.success_message(job, tally.succeeded_indexes)):
            return "SuccessCriteriaMet", "SuccessPolicy", message
        return None

    def _failure(self, job: Obj, tally: Tally, status: Obj, now: float) -> tuple[str, str] | None:
        spec = job["spec"]
        if spec.get("podFailurePolicy"):
            for pod in tally.members:
                if policy.has_failed(pod, job):
                    action, message = policy.judge(job, pod)
                    if action == "FailJob":
                        return "PodFailurePolicy", message
        if tally.failed > spec.get("backoffLimit", 6) or tally.exceeded_restarts():
            return _BACKOFF
        deadline = spec.get("activeDeadlineSeconds")
        suspended = bool(spec.get("suspend"))
        if deadline is not None and not suspended and now - seconds_of(status.get("startTime")) >= deadline:
            return _DEADLINE
        if tally.failed_indexes is not None:
            count, most = len(tally.failed_indexes), spec.get("maxFailedIndexes")
            if most is not None and count > most:
                return _TOO_MANY_INDEXES
            if count and count + len(tally.succeeded_indexes) >= spec["completions"]:
                return _FAILED_INDEXES
        return None

    def _manage(self, job: Obj, tally: Tally, suspended: bool) -> tuple[int, float | None, StatusError | None]:
        """Start or stop pods for the parallelism asked for: (active now, when to look again, failure)."""
        active = len(tally.active)
        if suspended:
            return active - self._remove(job, tally, tally.surplus(active)), None, None
        parallelism = job["spec"].get("parallelism", 1)
        if tally.completions is None:
            wanted = active if tally.succeeded else parallelism
        else:
            wanted = max(0, min(parallelism, tally.completions - tally.succeeded))
        extra = tally.surplus(max(0, active - wanted))
        if extra:
            return active - self._remove(job, tally, extra), None, None
        missing = wanted - active - (tally.terminating if policy.only_replaces_failed(job) else 0)
        if missing <= 0:
            return active, None, None
        made, due, failure = start(self, job, tally, missing)
        return active + made, due, failure

    def _completion(self, job: Obj, tally: Tally, active: int) -> tuple[str, str, str] | None:
        if active:
            return None
        if tally.completions is None:
            done = tally.succeeded > 0
        else:
            done = tally.succeeded >= tally.completions
        return ("SuccessCriteriaMet", *_COMPLETED) if done else None

    def _stop(self, job: Obj, tally: Tally, members: list[Obj]) -> int:
        """Delete pods; how many. Those not removed at once are terminating from now on."""
        for pod in members:
            pods.delete(self, job, pod)
            tally.ready -= pods.is_ready(pod)
        tally.terminating += len(members)
        return len(members)

    def _remove(self, job: Obj, tally: Tally, members: list[Obj]) -> int:
        """Delete pods that are not wanted now, without counting them as failed; how many."""
        for pod in members:
            self._untrack(pod)
        return self._stop(job, tally, members)

    def _note_suspension(self, job: Obj, status: Obj, suspended: bool, now: float) -> None:
        known = condition(job, "Suspended")
        if (known is not None and known["status"] == "True") == suspended:
            return
        word = "suspended" if suspended else "resumed"
        _set(status, "Suspended", "True" if suspended else "False", f"Job{word.title()}", f"Job {word}", now)
        self.recorder.event(job, "Normal", word.title(), f"Job {word}")
        if suspended:
            # so that its template may be changed (the gate MutableSchedulingDirectivesForSuspendedJobs)
            status.pop("startTime", None)
        else:
            status["startTime"] = rfc3339(now)

    def _write(
        self, job: Obj, status: Obj, tally: Tally, active: int, finish: tuple[str, str, str] | None, now: float
    ) -> None:
        ended: tuple[str, str] | None = None
        if finish is not None:
            type_, reason, message = finish
            _set(status, type_, "True", reason, message, now)
            if not tally.terminating:
                ended = ("Complete" if type_ == "SuccessCriteriaMet" else "Failed", reason)
                _set(status, ended[0], "True", reason, message, now)
                if ended[0] == "Complete":
                    status["completionTime"] = rfc3339(now)
        status |= {
            "active": active,
            "ready": tally.ready,
            "succeeded": tally.succeeded,
            "terminating": tally.terminating,
            "uncountedTerminatedPods": {},
            "completedIndexes": str(tally.succeeded_indexes),
        }
        if tally.failed_indexes is not None:
            status["failedIndexes"] = str(tally.failed_indexes)
        keep = ("ready", "terminating", "uncountedTerminatedPods", "failedIndexes")
        self.put_status(_RESOURCE, job, compact(status, keep))
        if ended is not None and finish is not None:
            self._tell_end(job, ended[0], finish)

    def _tell_end(self, job: Obj, type_: str, finish: tuple[str, str, str]) -> None:
        if type_ == "Failed":
            self.recorder.event(job, "Warning", finish[1], finish[2])
            return
        if job["status"].get("succeeded", 0) > job["spec"].get("completions", 2**31):
            message = "Too many succeeded pods running after completion count reached"
            self.recorder.event(job, "Warning", "TooManySucceededPods", message)
        self.recorder.event(job, "Normal", "Completed", "Job completed")

    def _untrack(self, pod: Obj) -> None:
        """Take the tracking finalizer off a pod."""
        meta = pod["metadata"]
        if not is_tracked(pod):
            return
        at = meta["finalizers"].index(FINALIZER)
        patch = [
            {"op": "test", "path": f"/metadata/finalizers/{at}", "value": FINALIZER},
            {"op": "remove", "path": f"/metadata/finalizers/{at}"},
        ]
        try:
            self.client.patch("pods", meta["name"], patch, JSON_PATCH, meta["namespace"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise


def _set(status: Obj, type_: str, value: str, reason: str, message: str, now: float) -> None:
    """Set a condition, unless it has that status already."""
    conditions = list(status.get("conditions") or ())
    for entry in conditions:
        if entry["type"] == type_ and entry["status"] == value:
            return
    at = rfc3339(now)
    fresh = {
        "type": type_,
        "status": value,
        "lastProbeTime": at,
        "lastTransitionTime": at,
        "reason": reason,
        "message": message,
    }
    for number, entry in enumerate(conditions):
        if entry["type"] == type_:
            conditions[number] = fresh
            break
    else:
        conditions.append(fresh)
    status["conditions"] = conditions
