"""NodeAffinity: nodeSelector and required node affinity filter, preferred node affinity scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikctl.apimachinery.nodeaffinity import matches_pod, matches_selector, preferred_weight
from minikctl.scheduler.framework import SKIP, Failure, Plugin, normalize_by_highest
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

NO_MATCH = Failure("node(s) didn't match Pod's node affinity/selector", unresolvable=True)
NOT_ENFORCED = Failure("node(s) didn't match scheduler-enforced node affinity", unresolvable=True)
CONFLICT = Failure("pod affinity terms conflict", unresolvable=True)
# Nodes that PreFilter has already ruled out by name are not looked at one by one.
NOT_NAMED = Failure("node(s) didn't satisfy plugin(s) [NodeAffinity]", unresolvable=True)

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    weight = 2

    def __init__(self, added: Mapping[str, Any] | None = None) -> None:
        """`added`: a node affinity that holds for all pods of the profile (NodeAffinityArgs)."""
        self._enforced = (added or {}).get(_REQUIRED)
        self._added = (added or {}).get(_PREFERRED) or []

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        required = _affinity(shape).get(_REQUIRED)
        if not required and not shape.spec.get("nodeSelector") and self._enforced is None:
            return SKIP
        names = _named_nodes((required or {}).get("nodeSelectorTerms") or ())
        return CONFLICT if names is not None and not names else names

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if state is not None and node.name not in state:
            return NOT_NAMED
        if self._enforced is not None and not matches_selector(self._enforced, node.name, node.labels):
            return NOT_ENFORCED
        return None if matches_pod(shape.spec, node.name, node.labels) else NO_MATCH

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        return [*self._added, *(_affinity(shape).get(_PREFERRED) or ())] or SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        return preferred_weight(state, node.name, node.labels)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return normalize_by_highest(raw, high)


def _affinity(shape: Shape) -> Mapping[str, Any]:
    return (shape.spec.get("affinity") or {}).get("nodeAffinity") or {}


def _named_nodes(terms: Any) -> frozenset[str] | None:
    """The nodes that matchFields name, where every term names some; else None."""
    names: set[str] = set()
    for term in terms:
        found: set[str] | None = None
        for requirement in term.get("matchFields") or ():
            if requirement.get("key") == "metadata.name" and requirement.get("operator") == "In":
                values = set(requirement.get("values") or ())
                found = values if found is None else found & values
        if found is None:
            return None
        names |= found
    return frozenset(names) if terms else None
