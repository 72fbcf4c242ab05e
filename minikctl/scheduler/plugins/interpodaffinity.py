"""InterPodAffinity: pods that want to be near, or must not be near, other pods.

Both directions count: what the pod demands of those already placed, and what these demand of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.scheduler.framework import MAX_SCORE, SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Guest, Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

NO_AFFINITY = Failure("node(s) didn't match pod affinity rules", unresolvable=True)
ANTI_AFFINITY = Failure("node(s) didn't match pod anti-affinity rules")
EXISTING_ANTI_AFFINITY = Failure("node(s) didn't satisfy existing pods anti-affinity rules")

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

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
    """Matching pods per topology pair; `own` are the keys that have another value on every node."""

    __slots__ = ("affinity", "anti", "existing", "own", "shared")

    def __init__(self, keys: Iterable[str], cluster: Cluster) -> None:
        self.affinity: Pairs = {}
        self.anti: Pairs = {}
        self.existing: Pairs = {}
        self.own, self.shared = _sorted_out(keys, cluster)

    def copy(self) -> _Filtering:
        twin = _Filtering.__new__(_Filtering)
        twin.affinity, twin.anti, twin.existing = _copy(self.affinity), _copy(self.anti), _copy(self.existing)
        twin.own, twin.shared = self.own, self.shared
        return twin


class _Scoring:
    """What topology pairs are worth."""

    __slots__ = ("own", "shared", "worth")

    def __init__(self, keys: Iterable[str], cluster: Cluster) -> None:
        self.worth: Pairs = {}
        self.own, self.shared = _sorted_out(keys, cluster)


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"
    weight = 2

    def __init__(self, client: Client, hard_weight: int = 1, ignore_preferred: bool = False) -> None:
        """The arguments of InterPodAffinityArgs.

        `hard_weight`: what a required affinity of a placed pod counts for when nodes are scored;
        `ignore_preferred`: whether preferences of placed pods count only for pods with preferences of their own.
        """
        self._client = client
        self._hard_weight = hard_weight
        self._ignore_preferred = ignore_preferred
        self._demands: dict[Shape, Demands] = {}

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        own = self._of(shape)
        if not own.affinity and not own.anti and not cluster.affine:
            return SKIP
        theirs = [term for other in cluster.shapes for term in self._of(other).anti]
        terms = [*own.affinity, *own.anti, *(term for term in theirs if term.about(shape))]
        if not terms:
            return SKIP
        state = _Filtering((term.key for term in terms), cluster)
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
        own = self._of(shape)
        if not own.preferred and (self._ignore_preferred or not cluster.affine):
            return SKIP
        keys = {term.key for term in own.preferred}
        keys.update(key for other in cluster.shapes for key, _ in self._worth(shape, other))
        if not keys:
            return SKIP
        state = _Scoring(keys, cluster)
        for node, guest, count in cluster.guests():
            for key, value in self._worth(shape, guest.shape):
                _add(state.worth, node, key, value * count)
        return state

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        return sum(_at(state.worth, key, node.labels) for key in state.worth)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return int(MAX_SCORE * (raw - low) / (high - low)) if high > low else 0

    def topology_keys(self, state: Any) -> Iterable[str]:
        shared: tuple[str, ...] = state.shared
        return shared

    def local(self, state: Any, shape: Shape, node: NodeInfo) -> Hashable:
        labels = node.labels
        if isinstance(state, _Scoring):
            return sum([_at(state.worth, key, labels) for key in state.own])
        tables = (state.affinity, state.anti, state.existing)
        return tuple([key in labels and tuple([_at(pairs, key, labels) > 0 for pairs in tables]) for key in state.own])

    def affected(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> bool:
        if isinstance(state, _Filtering):
            alone = not any(state.affinity.values())
            keys = self._note(state, shape, node, guest.shape, count)
            if alone != (not any(state.affinity.values())):
                return True
        else:
            keys = set()
            for key, value in self._worth(shape, guest.shape):
                if _add(state.worth, node, key, value * count):
                    keys.add(key)
        return not keys.isdisjoint(state.shared)

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        if not guest.shape.affine and not shape.affine:
            return state
        changed = state.copy()
        self._note(changed, shape, node, guest.shape, count)
        return changed

    def forget(self) -> None:
        self._demands.clear()

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
                    yield term.key, term.weight or self._hard_weight


def _sorted_out(keys: Iterable[str], cluster: Cluster) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Topology keys that are different on every node, and the others."""
    wanted = sorted(set(keys))
    return tuple(key for key in wanted if cluster.unique(key)), tuple(key for key in wanted if not cluster.unique(key))


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
