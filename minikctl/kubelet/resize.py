"""In-place resize: a running pod's new resources are granted, deferred, or found infeasible.

Counterpart of kubelet's `allocation/allocation_manager.go`. What is granted counts as allocated and
shows in the container statuses at once; a container whose policy says so is restarted for it.
"""

from __future__ import annotations

import json

from minikctl.apimachinery.podresources import Amounts, amount, pod_requests
from minikctl.apimachinery.request import Obj
from minikctl.kubelet.admission import Shortage
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import RUNNING, Container, PodRecord


class Resize:
    """Compares what a pod's containers ask for with what they were given."""

    def __init__(self, host: Host, pod: Obj, record: PodRecord) -> None:
        self._host = host
        self._pod = pod
        self._record = record

    def apply(self) -> list[str]:
        """Grant the wanted resources, or note in the record why not; the containers that must be restarted for it."""
        record = self._record
        changed, level = self._changed(), self._pod["spec"].get("resources")
        if not changed and level == record.level:
            record.resize = None
            return []
        node = self._host.node(record.node)
        if node is None:
            return []
        meta = self._pod["metadata"]
        wanted = pod_requests(self._pod)
        too_much = _infeasible(wanted, node)
        if too_much is not None:
            self._refuse("Infeasible", too_much)
            return []
        short = self._host.usage(record.node).shortage(wanted, node, f"{meta['namespace']}/{meta['name']}")
        if short is not None:
            self._refuse("Deferred", short)
            record.waits.append(f"room/{record.node}")
            return []
        restarted = []
        for container in changed:
            state = record.containers[container["name"]]
            if state.state == RUNNING and _needs_restart(container, state.allocated or {}, _resources(container)):
                restarted.append(container["name"])
            state.allocated = _resources(container)
        record.resize, record.level = None, level
        self._tell("ResizeStarted", "Pod resize started")
        record.resizing = restarted
        if not restarted:
            self._tell("ResizeCompleted", "Pod resize completed")
        return restarted

    def finish(self) -> None:
        """Say that a resize is through once its containers run again."""
        record = self._record
        if record.resizing and all(_is_up(record.containers[name]) for name in record.resizing):
            record.resizing = []
            self._tell("ResizeCompleted", "Pod resize completed")

    def _tell(self, reason: str, what: str) -> None:
        generation = self._pod["metadata"].get("generation", 0)
        self._host.event(self._pod, "Normal", reason, f"{what}: {self._summary({'generation': generation})}")

    def _summary(self, more: Obj) -> str:
        """What every container is to have, as JSON."""
        spec, details = self._pod["spec"], {}
        sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
        for field, containers in (("initContainers", sidecars), ("containers", spec["containers"])):
            if containers:
                details[field] = [{"name": c["name"], "resources": _ordered(c)} for c in containers]
        return json.dumps({**details, **more}, separators=(",", ":"))

    def _changed(self) -> list[Obj]:
        found = []
        for container in [*self._pod["spec"]["containers"], *(self._pod["spec"].get("initContainers") or ())]:
            state = self._record.containers.get(container["name"])
            if state is not None and state.allocated is not None and state.allocated != _resources(container):
                found.append(container)
        return found

    def _refuse(self, reason: str, short: Shortage) -> None:
        generation = self._pod["metadata"].get("generation", 0)
        known = self._record.resize
        if known is not None and known["generation"] == generation and known["reason"] == reason:
            known["message"] = str(short)
            return
        self._record.resize = {"reason": reason, "message": str(short), "generation": generation}
        text = self._summary({"generation": generation, "error": str(short)})
        message = f"Pod resize OutOf{short.resource}: {text}"
        self._host.event(self._pod, "Warning", f"Resize{reason}", message)


def _resources(container: Obj) -> Obj:
    resources = container.get("resources") or {}
    return {"requests": resources.get("requests"), "limits": resources.get("limits")}


def _ordered(container: Obj) -> Obj:
    """A container's resources in the order in which upstream writes them."""
    resources = container.get("resources") or {}
    kinds = [kind for kind in ("limits", "requests") if resources.get(kind)]
    return {kind: dict(sorted(resources[kind].items())) for kind in kinds}


def _needs_restart(container: Obj, before: Obj, after: Obj) -> bool:
    """Whether a resource is changed for which the container's resize policy asks for a restart."""
    policies = {entry["resourceName"]: entry.get("restartPolicy") for entry in container.get("resizePolicy") or ()}
    for kind in ("requests", "limits"):
        old, new = before.get(kind) or {}, after.get(kind) or {}
        for name in ("cpu", "memory"):
            if policies.get(name) == "RestartContainer" and old.get(name) != new.get(name):
                return True
    return False


def _is_up(state: Container) -> bool:
    return state.state == RUNNING and not state.stopping


def _infeasible(wanted: Amounts, node: Obj) -> Shortage | None:
    """The first resource of which the node does not have so much at all."""
    offered = node.get("status", {}).get("allocatable") or {}
    for name in ("cpu", "memory"):
        if name in offered and wanted.get(name, 0) > (capacity := amount(name, offered[name])):
            return Shortage(name, wanted[name], 0, capacity)
    return None
