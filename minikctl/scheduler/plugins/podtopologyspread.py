"""PodTopologySpread: replicas spread over topology domains.

DoNotSchedule constraints filter, ScheduleAnyway ones score; pods without constraints of their own
get the built-in scoring ones (hosts and zones) for the workload or Service they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.nodeaffinity import matches_pod
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.apimachinery.taints import untolerated
from minikctl.scheduler.framework import MAX_SCORE, SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Guest, Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

SKEWED = Failure("node(s) didn't match pod topology spread constraints")
NO_LABEL = Failure("node(s) didn't match pod topology spread constraints (missing required label)", unresolvable=True)

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
_BUILT_IN = ((HOSTNAME, 3), (ZONE, 5))

Matcher = Callable[[Mapping[str, str]], bool]


class Constraint:
    """One spread constraint with the pods counted per domain."""

    __slots__ = (
        "_known", "_tally", "counts", "honor_affinity", "honor_taints", "key", "lowest", "matches", "max_skew",
        "min_domains", "namespace", "own", "per_node", "shape", "weight",
    )  # fmt: skip

    def __init__(self, shape: Shape, key: str, max_skew: int, matches: Matcher, spec: Obj) -> None:
        self.shape = shape
        self.key = key
        self.max_skew = max_skew
        self.matches = matches
        self.min_domains: int = spec.get("minDomains") or 1
        selective = bool(shape.spec.get("nodeSelector") or (shape.spec.get("affinity") or {}).get("nodeAffinity"))
        self.honor_affinity = selective and spec.get("nodeAffinityPolicy", "Honor") == "Honor"
        self.honor_taints = spec.get("nodeTaintsPolicy", "Ignore") == "Honor"
        self.own = int(matches(shape.labels))
        self.namespace = shape.namespace
        self.counts: dict[str, int] = {}
        self.per_node = False  # every node is a domain of its own
        self.lowest = 0  # count of the emptiest domain; 0 where there are fewer domains than minDomains
        self.weight = 0.0
        self._tally: dict[int, int] = {}  # count -> how many domains have it
        self._known: dict[Shape, bool] = {}

    def counts_pod(self, guest: Guest) -> bool:
        if guest.shape.namespace != self.namespace or guest.terminating:
            return False
        known = self._known.get(guest.shape)
        if known is None:
            known = self._known[guest.shape] = self.matches(guest.shape.labels)
        return known

    def includes(self, node: NodeInfo) -> bool:
        """Whether the node's domain counts, by the constraint's inclusion policies."""
        spec = self.shape.spec
        if self.honor_affinity and not matches_pod(spec, node.name, node.labels):
            return False
        return not (self.honor_taints and untolerated(node.taints, spec.get("tolerations") or ()) is not None)

    def summarize(self) -> None:
        """Work out `lowest` from the counts."""
        for count in self.counts.values():
            self._tally[count] = self._tally.get(count, 0) + 1
        if self.counts and len(self.counts) >= self.min_domains:
            self.lowest = min(self._tally)

    def add(self, value: str, more: int) -> bool:
        """Count pods in a domain; True where the emptiest domain has another count now."""
        count = self.counts[value]
        self.counts[value] = count + more
        tally = self._tally
        tally[count + more] = tally.get(count + more, 0) + 1
        tally[count] -= 1
        if not tally[count]:
            del tally[count]
        if len(self.counts) < self.min_domains:
            return False
        lowest, self.lowest = self.lowest, min(tally)
        return lowest != self.lowest

    def copy(self) -> Constraint:
        twin = Constraint.__new__(Constraint)
        for slot in Constraint.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.counts, twin._tally = dict(self.counts), dict(self._tally)
        return twin


class _Scoring:
    """Soft constraints, and whether nodes that lack one of their labels are left out."""

    __slots__ = ("constraints", "require_all")

    def __init__(self, constraints: list[Constraint], require_all: bool) -> None:
        self.constraints = constraints
        self.require_all = require_all

    def leaves_out(self, node: NodeInfo) -> bool:
        return self.require_all and any(constraint.key not in node.labels for constraint in self.constraints)


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"
    weight = 2

    def __init__(self, client: Client, defaults: Sequence[Obj] | None = None) -> None:
        """`defaults`: constraints for pods without any (PodTopologySpreadArgs); None: the built-in scoring ones."""
        self._client = client
        self._defaults = defaults

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        constraints = self._constraints(shape, "DoNotSchedule")
        if not constraints:
            return SKIP
        _count(constraints, cluster, require_all=True)
        for constraint in constraints:
            constraint.summarize()
        return constraints

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        for constraint in state:
            value = node.labels.get(constraint.key)
            if value is None:
                return NO_LABEL
            if constraint.counts.get(value, 0) + constraint.own - constraint.lowest > constraint.max_skew:
                return SKEWED
        return None

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        constraints = self._constraints(shape, "ScheduleAnyway")
        require_all = bool(shape.spec.get("topologySpreadConstraints")) or self._defaults is not None
        if not constraints:
            return SKIP
        _count(constraints, cluster, require_all)
        for constraint in constraints:
            constraint.summarize()
        return _Scoring(constraints, require_all)

    def survey(self, state: Any, shape: Shape, sample: Sequence[tuple[NodeInfo, int]]) -> None:
        """Weigh each constraint by the number of its domains among the feasible nodes."""
        scored = [item for item in sample if not state.leaves_out(item[0])]
        for constraint in state.constraints:
            if constraint.per_node:
                domains = sum(number for _, number in scored)
            else:
                domains = len({node.labels.get(constraint.key) for node, _ in scored})
            constraint.weight = log(domains + 2)

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float | None:
        """The weighted number of matching pods near the node."""
        if state.leaves_out(node):
            return None
        total = 0.0
        for constraint in state.constraints:
            value = node.labels.get(constraint.key)
            if value is not None:
                total += constraint.counts.get(value, 0) * constraint.weight + (constraint.max_skew - 1)
        return int(total + 0.5)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return int(MAX_SCORE * (high + low - raw) // high) if high > 0 else MAX_SCORE

    def topology_keys(self, state: Any) -> Iterable[str]:
        return [constraint.key for constraint in _constraints_of(state) if not constraint.per_node]

    def local(self, state: Any, shape: Shape, node: NodeInfo) -> Hashable:
        labels = node.labels
        return tuple(
            [c.counts.get(labels[c.key], 0) if c.key in labels else -1 for c in _constraints_of(state) if c.per_node]
        )

    def affected(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> bool:
        others = False
        filtering = isinstance(state, list)
        for constraint in _constraints_of(state):
            value = node.labels.get(constraint.key)
            if value is None or value not in constraint.counts or not constraint.counts_pod(guest):
                continue
            moved = constraint.add(value, count)
            others = others or not constraint.per_node or (filtering and moved)
        return others

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        if not any(constraint.counts_pod(guest) for constraint in state):
            return state
        changed = [constraint.copy() for constraint in state]
        self.affected(changed, shape, node, guest, count)
        return changed

    def _constraints(self, shape: Shape, when: str) -> list[Constraint]:
        """The pod's own constraints, or the default ones where it has none."""
        declared = shape.spec.get("topologySpreadConstraints")
        if declared:
            return _declared(shape, declared, when)
        if self._defaults is None:
            return self._built_in(shape) if when == "ScheduleAnyway" else []
        defaults = [spec for spec in self._defaults if spec.get("whenUnsatisfiable") == when]
        matches = self._peers(shape) if defaults else None
        if matches is None:
            return []
        return [Constraint(shape, spec["topologyKey"], spec["maxSkew"], matches, spec) for spec in defaults]

    def _built_in(self, shape: Shape) -> list[Constraint]:
        matches = self._peers(shape)
        if matches is None:
            return []
        policies = {"nodeAffinityPolicy": "Honor"}
        return [Constraint(shape, key, max_skew, matches, policies) for key, max_skew in _BUILT_IN]

    def _peers(self, shape: Shape) -> Matcher | None:
        """What the labels of pods of the same Services and workload match; None where there is neither."""
        selectors = self._workload_selectors(shape)
        if not selectors:
            return None

        def matches(labels: Mapping[str, str]) -> bool:
            return all(selector(labels) for selector in selectors)

        return matches

    def _workload_selectors(self, shape: Shape) -> list[Matcher]:
        """Selectors of the pod's Services and of its controller: together they say which pods are its peers."""
        found: list[Matcher] = []
        for service in self._client.items("services", shape.namespace):
            selector = service.get("spec", {}).get("selector")
            if selector and selector.items() <= shape.labels.items():
                found.append(from_label_selector({"matchLabels": selector}).matches)
        owner = shape.owner
        if owner is not None and (resource := _WORKLOADS.get(owner["kind"])):
            controller = self._client.find(resource, owner["name"], shape.namespace)
            selector = ((controller or {}).get("spec") or {}).get("selector")
            if selector:
                query = {"matchLabels": selector} if resource == "replicationcontrollers" else selector
                found.append(from_label_selector(query).matches)
        return found


