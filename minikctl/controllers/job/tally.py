"""What a Job's pods add up to in one sync: who is active, who finished and is not counted yet."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from minikctl.controllers import pods
from minikctl.controllers.controller import seconds_of
from minikctl.controllers.job import indexes, policy

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

FINALIZER = "batch.kubernetes.io/job-tracking"


def is_tracked(pod: Obj) -> bool:
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def is_over(pod: Obj) -> bool:
    """Whether a pod has been counted: it says nothing any more."""
    return pods.is_finished(pod) and not is_tracked(pod)


class Tally:
    """Counts of one Job. `succeeded` and `failed` include what has finished and is not in the status yet."""

    def __init__(self, job: Obj, members: list[Obj]) -> None:
        """`members`: the Job's pods but for those that are over (see `is_over`)."""
        status = job.get("status") or {}
        self.job = job
        self.members = members
        self.active = [pod for pod in members if pods.is_active(pod)]
        self.ready = sum(1 for pod in self.active if pods.is_ready(pod))
        self.terminating = sum(1 for pod in members if pods.is_terminating(pod))
        self.indexed = indexes.is_indexed(job)
        self.per_index = job["spec"].get("backoffLimitPerIndex") is not None
        self.completions: int | None = job["spec"].get("completions")
        tracked = [pod for pod in members if is_tracked(pod) and self._counts(pod)]
        self.new_succeeded = [pod for pod in tracked if pods.phase(pod) == "Succeeded"]
        self.new_failed = [pod for pod in tracked if policy.has_failed(pod, job)]
        self.succeeded: int = status.get("succeeded", 0) + len(self.new_succeeded)
        self.failed: int = status.get("failed", 0)
        self.failed += sum(1 for pod in self.new_failed if policy.judge(job, pod)[0] != "Ignore")
        self.succeeded_indexes = indexes.Indexes()
        self.failed_indexes: indexes.Indexes | None = None
        if self.indexed:
            self._count_indexes(status)
        # By index, the failed pod whose count its replacement has still to take over (podsWithDelayedDeletion).
        self.to_replace: dict[int, Obj] = self._to_replace() if self.per_index else {}

    def _counts(self, pod: Obj) -> bool:
        if not self.indexed:
            return True
        index = indexes.index_of(pod)
        return index is not None and index < (self.completions or 0)

    def _count_indexes(self, status: Obj) -> None:
        fresh = indexes.Indexes.of(map(indexes.index_of, self.new_succeeded))
        self.succeeded_indexes = indexes.Indexes.parse(status.get("completedIndexes"), self.completions) | fresh
        self.succeeded = len(self.succeeded_indexes)
        if not self.per_index:
            return
        known = indexes.Indexes.parse(status.get("failedIndexes"), self.completions)
        given_up = (indexes.index_of(pod) for pod in self.new_failed if policy.index_has_failed(self.job, pod))
        self.failed_indexes = (known | indexes.Indexes.of(given_up)).without(self.succeeded_indexes)

    def _to_replace(self) -> dict[int, Obj]:
        active = set(map(indexes.index_of, self.active))
        given_up = self.failed_indexes or indexes.Indexes()
        found: dict[int, Obj] = {}
        for pod in self.new_failed:
            number = indexes.index_of(pod)
            if number is None or number in active or number in self.succeeded_indexes or number in given_up:
                continue
            other = found.get(number)
            if other is None or sum(policy.failure_counts(pod)) >= sum(policy.failure_counts(other)):
                found[number] = pod
        return found

    def done_with(self, ending: str) -> tuple[list[Obj], int]:
        """The pods to let go of, and how many of them the status has to count as failed.

        `ending`: the type of the condition by which the Job ends, or "". What is still active goes with a
        Job that ends; where it fails, that counts as a failure (trackJobStatusAndRemoveFinalizers).
        """
        kept = {id(pod) for pod in self.to_replace.values()}
        over = bool(ending) or "deletionTimestamp" in self.job["metadata"]
        released, failures = [], 0
        for pod in self.members:
            if not is_tracked(pod):
                continue
            failed = policy.has_failed(pod, self.job)
            succeeded = pods.phase(pod) == "Succeeded"
            if not over and not succeeded and (not failed or id(pod) in kept):
                continue
            released.append(pod)
            if not succeeded and (failed or ending == "FailureTarget") and self._counts(pod):
                failures += policy.judge(self.job, pod)[0] != "Ignore"
        return released, failures

    def pending_indexes(self, count: int) -> list[int]:
        """The first indexes that have neither succeeded, failed nor an active pod."""
        occupied = self.active
        if policy.only_replaces_failed(self.job):
            occupied = [pod for pod in self.members if not pods.is_finished(pod)]
        taken = self.succeeded_indexes | indexes.Indexes.of(map(indexes.index_of, occupied))
        if self.failed_indexes is not None:
            taken = taken | self.failed_indexes
        return list(islice(taken.missing(self.completions or 0), count))

    def exceeded_restarts(self) -> bool:
        """For restartPolicy OnFailure: containers restarted in place count as failures."""
        spec = self.job["spec"]
        if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
            return False
        restarts: int = sum(
            entry.get("restartCount", 0)
            for pod in self.members
            if pods.phase(pod) in ("Running", "Pending")
            for field in ("initContainerStatuses", "containerStatuses")
            for entry in pod["status"].get(field) or ()
        )
        limit = int(spec.get("backoffLimit", 6))
        return restarts > 0 if limit == 0 else restarts >= limit

    def surplus(self, at_least: int) -> list[Obj]:
        """Active pods to remove: wrong or doubled indexes, then the least valuable (activePodsForRemoval)."""
        extra: list[Obj] = []
        rest = self.active
        if self.indexed:
            rest = []
            by_index: dict[int, list[Obj]] = {}
            for pod in self.active:
                index = indexes.index_of(pod)
                if index is None or index >= (self.completions or 0):
                    extra.append(pod)
                else:
                    by_index.setdefault(index, []).append(pod)
            for index in sorted(by_index):
                *doubled, best = sorted(by_index[index], key=_value)
                extra += doubled
                rest.append(best)
        if len(extra) < at_least:
            extra += sorted(rest, key=_value)[: at_least - len(extra)]
        return extra


def _value(pod: Obj) -> tuple[float, ...]:
    """The less, the sooner a pod is removed (controller.ActivePods): what has come less far, or got there later."""
    status = pod.get("status") or {}
    ready = pods.ready_condition(pod)
    restarts = max((entry.get("restartCount", 0) for entry in status.get("containerStatuses") or ()), default=0)
    return (
        bool(pod["spec"].get("nodeName")),
        {"Running": 2, "Unknown": 1}.get(pods.phase(pod), 0),
        ready is not None,
        -seconds_of((ready or {}).get("lastTransitionTime")),
        -restarts,
        -seconds_of(pod["metadata"].get("creationTimestamp")),
    )
