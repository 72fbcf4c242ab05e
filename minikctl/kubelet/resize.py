"""In-place resize: a running pod's new resources are granted, deferred, or found infeasible.

Counterpart of kubelet's `allocation/allocation_manager.go`. What is granted counts as allocated and
shows in the container statuses at once.
"""

from __future__ import annotations

import json

from minikctl.apimachinery.podresources import Amounts, amount, pod_requests
from minikctl.apimachinery.request import Obj
from minikctl.kubelet.admission import Shortage
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import PodRecord


class Resize:
    """Compares what a pod's containers ask for with what they were given."""

    def __init__(self, host: Host, pod: Obj, record: PodRecord) -> None:
        self._host = host
        self._pod = pod
        self._record = record

    def apply(self) -> None:
        """Grant the wanted resources, or note in the record why not."""
        record = self._record
        changed = self._changed()
        if not changed:
            record.resize = None
            return
        node = self._host.node(record.node)
        if node is None:
            return
        meta = self._pod["metadata"]
        wanted = pod_requests(self._pod)
        too_much = _infeasible(wanted, node)
        if too_much is not None:
            self._refuse("Infeasible", too_much)
            return
        short = self._host.usage(record.node).shortage(wanted, node, f"{meta['namespace']}/{meta['name']}")
        if short is not None:
            self._refuse("Deferred", short)
            return
        for container in changed:
            record.containers[container["name"]].allocated = _resources(container)
        record.resize = None

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
        containers = [
            {"name": container["name"], "resources": container.get("resources") or {}}
            for container in self._pod["spec"]["containers"]
        ]
        details = {"containers": containers, "generation": generation, "error": str(short)}
        text = json.dumps(details, separators=(",", ":"))
        message = f"Pod resize OutOf{short.resource}: {text}"
        self._host.event(self._pod, "Warning", f"Resize{reason}", message)


def _resources(container: Obj) -> Obj:
    resources = container.get("resources") or {}
    return {"requests": resources.get("requests"), "limits": resources.get("limits")}


def _infeasible(wanted: Amounts, node: Obj) -> Shortage | None:
    """The first resource of which the node does not have so much at all."""
    offered = node.get("status", {}).get("allocatable") or {}
    for name in ("cpu", "memory"):
        if name in offered and wanted.get(name, 0) > (capacity := amount(name, offered[name])):
            return Shortage(name, wanted[name], 0, capacity)
    return None
