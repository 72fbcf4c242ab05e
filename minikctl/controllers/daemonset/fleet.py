"""The pods of one DaemonSet by node, as its controller keeps them between two syncs.

A sync then looks at nodes whose pods changed, not at all nodes: a rolling update of a thousand nodes
costs a thousand times what one costs. It is a cache: whoever has none reads all nodes and pods.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from minikctl.controllers import pods
from minikctl.controllers.controller import earliest, seconds_of
from minikctl.controllers.daemonset import placement, update

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minikctl.apimachinery.request import Obj

NodeCounts = tuple[int, int, int, int, int]


class Daemon(NamedTuple):
    """What matters of a pod. `available_at`: None where it is not ready."""

    placed: bool
    created: float
    name: str
    uid: str
    phase: str
    terminating: bool
    hash: str
    updated: bool
    available_at: float | None

    @property
    def seniority(self) -> tuple[bool, float, str]:
        """Placed ones first, then the oldest."""
        return not self.placed, self.created, self.name

    @property
    def is_running(self) -> bool:
        """Neither finished nor on its way out."""
        return not self.terminating and self.phase not in ("Succeeded", "Failed")

    def is_available(self, now: float) -> bool:
        return self.available_at is not None and self.available_at <= now


def daemon_of(pod: Obj, set_: Obj, hash_: str) -> Daemon:
    meta = pod["metadata"]
    return Daemon(
        bool(pod["spec"].get("nodeName")),
        seconds_of(meta.get("creationTimestamp")),
        meta["name"],
        meta["uid"],
        pods.phase(pod),
        "deletionTimestamp" in meta,
        str((meta.get("labels") or {}).get(placement.HASH_LABEL)),
        placement.is_updated(pod, set_, hash_),
        pods.available_at(pod, set_["spec"].get("minReadySeconds", 0)),
    )


class Fleet:
    """All daemons at one generation of their set and one state of the nodes."""

    def __init__(self, set_: Obj, hash_: str, nodes: list[Obj], found: Iterable[Obj], now: float) -> None:
        self._set = set_
        self._hash = hash_
        spec = set_["spec"]["template"]["spec"]
        tolerated = placement.tolerations(spec)
        # node -> (should a pod start there, may one stay)
        self.fits = {node["metadata"]["name"]: placement.belongs(spec, tolerated, node) for node in nodes}
        self.desired = sum(start for start, _ in self.fits.values())
        self.hashes: Counter[str] = Counter()
        self.review: set[str] = set()
        self._now = now
        self._by_node: dict[str, dict[str, Daemon]] = {}
        self._nodes: dict[str, str] = {}
        self._counts = [0] * 5
        self._given: dict[str, NodeCounts] = {}
        self._later: dict[str, float] = {}
        self._roles: dict[str, str] = {}
        self._in_role: dict[str, list[str]] = {role: [] for role in update.ROLES}
        for pod in found:
            self._add(pod)
        for node in {*self.fits, *self._by_node}:
            self._changed(node)

    # Changes

    def put(self, pod: Obj) -> None:
        """A pod as it is now."""
        self.drop(pod["metadata"]["name"])
        if (node := self._add(pod)) is not None:
            self._changed(node)

    def drop(self, name: str) -> None:
        """Forget a pod, which is gone or not the set's any more."""
        node = self._nodes.pop(name, None)
        if node is not None:
            self.hashes[self._by_node[node].pop(name).hash] -= 1
            self._changed(node)

    def pass_time(self, now: float) -> None:
        """Pods that have been ready for long enough by now are available."""
        self._now = now
        for node in [node for node, at in self._later.items() if at <= now]:
            self._changed(node)

    def _add(self, pod: Obj) -> str | None:
        if pods.is_finished(pod) and "deletionTimestamp" in pod["metadata"]:
            return None
        node = placement.node_of(pod)
        if not node:
            return None  # an adopted pod that is meant for no node in particular: it is left alone
        daemon = daemon_of(pod, self._set, self._hash)
        self._by_node.setdefault(node, {})[daemon.name] = daemon
        self._nodes[daemon.name] = node
        self.hashes[daemon.hash] += 1
        return node

    def _changed(self, node: str) -> None:
        """Count a node's pods anew, and let it be looked at."""
        self.review.add(node)
        here = self.at(node)
        later = [d.available_at for d in here if d.available_at is not None and d.available_at > self._now]
        if later:
            self._later[node] = min(later)
        else:
            self._later.pop(node, None)
        counts = self._count(node, here)
        before = self._given.get(node, (0, 0, 0, 0, 0))
        for field, (new, old) in enumerate(zip(counts, before, strict=True)):
            self._counts[field] += new - old
        self._given[node] = counts
        role = update.role_of(self._set, here, self._now) if here or self.starts(node) else ""
        known = self._roles.get(node, "")
        if role != known:
            if known:
                del self._in_role[known][bisect_left(self._in_role[known], node)]
            if role:
                insort(self._in_role[role], node)
            self._roles[node] = role

    def _count(self, node: str, here: list[Daemon]) -> NodeCounts:
        if not self.starts(node):
            return (0, int(bool(here) and node in self.fits), 0, 0, 0)
        if not here:
            return (0, 0, 0, 0, 0)
        first = here[0]
        available = first.is_available(self._now)
        return (1, 0, int(first.available_at is not None), int(available), int(first.updated))

    # Answers

    def starts(self, node: str) -> bool:
        return self.fits.get(node, (False, False))[0]

    def at(self, node: str) -> list[Daemon]:
        """The pods on or meant for a node, the senior ones first."""
        return sorted(self._by_node.get(node, {}).values(), key=lambda daemon: daemon.seniority)

    def in_role(self, role: str) -> list[str]:
        """The nodes that play a part in a rolling update, by name (see `update`)."""
        return self._in_role[role]

    def available_nodes(self) -> int:
        """How many nodes have an available pod, whether one should start there or not."""
        return sum(update.is_available(self.at(node), self._now) for node in self._by_node)

    def counts(self) -> dict[str, int]:
        """How many of the nodes have a pod, wrongly have one, a ready, an available, an updated one."""
        current, misscheduled, ready, available, updated = self._counts
        return {
            "current": current,
            "misscheduled": misscheduled,
            "ready": ready,
            "available": available,
            "updated": updated,
        }

    def next_available(self) -> float | None:
        return earliest(*self._later.values())
