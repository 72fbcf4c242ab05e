"""The snapshot between two runs of the program, so that a command pays for what it touches.

One value sums up all nodes; one more per node lists its pods and is read only when a pod of that
node matters. `revision` tells up to which change this is true; later ones are replayed from the
watch, and where the log no longer reaches back so far everything is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.declaredfeatures import DECLARED
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.scheduler.podinfo import Guest, PodInfo, Shape, Shapes
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.client.component import KeyValue

_SUMMARY = "snapshot"
_FORMAT = 2
_REPLAY_LONGEST = 200
_SPARE_SHAPES = 100
_FINISHED = ("Succeeded", "Failed")


class SnapshotStorage:
    """Loads and saves the cluster's snapshot."""

    def __init__(self, client: Client, state: KeyValue | None, shapes: Shapes) -> None:
        self._client = client
        self._state = state
        self._shapes = shapes
        self.revision = 0
        self.patience = _REPLAY_LONGEST  # how many changes may be left to be replayed
        # What the stored summary is made of: node name -> row, the positions of shapes, label sets.
        self._rows: dict[str, list[Any]] = {}
        self._indices: dict[Shape, int] = {}
        self._labels = _Labels()

    def load(self, pending: Container[str]) -> Cluster:
        """The cluster as it is now; `pending` are pods known to have no node."""
        stored = self._state.get(_SUMMARY) if self._state is not None else None
        if stored and stored["format"] == _FORMAT:
            cluster = self._restore(stored)
            if self._replay(cluster, stored["revision"]):
                self.revision = stored["revision"]
                return cluster
        return self._read_all(pending)

    def save(self, cluster: Cluster, revision: int) -> None:
        """Store what changed since the last time; `revision` is that of the last change taken in.

        A few changes are left to be replayed: that costs less than writing.
        """
        if self._state is None or not revision or not self.behind(revision):
            return
        for name in cluster.changed:
            node = cluster.nodes.get(name) or cluster.absent.get(name)
            if node is not None and node.pods:
                self._state.put(f"pods/{name}", {pod.key: _dump_pod(pod) for pod in node.pods.values()})
            else:
                self._state.delete(f"pods/{name}")
        for name in cluster.changed | cluster.described:
            self._rows.pop(name, None)
        self.revision = revision
        self._state.put(_SUMMARY, self._dump(cluster, revision))
        cluster.changed.clear()
        cluster.described.clear()

    def behind(self, revision: int) -> bool:
        """Whether so much happened since the last save that replaying it would take long."""
        return revision - self.revision > self.patience

    # Storing

    def _dump(self, cluster: Cluster, revision: int) -> dict[str, Any]:
        """The summary; rows of nodes that did not change are those of the last time."""
        if len(self._indices) > 2 * len(cluster.shapes) + _SPARE_SHAPES:
            self._indices.clear()
            self._rows.clear()
        for shape in cluster.shapes:
            self._indices.setdefault(shape, len(self._indices))
        return {
            "format": _FORMAT,
            "revision": revision,
            "orders": cluster.orders,
            "uses": cluster.uses,
            "shapes": [[*shape.dump(), cluster.shapes.get(shape, 0)] for shape in self._indices],
            "nodes": [self._row(node) for node in cluster.nodes.values()],
            "absent": [self._row(node) for node in cluster.absent.values() if node.count],
            "labels": self._labels.sets,
        }

    def _row(self, node: NodeInfo) -> list[Any]:
        row = self._rows.get(node.name)
        if row is None:
            row = self._rows[node.name] = _dump_node(node, self._indices, self._labels)
        return row

    # Restoring

    def _restore(self, stored: dict[str, Any]) -> Cluster:
        cluster = Cluster()
        shapes: list[Shape] = []
        for *data, count in stored["shapes"]:
            shape = self._shapes.add(Shape.load(data))
            shapes.append(shape)
            self._indices[shape] = len(self._indices)
            if count:
                cluster.count_shape(shape, count)
        self._labels = _Labels(stored["labels"])
        for row in stored["nodes"]:
            cluster.add_node(self._restore_node(row, shapes, stored["labels"]))
        for row in stored["absent"]:
            node = self._restore_node(row, shapes, stored["labels"])
            cluster.absent[node.name] = node
        cluster.orders, cluster.uses = stored["orders"], stored["uses"]
        return cluster

    def _restore_node(self, row: list[Any], shapes: list[Shape], labels: list[dict[str, str]]) -> NodeInfo:
        self._rows[row[0]] = row
        name, order, last_used, label_index, hostname, taints, unschedulable, offered, others, images, *rest = row
        used, more, features = rest
        node = NodeInfo(name, order)
        node.last_used = last_used
        node.labels = labels[label_index] if hostname is None else {**labels[label_index], _HOSTNAME: hostname}
        node.set_taints(taints)
        node.unschedulable = bool(unschedulable)
        node.cpu, node.memory, node.pods_allowed = offered
        node.others, node.images = others, images
        node.features = DECLARED if features is None else tuple(features)
        node.count, node.used_cpu, node.used_memory, node.nonzero_cpu, node.nonzero_memory = used
        others_used, ports, guests = more
        node.others_used = others_used
        node.ports = {(port[0], port[1], port[2]): count for *port, count in ports}
        if node.count:
            node.defer(self._read_pods, _guest_reader(guests, shapes))
        return node

    def _read_pods(self, node: NodeInfo) -> dict[str, PodInfo]:
        assert self._state is not None
        found = {}
        for key, (shape, terminating, created, generation) in (self._state.get(f"pods/{node.name}") or {}).items():
            pod = found[key] = PodInfo(key, self._shapes.get(shape), node.name, bool(terminating), created)
            pod.generation = generation
        return found

    def _replay(self, cluster: Cluster, since: int) -> bool:
        """Take in what changed since; False where the log does not reach back."""
        try:
            for event in self._client.watch("nodes", str(since)):
                if event["type"] == "DELETED":
                    cluster.remove_node(event["object"]["metadata"]["name"])
                else:
                    cluster.set_node(event["object"])
            for event in self._client.watch("pods", str(since)):
                self.take(cluster, event["object"], event["type"] == "DELETED")
        except StatusError as error:
            if error.reason in ("Expired", "Gone"):
                return False
            raise
        return True

    def take(self, cluster: Cluster, pod: Obj, deleted: bool) -> bool:
        """Let the snapshot follow a pod that names a node; True where room or peers changed."""
        node = pod["spec"].get("nodeName")
        if not node:
            return False
        if deleted or (pod.get("status") or {}).get("phase") in _FINISHED:
            meta = pod["metadata"]
            return cluster.displace(node, f"{meta['namespace']}/{meta['name']}")
        return cluster.place(self._shapes.info(pod))

    def _read_all(self, pending: Container[str]) -> Cluster:
        cluster = Cluster()
        for node in self._client.items("nodes"):
            cluster.set_node(node)
        for pod in self._client.items("pods", without=pending):
            self.take(cluster, pod, False)
        return cluster


