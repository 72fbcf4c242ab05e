"""Nodes and the pods on them, kept in memory while the program runs.

The scheduler builds it once from the apiserver, then updates it from changes and from its own
bindings. Every update adds to a journal, from which cached results learn what to compute anew.
Counterpart of kube-scheduler's `backend/cache`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery.podresources import amount
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.taints import NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE
from minikctl.scheduler.podinfo import PodInfo


class NodeInfo:
    """A node: what it offers, what is taken, which pods it has."""

    __slots__ = (
        "cpu", "images", "labels", "last_used", "memory", "name", "nonzero_cpu", "nonzero_memory", "order", "others",
        "others_used", "pods", "pods_allowed", "ports", "prefer_taints", "taints", "unschedulable", "used_cpu",
        "used_memory",
    )  # fmt: skip

    def __init__(self, name: str, order: int) -> None:
        self.name = name
        self.order = order
        self.last_used = 0
        self.labels: Mapping[str, str] = {}
        self.taints: tuple[Mapping[str, Any], ...] = ()
        self.prefer_taints: tuple[Mapping[str, Any], ...] = ()
        self.unschedulable = False
        self.images: Mapping[str, int] = {}
        self.cpu = self.memory = self.pods_allowed = 0
        self.others: dict[str, int] = {}
        self.used_cpu = self.used_memory = self.nonzero_cpu = self.nonzero_memory = 0
        self.others_used: dict[str, int] = {}
        self.pods: dict[str, PodInfo] = {}
        self.ports: dict[tuple[str, str, int], int] = {}

    def describe(self, node: Obj) -> bool:
        """Take over a Node object; True where anything the scheduler looks at changed."""
        before = self._visible()
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.labels = node["metadata"].get("labels") or {}
        taints = spec.get("taints") or ()
        self.taints = tuple(taint for taint in taints if taint.get("effect") in (NO_SCHEDULE, NO_EXECUTE))
        self.prefer_taints = tuple(taint for taint in taints if taint.get("effect") == PREFER_NO_SCHEDULE)
        self.unschedulable = bool(spec.get("unschedulable"))
        offered = {name: amount(name, text) for name, text in (status.get("allocatable") or {}).items()}
        self.cpu, self.memory = offered.pop("cpu", 0), offered.pop("memory", 0)
        self.pods_allowed = offered.pop("pods", 0)
        self.others = offered
        self.images = {
            name: image.get("sizeBytes", 0) for image in status.get("images") or () for name in image.get("names") or ()
        }
        return self._visible() != before

    def _visible(self) -> tuple[Any, ...]:
        return (
            self.labels, self.taints, self.prefer_taints, self.unschedulable, self.cpu, self.memory, self.pods_allowed,
            self.others, self.images,
        )  # fmt: skip

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self._count(pod, 1)

    def remove(self, pod: PodInfo) -> None:
        del self.pods[pod.key]
        self._count(pod, -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        requests = pod.requests
        self.used_cpu += sign * requests.cpu
        self.used_memory += sign * requests.memory
        self.nonzero_cpu += sign * requests.nonzero_cpu
        self.nonzero_memory += sign * requests.nonzero_memory
        for name, wanted in requests.others:
            self.others_used[name] = self.others_used.get(name, 0) + sign * wanted
        for port in pod.shape.ports:
            self.ports[port] = self.ports.get(port, 0) + sign
            if not self.ports[port]:
                del self.ports[port]

    def copy(self) -> NodeInfo:
        """A node to try things on: same description, own pods."""
        twin = NodeInfo.__new__(NodeInfo)
        for slot in NodeInfo.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.pods, twin.ports, twin.others_used = dict(self.pods), dict(self.ports), dict(self.others_used)
        return twin


# A journal entry: the node, and the pod that came (1) or went (-1); no pod: the node itself changed.
Entry = tuple[NodeInfo, PodInfo | None, int]


class Cluster:
    """All nodes with their pods, and the pods nominated to run on them."""

    __slots__ = ("_affine", "_orders", "clock", "journal", "journal_start", "layout", "nodes", "nominated", "placed")

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.placed: dict[str, PodInfo] = {}
        self.nominated: dict[str, dict[str, PodInfo]] = {}
        self.journal: list[Entry] = []
        self.journal_start = 0
        self.layout = 0  # grows when nodes, or a new kind of pods with affinity, come or go
        self.clock = 0  # grows with every placement: the order in which nodes were last used
        self._orders = 0
        self._affine: set[int] = set()  # shapes (by id) of placed pods that have inter-pod affinity

    @property
    def affine(self) -> bool:
        """Whether any placed pod has, or had, affinity or anti-affinity to other pods."""
        return bool(self._affine)

    def set_node(self, node: Obj) -> bool:
        """Add or update a node; True where scheduling may come out differently now."""
        name = node["metadata"]["name"]
        info = self.nodes.get(name)
        if info is None:
            info = self.nodes[name] = NodeInfo(name, self._orders)
            info.last_used = self._orders - (1 << 40)
            self._orders += 1
            info.describe(node)
            for pod in self.placed.values():
                if pod.node == name:
                    info.add(pod)
            self.layout += 1
            return True
        if not info.describe(node):
            return False
        self._note(info, None, 0)
        return True

    def remove_node(self, name: str) -> None:
        if self.nodes.pop(name, None):
            self.layout += 1

    def place(self, pod: PodInfo) -> None:
        """Record that a pod is on `pod.node` (replacing what was known of it)."""
        known = self.placed.get(pod.key)
        if known is not None:
            if known.node == pod.node and known.shape is pod.shape and known.requests == pod.requests:
                known.terminating, known.version = pod.terminating, pod.version
                return
            self.displace(pod.key)
        self.placed[pod.key] = pod
        if pod.shape.affine and id(pod.shape) not in self._affine:
            self._affine.add(id(pod.shape))
            self.layout += 1
        node = self.nodes.get(pod.node)
        if node is not None:
            node.add(pod)
            self.clock += 1
            node.last_used = self.clock
            self._note(node, pod, 1)

    def displace(self, key: str) -> PodInfo | None:
        """Forget a pod (deleted or finished); what was known of it."""
        pod = self.placed.pop(key, None)
        if pod is not None and (node := self.nodes.get(pod.node)) is not None and key in node.pods:
            node.remove(pod)
            self._note(node, pod, -1)
        return pod

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Reserve room for a pod on a node (empty: no longer)."""
        for name in [name for name, pods in self.nominated.items() if pod.key in pods and name != node]:
            del self.nominated[name][pod.key]
            if not self.nominated[name]:
                del self.nominated[name]
        if node:
            self.nominated.setdefault(node, {})[pod.key] = pod

    def pods(self) -> Iterable[tuple[NodeInfo, PodInfo]]:
        """Every pod on a known node."""
        for node in self.nodes.values():
            for pod in node.pods.values():
                yield node, pod

    def changed_since(self, position: int) -> list[Entry] | None:
        """Journal entries after a position; None where the journal no longer reaches back so far."""
        if position < self.journal_start:
            return None
        return self.journal[position - self.journal_start :]

    @property
    def position(self) -> int:
        """Where the journal ends now."""
        return self.journal_start + len(self.journal)

    def _note(self, node: NodeInfo, pod: PodInfo | None, count: int) -> None:
        journal = self.journal
        journal.append((node, pod, count))
        if len(journal) > 20_000:
            del journal[:10_000]
            self.journal_start += 10_000
