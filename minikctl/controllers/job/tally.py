"""What a Job's pods add up to in one sync: who is active, who finished and is not counted yet."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from minikctl.controllers import pods
from minikctl.controllers.job import indexes, policy

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

FINALIZER = "batch.kubernetes.io/job-tracking"


def is_tracked(pod: Obj) -> bool:
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def is_over(pod: Obj) -> bool:
    """Whether a pod has been counted and says nothing any more: only a failed one of an index with a limit does."""
    counted = pods.is_finished(pod) and not is_tracked(pod)
    return counted and policy.FAILURES not in (pod["metadata"].get("annotations") or {})


class Tally:
    """Counts of one Job. `succeeded` and `failed` include what this sync is going to count."""

    def __init__(self, job: Obj, members: list[Obj]) -> None:
        """`members`: the Job's pods but for those that are over (see `is_over`)."""
        status = job.get("status") or {}
        self.job = job
        self.members = members
        self.active = [pod for pod in members if pods.is_active(pod)]
        self.terminating = sum(1 for pod in members if pods.is_terminating(pod))
        self.indexed = indexes.is_indexed(job)
        self.completions: int | None = job["spec"].get("completions")
        tracked = [pod for pod in members if is_tracked(pod) and self._counts(pod)]
        self.new_succeeded = [pod for pod in tracked if pods.phase(pod) == "Succeeded"]
        self.new_failed = [pod for pod in tracked if policy.has_failed(pod, job)]
        self.succeeded: int = status.get("succeeded", 0) + len(self.new_succeeded)
        self.failed: int = status.get("failed", 0)
        self.failed += sum(1 for pod in self.new_failed if policy.judge(job, pod)[0] != "Ignore")
        self.succeeded_indexes = indexes.Indexes()
        self.failed_indexes: indexes.Indexes | None = None
        self._last_failed: dict[int, Obj] | None = None
        if self.indexed:
            self._count_indexes(status)

    def _counts(self, pod: Obj) -> bool:
        if not self.indexed:
            return True
        index = indexes.index_of(pod)
        return index is not None and index < (self.completions or 0)

    def _count_indexes(self, status: Obj) -> None:
        fresh = indexes.Indexes.of(map(indexes.index_of, self.new_succeeded))
        self.succeeded_indexes = indexes.Indexes.parse(status.get("completedIndexes"), self.completions) | fresh
        self.succeeded = len(self.succeeded_indexes)
        if self.job["spec"].get("backoffLimitPerIndex") is None:
            return
        known = indexes.Indexes.parse(status.get("failedIndexes"), self.completions)
        given_up = (indexes.index_of(pod) for pod in self.new_failed if policy.index_has_failed(self.job, pod))
        self.failed_indexes = (known | indexes.Indexes.of(given_up)).without(self.succeeded_indexes)

    def last_failed(self, index: int) -> Obj | None:
        """The newest failed pod of an index."""
        if self._last_failed is None:
            self._last_failed = {}
            for pod in self.members:
                number = indexes.index_of(pod)
                if number is None or not policy.has_failed(pod, self.job):
                    continue
                other = self._last_failed.get(number)
                if other is None or sum(policy.failure_counts(pod)) > sum(policy.failure_counts(other)):
                    self._last_failed[number] = pod
        return self._last_failed.get(index)

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
        """Active pods to remove: wrong or doubled indexes, then the least valuable."""
        extra: list[Obj] = []
        rest = self.active
        if self.indexed:
            seen: set[int] = set()
            rest = []
            for pod in sorted(self.active, key=lambda p: not pods.is_ready(p)):
                index = indexes.index_of(pod)
                if index is None or index >= (self.completions or 0) or index in seen:
                    extra.append(pod)
                else:
                    seen.add(index)
                    rest.append(pod)
        if len(extra) < at_least:
            from minikctl.controllers.replicaset import rank

            extra += rank(rest, {}, 0.0)[: at_least - len(extra)]
        return extra
