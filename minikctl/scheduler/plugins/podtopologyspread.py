"""PodTopologySpread: replicas spread over topology domains.

DoNotSchedule constraints filter, ScheduleAnyway ones score; pods without constraints of their own
get the built-in scoring ones (hosts and zones) for the workload or Service they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import log
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.nodeaffinity import matches_pod
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import from_label_selector
from minikctl.apimachinery.taints import untolerated
from minikctl.scheduler.framework import EVERYWHERE, MAX_SCORE, SKIP, Everywhere, Failure, Plugin
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
        "_known", "counts", "domains", "honor_affinity", "honor_taints", "key", "matches", "max_skew", "min_domains",
        "namespace", "own", "shape", "weight",
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
        self.domains: dict[str, list[NodeInfo]] = {}
        self.weight = 0.0
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

    def lowest(self) -> int:
        if not self.counts or len(self.counts) < self.min_domains:
            return 0
        return min(self.counts.values())

    def copy(self) -> Constraint:
        twin = Constraint.__new__(Constraint)
        for slot in Constraint.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.counts = dict(self.counts)
        return twin


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"
    weight = 2

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        constraints = _declared(shape, "DoNotSchedule")
        if not constraints:
            return SKIP
        _count(constraints, cluster, require_all=True)
        return constraints

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        for constraint in state:
            value = node.labels.get(constraint.key)
            if value is None:
                return NO_LABEL
            if constraint.counts.get(value, 0) + constraint.own - constraint.lowest() > constraint.max_skew:
                return SKEWED
        return None

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        constraints = _declared(shape, "ScheduleAnyway")
        require_all = bool(constraints)
        if not shape.spec.get("topologySpreadConstraints"):
            constraints = self._built_in(shape)
        if not constraints:
            return SKIP
        _count(constraints, cluster, require_all)
        for constraint in constraints:
            constraint.weight = log(len(constraint.domains) + 2)
        return constraints, require_all

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float | None:
        """The weighted number of matching pods near the node."""
        constraints, require_all = state
        total = 0.0
        for constraint in constraints:
            value = node.labels.get(constraint.key)
            if value is None:
                if require_all:
                    return None
                continue
            total += constraint.counts.get(value, 0) * constraint.weight + (constraint.max_skew - 1)
        return int(total + 0.5)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return int(MAX_SCORE * (high + low - raw) / high) if high > 0 else MAX_SCORE

    def affected(
        self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int
    ) -> Iterable[NodeInfo] | Everywhere:
        scoring = isinstance(state, tuple)
        found: list[NodeInfo] = []
        for constraint in state[0] if scoring else state:
            value = node.labels.get(constraint.key)
            if value is None or value not in constraint.counts or not constraint.counts_pod(guest):
                continue
            lowest = 0 if scoring else constraint.lowest()
            constraint.counts[value] += count
            if not scoring and constraint.lowest() != lowest:
                return EVERYWHERE
            if constraint.key != HOSTNAME:
                found += constraint.domains[value]
        return found

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        changed = [constraint.copy() for constraint in state]
        self.affected(changed, shape, node, guest, count)
        return changed

    def _built_in(self, shape: Shape) -> list[Constraint]:
        selectors = self._workload_selectors(shape)
        if not selectors:
            return []

        def matches(labels: Mapping[str, str]) -> bool:
            return all(selector(labels) for selector in selectors)

        policies = {"nodeAffinityPolicy": "Honor"}
        return [Constraint(shape, key, max_skew, matches, policies) for key, max_skew in _BUILT_IN]

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


def _declared(shape: Shape, when: str) -> list[Constraint]:
    found = []
    for spec in shape.spec.get("topologySpreadConstraints") or ():
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
    for node in cluster.nodes.values():
        if require_all and any(key not in node.labels for key in keys):
            continue
        for constraint in constraints:
            value = node.labels.get(constraint.key)
            if value is None or not constraint.includes(node):
                continue
            found = sum(count for guest, count in node.guests.items() if constraint.counts_pod(guest))
            constraint.counts[value] = constraint.counts.get(value, 0) + found
            constraint.domains.setdefault(value, []).append(node)
