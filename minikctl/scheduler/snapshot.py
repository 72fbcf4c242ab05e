"""Nodes and the pods on them, in memory: what each offers, what is taken, how many pods of which shape.

Updated from changes and from the scheduler's own bindings; stored between runs of the program by
storage.py. Every update adds to a journal, from which cached results learn what to compute anew.
Counterpart of kube-scheduler's `backend/cache`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from minikctl.apimachinery.podresources import amount
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.taints import NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE
from minikctl.scheduler.podinfo import Guest, PodInfo, Port, Shape

_JOURNAL_LONGEST = 20_000

# What became of a node's description.
UNCHANGED, CHANGED, RELABELLED = 0, 1, 2

Taints = tuple[Mapping[str, Any], ...]


class NodeInfo:
    """A node: what it offers, what is taken, which pods it has.

    `pods` (by key) and `guests` (how many of which kind) are read when first asked for.
    """

    __slots__ = (
        "_guests", "_pods", "count", "cpu", "features", "images", "labels", "last_used", "memory", "name",
        "nonzero_cpu", "nonzero_memory", "order", "others", "others_used", "pods_allowed", "ports", "prefer_taints",
        "read_guests", "read_pods", "taints", "unschedulable", "used_cpu", "used_memory",
    )  # fmt: skip

    def __init__(self, name: str, order: int) -> None:
        self.name = name
        self.order = order
        self.last_used = 0
        self.labels: Mapping[str, str] = {}
        self.taints: Taints = ()
        self.prefer_taints: Taints = ()
        self.unschedulable = False
        self.images: Mapping[str, int] = {}
        self.features: tuple[str, ...] = ()
        self.cpu = self.memory = self.pods_allowed = 0
        self.others: dict[str, int] = {}
        self.count = 0
        self.used_cpu = self.used_memory = self.nonzero_cpu = self.nonzero_memory = 0
        self.others_used: dict[str, int] = {}
        self.ports: dict[Port, int] = {}
        self._pods: dict[str, PodInfo] | None = {}
        self._guests: dict[Guest, int] | None = {}
        self.read_pods: Callable[[NodeInfo], dict[str, PodInfo]] | None = None
        self.read_guests: Callable[[], dict[Guest, int]] | None = None

    @property
    def pods(self) -> dict[str, PodInfo]:
        if self._pods is None:
            assert self.read_pods is not None
            self._pods = self.read_pods(self)
        return self._pods

    @property
    def guests(self) -> dict[Guest, int]:
        if self._guests is None:
            assert self.read_guests is not None
            self._guests = self.read_guests()
        return self._guests

    def defer(self, pods: Callable[[NodeInfo], dict[str, PodInfo]], guests: Callable[[], dict[Guest, int]]) -> None:
        """Read the pods from storage when they are asked for."""
        self._pods = self._guests = None
        self.read_pods, self.read_guests = pods, guests

    def describe(self, node: Obj) -> int:
        """Take over a Node object: UNCHANGED, CHANGED, or RELABELLED where it may count elsewhere than before."""
        before, before_place = self._visible(), self._place()
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.labels = node["metadata"].get("labels") or {}
        self.set_taints(spec.get("taints") or ())
        self.unschedulable = bool(spec.get("unschedulable"))
        offered = {name: amount(name, text) for name, text in (status.get("allocatable") or {}).items()}
        self.cpu, self.memory = offered.pop("cpu", 0), offered.pop("memory", 0)
        self.pods_allowed = offered.pop("pods", 0)
        self.others = offered
        self.images = {
            name: image.get("sizeBytes", 0) for image in status.get("images") or () for name in image.get("names") or ()
        }
        self.features = tuple(status.get("declaredFeatures") or ())
        if self._place() != before_place:
            return RELABELLED
        return CHANGED if self._visible() != before else UNCHANGED

    def set_taints(self, taints: Any) -> None:
        self.taints = tuple(taint for taint in taints if taint.get("effect") in (NO_SCHEDULE, NO_EXECUTE))
        self.prefer_taints = tuple(taint for taint in taints if taint.get("effect") == PREFER_NO_SCHEDULE)

    def _visible(self) -> tuple[Any, ...]:
        offered = self.cpu, self.memory, self.pods_allowed, self.others
        return self.prefer_taints, self.unschedulable, offered, self.features

    def _place(self) -> tuple[Any, ...]:
        """What plugins count nodes and their pods by."""
        return self.labels, self.taints, self.images

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self._count(pod.guest, 1)

    def remove(self, pod: PodInfo) -> None:
        del self.pods[pod.key]
        self._count(pod.guest, -1)

    def _count(self, guest: Guest, sign: int) -> None:
        guests = self.guests
        guests[guest] = guests.get(guest, 0) + sign
        if not guests[guest]:
            del guests[guest]
        requests = guest.shape.requests
        self.count += sign
        self.used_cpu += sign * requests.cpu
        self.used_memory += sign * requests.memory
        self.nonzero_cpu += sign * requests.nonzero_cpu
        self.nonzero_memory += sign * requests.nonzero_memory
        for name, wanted in requests.others:
            self.others_used[name] = self.others_used.get(name, 0) + sign * wanted
        for port in guest.shape.ports:
            self.ports[port] = self.ports.get(port, 0) + sign
            if not self.ports[port]:
                del self.ports[port]

    def copy(self) -> NodeInfo:
        """A node to try things on: same description, own pods."""
        twin = NodeInfo.__new__(NodeInfo)
        for slot in NodeInfo.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin._pods, twin._guests = dict(self.pods), dict(self.guests)
        twin.ports, twin.others_used = dict(self.ports), dict(self.others_used)
        return twin


def _zone(labels: Mapping[str, str]) -> tuple[str, str]:
    """A node's region and zone (node_tree's GetZoneKey)."""
    return labels.get("topology.kubernetes.io/region", ""), labels.get("topology.kubernetes.io/zone", "")


# A journal entry: the node, and the kind of pod that came (1) or went (-1); None: the node itself changed,
# with what became of its description in the number's place.
Entry = tuple[NodeInfo, Guest | None, int]


class Cluster:
    """All nodes with their pods, and the pods nominated to run on them."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.absent: dict[str, NodeInfo] = {}  # nodes that pods name and that do not exist
        self.shapes: dict[Shape, int] = {}  # of placed pods, with how many there are
        self.nominated: dict[str, dict[str, PodInfo]] = {}  # node -> the pods it is kept free for
        self._nominations: dict[str, str] = {}
        self.nomination_changes = 0
        self.journal: list[Entry] = []
        self.journal_start = 0
        self.layout = 0  # grows when nodes, or a new kind of pods with affinity, come or go
        self.changed: set[str] = set()  # nodes whose pods are not stored as they are now
        self.described: set[str] = set()  # nodes whose description, or being there, is not stored as it is now
        self.orders = 0
        self.uses = 0  # grows with every placement: tells which node was used last
        self._affine = 0
        self._ring: tuple[list[NodeInfo], dict[str, int]] | None = None
        self._unique: dict[str, bool] = {}

    @property
    def affine(self) -> bool:
        """Whether any placed pod has affinity or anti-affinity to other pods."""
        return self._affine > 0

    def set_node(self, node: Obj) -> bool:
        """Add or update a node; True where scheduling may come out differently now."""
        name = node["metadata"]["name"]
        info = self.nodes.get(name)
        if info is None:
            info = self.absent.pop(name, None) or self.new_node(name)
            info.describe(node)
            self.add_node(info)
            self.described.add(name)
            return True
        change = info.describe(node)
        if not change:
            return False
        self.described.add(name)
        if change == RELABELLED:
            self._forget_order()
        self._note(info, None, change)
        return True

    def _forget_order(self) -> None:
        self._ring = None
        self._unique.clear()

    @property
    def ring(self) -> tuple[list[NodeInfo], dict[str, int]]:
        """The nodes in the order in which they are tried, zones by turns, and each one's place in it."""
        if self._ring is None:
            zones: dict[tuple[str, str], list[NodeInfo]] = {}
            for node in self.nodes.values():
                zones.setdefault(_zone(node.labels), []).append(node)
            rounds = zip_longest(*zones.values())
            nodes = [node for round_ in rounds for node in round_ if node is not None]
            self._ring = nodes, {node.name: index for index, node in enumerate(nodes)}
        return self._ring

    def unique(self, key: str) -> bool:
        """Whether a label has another value on every node that has it."""
        known = self._unique.get(key)
        if known is None:
            values = [node.labels[key] for node in self.nodes.values() if key in node.labels]
            known = self._unique[key] = len(values) == len(set(values))
        return known

    def new_node(self, name: str) -> NodeInfo:
        info = NodeInfo(name, self.orders)
        info.last_used = self.orders - (1 << 40)
        self.orders += 1
        return info

    def add_node(self, info: NodeInfo) -> None:
        self.nodes[info.name] = info
        self._forget_order()
        self.layout += 1

    def remove_node(self, name: str) -> None:
        info = self.nodes.pop(name, None)
        if info is not None:
            self.absent[name] = info
            self._forget_order()
            self.layout += 1
            self.described.add(name)

    def find(self, node: str, key: str) -> PodInfo | None:
        """A pod that is known to be on a node."""
        info = self.nodes.get(node) or self.absent.get(node)
        return info.pods.get(key) if info is not None else None

    def place(self, pod: PodInfo) -> bool:
        """Record that a pod is on `pod.node`; True where that was not known, or its shape changed."""
        node = self.nodes.get(pod.node) or self.absent.get(pod.node)
        if node is None:
            node = self.absent[pod.node] = self.new_node(pod.node)
        known = node.pods.get(pod.key)
        if known is not None:
            if known.guest is pod.guest:
                known.version = pod.version
                return False
            self._leave(node, known)
        node.add(pod)
        self.count_shape(pod.shape, 1)
        self.uses += 1
        node.last_used = self.uses
        self.changed.add(node.name)
        self._note(node, pod.guest, 1)
        return known is None or known.shape is not pod.shape

    def displace(self, node_name: str, key: str) -> bool:
        """Forget a pod (deleted or finished); False where it was not known."""
        node = self.nodes.get(node_name) or self.absent.get(node_name)
        known = node.pods.get(key) if node is not None else None
        if node is None or known is None:
            return False
        self._leave(node, known)
        return True

    def _leave(self, node: NodeInfo, pod: PodInfo) -> None:
        node.remove(pod)
        self.count_shape(pod.shape, -1)
        self.changed.add(node.name)
        self._note(node, pod.guest, -1)

    def count_shape(self, shape: Shape, sign: int) -> None:
        before = self.shapes.get(shape, 0)
        after = before + sign
        if after:
            self.shapes[shape] = after
        else:
            del self.shapes[shape]
        if shape.affine and (not before or not after):
            self._affine += 1 if after else -1
            self.layout += 1

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Reserve room for a pod on a node (empty: no longer)."""
        before = self._nominations.pop(pod.key, "")
        if before != node:
            self.nomination_changes += 1
        if before and before != node:
            del self.nominated[before][pod.key]
            if not self.nominated[before]:
                del self.nominated[before]
        if node:
            self.nominated.setdefault(node, {})[pod.key] = pod
            self._nominations[pod.key] = node

    def nomination(self, key: str) -> str:
        """The node a pod is nominated to run on."""
        return self._nominations.get(key, "")

    def guests(self) -> Iterator[tuple[NodeInfo, Guest, int]]:
        """Every kind of pod on every node, with how many there are."""
        for node in self.nodes.values():
            for guest, count in node.guests.items():
                yield node, guest, count

    def changed_since(self, position: int) -> list[Entry] | None:
        """Journal entries after a position; None where the journal no longer reaches back so far."""
        if position < self.journal_start:
            return None
        return self.journal[position - self.journal_start :]

    @property
    def position(self) -> int:
        """Where the journal ends now."""
        return self.journal_start + len(self.journal)

    def _note(self, node: NodeInfo, guest: Guest | None, count: int) -> None:
        if node.name not in self.nodes:
            return
        self.journal.append((node, guest, count))
        if len(self.journal) > _JOURNAL_LONGEST:
            half = _JOURNAL_LONGEST // 2
            del self.journal[:half]
            self.journal_start += half
