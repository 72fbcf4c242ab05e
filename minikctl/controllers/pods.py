"""Pods as controllers see them: phase, readiness, availability, making them from a template.

Counterpart of the pod half of upstream's `controller_utils.go` and of `api/v1/pod/util.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.controller import Controller

_FINISHED = ("Succeeded", "Failed")
_OUTLINED = (
    "name", "namespace", "uid", "labels", "annotations", "ownerReferences", "creationTimestamp", "deletionTimestamp",
)  # fmt: skip


def phase(pod: Obj) -> str:
    return (pod.get("status") or {}).get("phase") or ""


def is_finished(pod: Obj) -> bool:
    """Succeeded or Failed (IsPodTerminal)."""
    return phase(pod) in _FINISHED


def is_active(pod: Obj) -> bool:
    """Neither finished nor being deleted."""
    return phase(pod) not in _FINISHED and "deletionTimestamp" not in pod["metadata"]


def is_terminating(pod: Obj) -> bool:
    """Being deleted, but not finished yet."""
    return "deletionTimestamp" in pod["metadata"] and phase(pod) not in _FINISHED


def outline(pod: Obj) -> Obj:
    """The part of a pod by which its owner counts and ranks it."""
    meta, status = pod["metadata"], pod.get("status") or {}
    conditions = [entry for entry in status.get("conditions") or () if entry["type"] == "Ready"]
    restarts = [{"restartCount": entry.get("restartCount", 0)} for entry in status.get("containerStatuses") or ()]
    return {
        "metadata": {field: meta[field] for field in _OUTLINED if field in meta},
        "spec": {"nodeName": pod["spec"].get("nodeName", "")},
        "status": {"phase": status.get("phase", ""), "conditions": conditions, "containerStatuses": restarts},
    }


def ready_condition(pod: Obj) -> Obj | None:
    """The Ready condition, where it is True."""
    for entry in (pod.get("status") or {}).get("conditions") or ():
        if entry["type"] == "Ready":
            found: Obj = entry
            return found if entry["status"] == "True" else None
    return None


def is_ready(pod: Obj) -> bool:
    return ready_condition(pod) is not None


def available_at(pod: Obj, min_ready_seconds: int) -> float | None:
    """When a ready pod is, was or will be available; None while it is not ready."""
    ready = ready_condition(pod)
    if ready is None:
        return None
    if not min_ready_seconds:
        return 0.0
    since = ready.get("lastTransitionTime")
    return parse_time(since) + min_ready_seconds if since else None


def is_available(pod: Obj, min_ready_seconds: int, now: float) -> bool:
    at = available_at(pod, min_ready_seconds)
    return at is not None and at <= now


def prefix_of(name: str) -> str:
    """The generateName of the pods of a controller."""
    return f"{name}-"


def from_template(template: Obj, owner: Obj, reference: Obj) -> Obj:
    """A pod to create from a template (GetPodFromTemplate). It shares data with the template: copy to alter it.

    Many pods of one template are best made of one such object: then the work is done for the first of them.
    """
    meta = template.get("metadata") or {}
    made: dict[str, Any] = {"generateName": prefix_of(owner["metadata"]["name"])}
    made["namespace"] = owner["metadata"]["namespace"]
    for field in ("labels", "annotations", "finalizers"):
        if meta.get(field):
            made[field] = meta[field]
    made["ownerReferences"] = [reference]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": template["spec"]}


def create(controller: Controller, owner: Obj, pod: Obj) -> Obj:
    """Create a pod and tell so in events of its owner (RealPodControl). The pod made may not be altered.

    `pod` stays as it is, and may be created again under another generated name.
    """
    try:
        made = controller.client.create("pods", pod, pod["metadata"]["namespace"], trusted=True)
    except StatusError as error:
        if not namespace_terminating(error):
            controller.recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
        raise
    controller.recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
    return made


def delete(controller: Controller, owner: Obj, pod: Obj) -> None:
    """Delete a pod and tell so in events of its owner; a pod already gone is no error."""
    meta = pod["metadata"]
    try:
        controller.client.delete("pods", meta["name"], meta["namespace"], preconditions={"uid": meta["uid"]})
    except StatusError as error:
        if error.reason in ("NotFound", "Conflict"):
            return
        controller.recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        raise
    controller.recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {meta['name']}")


def create_many(make: Callable[[int], Obj], count: int) -> tuple[list[Obj], StatusError | None]:
    """Create in batches of 1, 2, 4, ... and stop after the first batch with a failure (slowStartBatch).

    A namespace that is going away stops quietly.
    """
    made: list[Obj] = []
    start, size = 0, 1
    while start < count:
        size = min(size, count - start)
        failure: StatusError | None = None
        for number in range(start, start + size):
            try:
                made.append(make(number))
            except StatusError as error:
                if namespace_terminating(error):
                    return made, None
                failure = failure or error
        if failure is not None:
            return made, failure
        start += size
        size *= 2
    return made, None


def namespace_terminating(error: StatusError) -> bool:
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())