_WORKLOADS = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
}


def _constraints_of(state: Any) -> list[Constraint]:
    found: list[Constraint] = state if isinstance(state, list) else state.constraints
    return found


def _declared(shape: Shape, declared: Sequence[Obj], when: str) -> list[Constraint]:
    found = []
    for spec in declared:
        if spec.get("whenUnsatisfiable") == when:
            selector = _with_label_keys(spec, shape.labels)
            matches = from_label_selector(selector).matches
            found.append(Constraint(shape, spec["topologyKey"], spec["maxSkew"], matches, spec))
    return found


def _with_label_keys(spec: Obj, labels: Mapping[str, str]) -> Obj | None:
    """The constraint's selector with the pod's values of matchLabelKeys."""
    selector: Obj | None = spec.get("labelSelector")
    keys = [key for key in spec.get("matchLabelKeys") or () if key in labels]
    if not keys or selector is None:
        return selector
    wanted = [{"key": key, "operator": "In", "values": [labels[key]]} for key in keys]
    return {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *wanted]}


def _count(constraints: list[Constraint], cluster: Cluster, require_all: bool) -> None:
    keys = [constraint.key for constraint in constraints]
    for constraint in constraints:
        constraint.per_node = constraint.key == HOSTNAME or cluster.unique(constraint.key)
    for node in cluster.nodes.values():
        labels = node.labels
        if require_all and any(key not in labels for key in keys):
            continue
        for constraint in constraints:
            value = labels.get(constraint.key)
            if value is None or not constraint.includes(node):
                continue
            found = sum(count for guest, count in node.guests.items() if constraint.counts_pod(guest))
            constraint.counts[value] = constraint.counts.get(value, 0) + found
