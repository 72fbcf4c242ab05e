"""Whether a node takes a pod that was bound to it (the kubelet's own predicates).

Counterpart of kubelet's `lifecycle/predicate.go`: a pod that does not fit is rejected and Failed.
"""

from __future__ import annotations

from typing import NamedTuple

from minikctl.apimachinery.nodeaffinity import matches_pod
from minikctl.apimachinery.podresources import Amounts, amount, pod_requests
from minikctl.apimachinery.qos import compute_qos
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.taints import NO_EXECUTE, tolerates, untolerated

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_CRITICAL_PRIORITY = 2_000_000_000
_FINISHED = ("Succeeded", "Failed")

Ports = frozenset[tuple[str, int]]


class Rejection(NamedTuple):
    """Why a pod is refused: the status reason and the message of the event."""

    reason: str
    message: str


class Shortage(NamedTuple):
    """The first resource that does not suffice."""

    resource: str
    requested: int
    used: int
    capacity: int

    def __str__(self) -> str:
        return (
            f"Node didn't have enough resource: {self.resource}, "
            f"requested: {self.requested}, used: {self.used}, capacity: {self.capacity}"
        )


class Usage:
    """What the admitted pods of one node take: sums over pods that started and have not finished."""

    def __init__(self) -> None:
        self._pods: dict[str, tuple[Amounts, Ports]] = {}
        self._sums: Amounts = {}

    def follow(self, pod: Obj) -> None:
        """Take over a pod's present state."""
        meta, status = pod["metadata"], pod.get("status") or {}
        key = f"{meta['namespace']}/{meta['name']}"
        if not status.get("startTime") or status.get("phase") in _FINISHED:
            self.remove(key)
        elif key not in self._pods or meta.get("generation") != 1:  # what a pod asks for changes with its spec only
            self.add(key, pod)

    def add(self, key: str, pod: Obj) -> None:
        self.remove(key)
        wanted = pod_requests(pod, use_status=True)
        self._pods[key] = wanted, _host_ports(pod)
        for name, value in wanted.items():
            self._sums[name] = self._sums.get(name, 0) + value

    def remove(self, key: str) -> None:
        known = self._pods.pop(key, None)
        if known is not None:
            for name, value in known[0].items():
                self._sums[name] -= value

    def shortage(self, wanted: Amounts, node: Obj, key: str) -> Shortage | None:
        """Which resource is short for a pod (of this key: what it has now is not counted)."""
        offered = node.get("status", {}).get("allocatable") or {}
        own = self._pods.get(key, ({}, frozenset()))[0]
        checks = [("pods", 1, len(self._pods) - (key in self._pods))]
        checks += [(name, wanted[name], self._used(name, own)) for name in sorted(wanted, key=_order)]
        for name, value, used in checks:
            if name not in offered:
                continue  # an extended resource that the node does not report is not its concern
            capacity = amount(name, offered[name])
            if value and value > capacity - used:
                return Shortage(name, value, used, capacity)
        return None

    def _used(self, name: str, own: Amounts) -> int:
        return self._sums.get(name, 0) - own.get(name, 0)

    def ports_taken(self, ports: Ports, key: str) -> bool:
        return bool(ports) and any(ports & taken for name, (_, taken) in self._pods.items() if name != key)


def refuse(pod: Obj, machine: Obj) -> Rejection | None:
    """Why a machine that is not well takes no such pod; None where it does."""
    if "shutdown" in machine:
        return Rejection("NodeShutdown", "Pod was rejected as the node is shutting down.")
    pressed = sorted(machine.get("observed") or ())
    if not pressed or is_critical(pod):
        return None
    if pressed == ["MemoryPressure"]:
        taint = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}
        tolerated = any(tolerates(entry, taint) for entry in pod["spec"].get("tolerations") or ())
        if compute_qos(pod) != "BestEffort" or tolerated:
            return None
    return Rejection("Evicted", f"The node had condition: [{' '.join(pressed)}]. ")


def is_critical(pod: Obj) -> bool:
    """Static pods and those of system priority, which a kubelet neither evicts nor refuses."""
    if "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {}):
        return True
    return (pod["spec"].get("priority") or 0) >= _CRITICAL_PRIORITY


def admit(pod: Obj, node: Obj, usage: Usage) -> Rejection | None:
    """None where the node takes the pod."""
    meta, spec = pod["metadata"], pod["spec"]
    key = f"{meta['namespace']}/{meta['name']}"
    short = usage.shortage(pod_requests(pod), node, key)
    if short is not None:
        return Rejection(f"OutOf{short.resource}", str(short))
    labels = node["metadata"].get("labels") or {}
    if not matches_pod(spec, node["metadata"]["name"], labels):
        return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if usage.ports_taken(_host_ports(pod), key):
        return _predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    static = "kubernetes.io/config.mirror" in (meta.get("annotations") or {})
    taints = () if static else node["spec"].get("taints") or ()
    if untolerated(taints, spec.get("tolerations") or (), (NO_EXECUTE,)) is not None:
        return _predicate("TaintToleration", "node(s) had untolerated taint(s)")
    return None


def _order(name: str) -> tuple[int, str]:
    return (_STANDARD.index(name), "") if name in _STANDARD else (len(_STANDARD), name)


def _predicate(name: str, reason: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {reason}")


def _host_ports(pod: Obj) -> Ports:
    return frozenset(
        (port.get("protocol", "TCP"), port["hostPort"])
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )
