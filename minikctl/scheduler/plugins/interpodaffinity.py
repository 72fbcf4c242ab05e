"""InterPodAffinity: pods that want to be near, or must not be near, other pods.

Both directions count: what the pod demands of those already placed, and what these demand of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.scheduler.framework import EVERYWHERE, MAX_SCORE, SKIP, Everywhere, Failure, Plugin
from minikctl.scheduler.podinfo import Guest, Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

NO_AFFINITY = Failure("node(s) didn't match pod affinity rules", unresolvable=True)
ANTI_AFFINITY = Failure("node(s) didn't match pod anti-affinity rules")
EXISTING_ANTI_AFFINITY = Failure("node(s) didn't satisfy existing pods anti-affinity rules")

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_HARD_AFFINITY_WEIGHT = 1
_HOSTNAME = "kubernetes.io/hostname"

# Topology key -> value -> how often it occurs, or what it is worth.
Pairs = dict[str, dict[str, int]]


class Term:
    """One affinity term of a shape: which pods it is about, over which topology, and its weight."""

    __slots__ = ("_client", "_known", "_matches", "_namespace_selector", "_namespaces", "key", "weight")

    def __init__(self, client: Client, term: Obj, namespace: str, weight: int = 0) -> None:
        self._client = client
        self.key: str = term.get("topologyKey", "")
        self.weight = weight
        self._matches = from_label_selector(term.get("labelSelector")).matches
        selector = term.get("namespaceSelector")
        self._namespace_selector = None if selector is None else from_label_selector(selector)
        names = term.get("namespaces") or ()
        self._namespaces = frozenset(names) if names or selector is not None else frozenset((namespace,))
        self._known: dict[Shape, bool] = {}

    def about(self, shape: Shape) -> bool:
        """Whether pods of the shape are meant."""
        known = self._known.get(shape)
        if known is None:
            known = self._in_namespace(shape.namespace) and self._matches(shape.labels)
            self._known[shape] = known
        return known

    def _in_namespace(self, namespace: str) -> bool:
        if namespace in self._namespaces:
            return True
        if self._namespace_selector is None:
            return False
        found = self._client.find("namespaces", namespace) or {"metadata": {}}
        return self._namespace_selector.matches(found["metadata"].get("labels") or {})


class Demands:
    """All affinity terms of a shape."""

    __slots__ = ("affinity", "anti", "any", "preferred")

    def __init__(self, client: Client, shape: Shape) -> None:
        affinity = shape.affinity
        near, apart = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
        namespace = shape.namespace
        self.affinity = [Term(client, term, namespace) for term in near.get(_REQUIRED) or ()]
        self.anti = [Term(client, term, namespace) for term in apart.get(_REQUIRED) or ()]
        self.preferred = [
            Term(client, item["podAffinityTerm"], namespace, sign * item["weight"])
            for side, sign in ((near, 1), (apart, -1))
            for item in side.get(_PREFERRED) or ()
        ]
        self.any = bool(self.affinity or self.anti or self.preferred)


class _Filtering:
    __slots__ = ("affinity", "anti", "existing")

    def __init__(self) -> None:
        self.affinity: Pairs = {}
        self.anti: Pairs = {}
        self.existing: Pairs = {}


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"
    weight = 2

    def __init__(self, client: Client) -> None:
        self._client = client
        self._demands: dict[Shape, Demands] = {}

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        own = self._of(shape)
        if not own.affinity and not own.anti and not cluster.affine:
            return SKIP
        state = _Filtering()
        for node, guest, count in cluster.guests():
            self._note(state, shape, node, guest.shape, count)
        return state

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        own = self._of(shape)
        labels = node.labels
        if own.affinity and not self._near(state, own, shape, labels):
            return NO_AFFINITY
        for term in own.anti:
            if _at(state.anti, term.key, labels):
                return ANTI_AFFINITY
        for key in state.existing:
            if _at(state.existing, key, labels):
                return EXISTING_ANTI_AFFINITY
        return None

    def _near(self, state: _Filtering, own: Demands, shape: Shape, labels: Mapping[str, str]) -> bool:
        exists = True
        for term in own.affinity:
            if term.key not in labels:
                return False
            exists = exists and _at(state.affinity, term.key, labels) > 0
        # The first of a group of pods that want to be near each other may go anywhere.
        return exists or (not any(state.affinity.values()) and all(term.about(shape) for term in own.affinity))

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        if not self._of(shape).preferred and not cluster.affine:
            return SKIP
        worth: Pairs = {}
        for node, guest, count in cluster.guests():
            for key, value in self._worth(shape, guest.shape):
                _add(worth, node, key, value * count)
        return worth

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        return sum(_at(state, key, node.labels) for key in state)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return int(MAX_SCORE * (raw - low) / (high - low)) if high > low else 0

    def affected(
        self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int
    ) -> Iterable[NodeInfo] | Everywhere:
        if isinstance(state, _Filtering):
            alone = not any(state.affinity.values())
            keys = self._note(state, shape, node, guest.shape, count)
            if alone != (not any(state.affinity.values())):
                return EVERYWHERE
        else:
            keys = set()
            for key, value in self._worth(shape, guest.shape):
                if _add(state, node, key, value * count):
                    keys.add(key)
        return EVERYWHERE if keys - {_HOSTNAME} else ()

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        changed = _Filtering()
        changed.affinity, changed.anti = _copy(state.affinity), _copy(state.anti)
        changed.existing = _copy(state.existing)
        self._note(changed, shape, node, guest.shape, count)
        return changed

    def _of(self, shape: Shape) -> Demands:
        known = self._demands.get(shape)
        if known is None:
            known = self._demands[shape] = Demands(self._client, shape)
        return known

    def _note(self, state: _Filtering, shape: Shape, node: NodeInfo, other: Shape, count: int) -> set[str]:
        """Count pods that come or go; the topology keys this touched."""
        own, theirs = self._of(shape), self._of(other)
        found: list[tuple[Pairs, str]] = []
        if own.affinity and all(term.about(other) for term in own.affinity):
            found += [(state.affinity, term.key) for term in own.affinity]
        found += [(state.anti, term.key) for term in own.anti if term.about(other)]
        found += [(state.existing, term.key) for term in theirs.anti if term.about(shape)]
        return {key for pairs, key in found if _add(pairs, node, key, count)}

    def _worth(self, shape: Shape, other: Shape) -> Iterator[tuple[str, int]]:
        """(topology key, weight) of every preference that one has about the other."""
        for term in self._of(shape).preferred:
            if term.about(other):
                yield term.key, term.weight
        theirs = self._of(other)
        if theirs.any:
            for term in (*theirs.affinity, *theirs.preferred):
                if term.about(shape):
                    yield term.key, term.weight or _HARD_AFFINITY_WEIGHT


def _at(pairs: Pairs, key: str, labels: Mapping[str, str]) -> int:
    values = pairs.get(key)
    return values.get(labels.get(key, ""), 0) if values else 0


def _add(pairs: Pairs, node: NodeInfo, key: str, count: int) -> bool:
    value = node.labels.get(key)
    if value is None:
        return False
    values = pairs.setdefault(key, {})
    left = values.get(value, 0) + count
    if left:
        values[value] = left
    else:
        del values[value]
    return True


def _copy(pairs: Pairs) -> Pairs:
    return {key: dict(values) for key, values in pairs.items()}
