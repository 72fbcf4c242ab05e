"""Node pressure: when a machine runs out of memory, disk or process ids, and which pod goes first.

Something beside the pods has taken so much that only `available` is left (`minikctl node fail`); pods
that are evicted give back what they used. Counterpart of kubelet's `eviction/eviction_manager.go`
and `eviction/helpers.go`, with the default hard thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikctl.apimachinery.podresources import amount, pod_requests
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import consumption
from minikctl.kubelet.admission import is_critical
from minikctl.kubelet.consumption import MEMORY, PIDS, STORAGE
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import PodRecord

TRANSITION_SECONDS = 300.0

_MAX_PIDS = 32768
_CLEANED_UP_SECONDS = 1.0  # after an eviction the next look does not wait, only for the pod to be gone
_NOBODY_LEFT_SECONDS = 60.0


class Signal(NamedTuple):
    """What a failure starves a node of: the condition, the resource's name, and its threshold."""

    condition: str
    resource: str
    share: float  # of the capacity, in percent; 0: `least` holds
    least: int = 0

    def threshold(self, capacity: int) -> int:
        return int(capacity * self.share / 100) if self.share else self.least


SIGNALS = {
    "memory": Signal("MemoryPressure", MEMORY, 0, 100 << 20),
    "disk": Signal("DiskPressure", STORAGE, 10),
    "pid": Signal("PIDPressure", PIDS, 5),
}
# A pod on the node that may be evicted, with what the node remembers of it.
Candidate = tuple[Obj, PodRecord]


class Pressure:
    """The eviction manager of all emulated nodes. `evict` ends a pod with a message."""

    def __init__(self, host: Host, evict: Callable[[Obj, PodRecord, str], None]) -> None:
        self._host = host
        self._evict = evict

    def sync(
        self, name: str, machine: Obj, candidates: Callable[[], list[Candidate]]
    ) -> tuple[list[str], float | None]:
        """Look at a node's thresholds, evict a pod if need be; the conditions that are True, and when to look again."""
        now, starved = self._host.clock.now(), machine.get("pressure") or {}
        if not starved and "observed" not in machine:
            return [], None
        pods = candidates() if starved else []
        met = [kind for kind in SIGNALS if kind in starved and self._is_met(name, kind, machine, pods, now)]
        conditions, changes = self._observe(machine, met, now)
        if not met:
            machine.pop("look", None)
        self._host.machines.put(name, machine)
        due = min(changes) if changes else None
        if met:
            if now >= machine.get("look", 0.0):
                machine["look"] = now + self._relieve(name, met[0], machine, pods, now)
                self._host.machines.put(name, machine)
            due = machine["look"] if due is None else min(due, machine["look"])
        return conditions, due

    # Thresholds

    def _capacity(self, name: str, signal: Signal) -> int:
        if signal.resource == PIDS:
            return _MAX_PIDS
        node = self._host.node(name)
        offered = ((node or {}).get("status") or {}).get("capacity") or {}
        return amount(signal.resource, offered.get(signal.resource, "0"))

    def _available(self, name: str, kind: str, machine: Obj, pods: list[Candidate], now: float) -> int:
        """What is left of a resource. At the first look, what the pods do not use of the rest is taken."""
        signal, entry = SIGNALS[kind], machine["pressure"][kind]
        free = self._capacity(name, signal)
        free -= sum(consumption.pod_usage(self._host, pod, record, signal.resource, now) for pod, record in pods)
        if "taken" not in entry:
            entry["taken"] = free - entry["available"]
        return int(free - entry["taken"])

    def _is_met(self, name: str, kind: str, machine: Obj, pods: list[Candidate], now: float) -> bool:
        threshold = SIGNALS[kind].threshold(self._capacity(name, SIGNALS[kind]))
        return self._available(name, kind, machine, pods, now) < threshold

    def _observe(self, machine: Obj, met: list[str], now: float) -> tuple[list[str], list[float]]:
        """Note since when which condition is not observed any more; those that still hold, and when they end."""
        observed: dict[str, float | None] = machine.get("observed") or {}
        current = {SIGNALS[kind].condition for kind in met}
        for condition in current:
            observed[condition] = None
        ends: list[float] = []
        for condition, last in list(observed.items()):
            if condition in current:
                continue
            last = observed[condition] = now if last is None else last
            if now >= last + TRANSITION_SECONDS:
                del observed[condition]
            else:
                ends.append(last + TRANSITION_SECONDS)
        machine["observed"] = observed
        if not observed:
            del machine["observed"]
        return sorted(observed), ends

    # Evictions

    def _relieve(self, name: str, kind: str, machine: Obj, pods: list[Candidate], now: float) -> float:
        """Evict the pod that comes first; how many seconds to wait for the next look."""
        signal = SIGNALS[kind]
        text = f"Attempting to reclaim {signal.resource}"
        self._host.node_event(name, "Warning", "EvictionThresholdMet", text)
        if kind == "disk":
            images = {container["image"] for pod, _ in pods for container in pod["spec"]["containers"]}
            self._host.images.keep_only(name, images)
        for pod, record in self._ranked(signal.resource, pods, now):
            if is_critical(pod):
                continue
            self._evict(pod, record, self._message(name, kind, machine, (pod, record), pods, now))
            return _CLEANED_UP_SECONDS
        return _NOBODY_LEFT_SECONDS

    def _ranked(self, resource: str, pods: list[Candidate], now: float) -> list[Candidate]:
        """Usage above what was requested first, then low priority, then the most above the request."""

        def rank(candidate: Candidate) -> tuple[bool, int, int, str]:
            pod, record = candidate
            used = consumption.pod_usage(self._host, pod, record, resource, now)
            above = used - pod_requests(pod).get(resource, 0)
            priority = pod["spec"].get("priority") or 0
            exceeds = above > 0 and resource != PIDS
            return not exceeds, priority, -above, pod["metadata"]["namespace"] + "/" + pod["metadata"]["name"]

        return sorted(pods, key=rank)

    def _message(self, name: str, kind: str, machine: Obj, victim: Candidate, pods: list[Candidate], now: float) -> str:
        signal, (pod, record) = SIGNALS[kind], victim
        threshold = signal.threshold(self._capacity(name, signal))
        left = self._available(name, kind, machine, pods, now)
        text: Callable[[int], str] = str if signal.resource == PIDS else consumption.quantity_text
        message = f"The node was low on resource: {signal.resource}. "
        message += f"Threshold quantity: {text(threshold)}, available: {text(left)}. "
        if signal.resource == PIDS:
            return message
        for container, _ in consumption.running(pod, record):
            used = consumption.container_usage(self._host, pod, record, container, signal.resource, now)
            request = ((container.get("resources") or {}).get("requests") or {}).get(signal.resource, "0")
            if used > amount(signal.resource, request):
                message += f"Container {container['name']} was using {consumption.quantity_text(used)}, "
                message += f"request is {request}, has larger consumption of {signal.resource}. "
        return message
