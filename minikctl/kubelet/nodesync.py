"""All that happens on a machine beside its pods: failures that end, shutdowns, pressure, and what the API is told.

One sync of a node's key calls the parts in turn; pods are the kubelet's (kubelet.py), which lends the
means to evict one.
"""

from __future__ import annotations

from collections.abc import Callable

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import machines
from minikctl.kubelet.host import Host
from minikctl.kubelet.nodeagent import NodeAgent
from minikctl.kubelet.pressure import Candidate, Pressure
from minikctl.kubelet.record import PodRecord
from minikctl.kubelet.staticpods import StaticPods

_FINISHED = ("Succeeded", "Failed")
_LOOK_SECONDS = 1.0


class NodeSync:
    """Syncs nodes' keys."""

    def __init__(self, host: Host, evict: Callable[[Obj, PodRecord, str], None]) -> None:
        self._host = host
        self._agent = NodeAgent(host)
        self._pressure = Pressure(host, evict)
        self.static = StaticPods(host)

    def sync(self, name: str) -> float | None:
        """Bring a node up to the present; when to look again."""
        machine = self._host.machines.get(name)
        if machine is None:
            return None
        times = [self._expire(name, machine), self._shut_down(name, machine)]
        pressed: list[str] = []
        if not machines.is_silent(machine):
            pressed, again = self._pressure.sync(name, machine, lambda: self.candidates(name))
            times.append(again)
        self._agent.sync(name, pressed)
        if not machines.is_silent(machine):
            times.append(self.static.sync(name, machine))
        due = [at for at in times if at is not None]
        return min(due) if due else None

    def candidates(self, name: str) -> list[Candidate]:
        """The pods that run on a node, with what the node remembers of them."""
        found = []
        for pod in self._host.client.items("pods", node=name):
            meta = pod["metadata"]
            stored = self._host.state.get(f"pod/{meta['namespace']}/{meta['name']}")
            record = PodRecord.load(stored) if stored else None
            if record is not None and not record.ended and not record.ending and "deletionTimestamp" not in meta:
                found.append((pod, record))
        return found

    def _expire(self, name: str, machine: Obj) -> float | None:
        """End the failures whose time is up; when the next one ends."""
        until: dict[str, float] = machine.get("until") or {}
        now = self._host.clock.now()
        over = [failure for failure, at in until.items() if at <= now]
        for failure in over:
            machines.recover(machine, failure)
        if over:
            self._host.machines.put(name, machine)
        return min(until.values()) if until else None

    def _shut_down(self, name: str, machine: Obj) -> float | None:
        """Switch the machine off once its pods have stopped in a graceful shutdown, or their time is up."""
        shutdown = machine.get("shutdown")
        if shutdown is None:
            return None
        now = self._host.clock.now()
        if "begun" not in shutdown:
            shutdown["begun"] = True
            self._host.node_event(name, "Normal", "Shutdown", "Shutdown manager detected shutdown event")
            self._host.machines.put(name, machine)
            self._agent.renew(name)  # wakes the pods
            return float(now + _LOOK_SECONDS)
        ends = shutdown["at"] + shutdown["grace"]
        if now < ends and self._any_runs(name):
            return float(min(now + _LOOK_SECONDS, ends))
        machine.pop("shutdown")
        machine["down"] = now
        self._host.machines.put(name, machine)
        return None

    def _any_runs(self, name: str) -> bool:
        entries = self._host.state.scan("pod/")
        return any(stored["node"] == name and "ended" not in stored for _, stored in entries)