_HOSTNAME = "kubernetes.io/hostname"


def _dump_pod(pod: PodInfo) -> list[Any]:
    return [pod.shape.key, int(pod.terminating), pod.created, pod.generation]


def _dump_node(node: NodeInfo, indices: dict[Shape, int], labels: _Labels) -> list[Any]:
    """A node as a row; its labels without the hostname are shared among nodes."""
    guests = []
    for guest, count in node.guests.items():
        guests += [indices[guest.shape], int(guest.terminating), count]
    return [
        node.name, node.order, node.last_used, *labels.split(node.labels),
        [*node.taints, *node.prefer_taints], int(node.unschedulable), [node.cpu, node.memory, node.pods_allowed],
        node.others, node.images,
        [node.count, node.used_cpu, node.used_memory, node.nonzero_cpu, node.nonzero_memory],
        [node.others_used, [[*port, count] for port, count in node.ports.items()], guests],
        None if node.features == DECLARED else node.features,
    ]  # fmt: skip


class _Labels:
    """Label sets, each stored once: most nodes differ in their hostname only."""

    def __init__(self, sets: Iterable[dict[str, str]] = ()) -> None:
        self.sets = list(sets)
        self._known = {tuple(labels.items()): index for index, labels in enumerate(self.sets)}

    def split(self, labels: Mapping[str, str]) -> tuple[int, str | None]:
        """The index of the set without the hostname, and the hostname."""
        rest = tuple(item for item in labels.items() if item[0] != _HOSTNAME)
        index = self._known.get(rest)
        if index is None:
            index = self._known[rest] = len(self.sets)
            self.sets.append(dict(rest))
        return index, labels.get(_HOSTNAME)


def _guest_reader(flat: list[int], shapes: list[Shape]) -> Callable[[], dict[Guest, int]]:
    def read() -> dict[Guest, int]:
        found = {}
        for at in range(0, len(flat), 3):
            shape = shapes[flat[at]]
            found[shape.leaving if flat[at + 1] else shape.staying] = flat[at + 2]
        return found

    return read
