"""Starting a Job's pods: when the back-off allows it, with their indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import deep_copy
from minikctl.controllers import pods
from minikctl.controllers.controller import earliest
from minikctl.controllers.job import indexes, policy
from minikctl.controllers.job.tally import FINALIZER, Tally
from minikctl.controllers.ownership import controller_ref

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.job.controller import JobController

# What the apiserver keeps of a generateName: the index must be in it.
_LONGEST_PREFIX = 58
_INDEX_VARIABLE = "JOB_COMPLETION_INDEX"


def start(
    controller: JobController, job: Obj, tally: Tally, count: int
) -> tuple[int, float | None, StatusError | None]:
    """Start up to `count` pods: (how many, when to try the others, what went wrong)."""
    now, per_index = controller.clock.now(), tally.per_index
    if not per_index:
        at = controller.backoff(job).retry_at()
        if at > now:
            return 0, at, None
    due: float | None = None
    chosen: list[int] = []
    if tally.indexed:
        chosen = tally.pending_indexes(count)
        if per_index:
            chosen, due = _without_waiting(tally, chosen, now)
        count = len(chosen)
    model = _model(job, tally.indexed)

    def one(number: int) -> Obj:
        pod = model
        if tally.indexed:
            pod = deep_copy(model)
            _give_index(pod, job, chosen[number])
            if per_index:
                notes = policy.next_failure_counts(job, tally.to_replace.get(chosen[number]))
                pod["metadata"]["annotations"].update(notes)
        return pods.create(controller, job, pod)

    made, failure = pods.create_many(one, count)
    return len(made), due, failure


def _without_waiting(tally: Tally, chosen: list[int], now: float) -> tuple[list[int], float | None]:
    """Leave out indexes whose last pod failed a moment ago."""
    ready: list[int] = []
    due: float | None = None
    for index in chosen:
        failed = tally.to_replace.get(index)
        at = 0.0
        if failed is not None:
            at = policy.retry_at(sum(policy.failure_counts(failed)) + 1, policy.finish_time(failed, now))
        if at > now:
            due = earliest(due, at)
        else:
            ready.append(index)
    return ready, due


def _model(job: Obj, indexed: bool) -> Obj:
    pod = pods.from_template(job["spec"]["template"], job, controller_ref("batch/v1", "Job", job))
    meta = pod["metadata"]
    if FINALIZER not in meta.get("finalizers", ()):
        meta["finalizers"] = [*meta.get("finalizers", ()), FINALIZER]
    if not indexed:
        return pod
    copy: Obj = deep_copy(pod)
    spec = copy["spec"]
    path = f"metadata.labels['{indexes.ANNOTATION}']"
    for container in [*spec.get("initContainers", ()), *spec["containers"]]:
        if all(variable["name"] != _INDEX_VARIABLE for variable in container.get("env", ())):
            variable = {"name": _INDEX_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": path}}}
            container.setdefault("env", []).append(variable)
    return copy


def _give_index(pod: Obj, job: Obj, index: int) -> None:
    meta, name = pod["metadata"], job["metadata"]["name"]
    meta.setdefault("annotations", {})[indexes.ANNOTATION] = str(index)
    meta.setdefault("labels", {})[indexes.ANNOTATION] = str(index)
    pod["spec"]["hostname"] = f"{name}-{index}"
    suffix = f"-{index}-"
    meta["generateName"] = name[: _LONGEST_PREFIX - len(suffix)] + suffix
