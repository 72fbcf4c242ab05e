"""NodeAffinity: nodeSelector and required node affinity filter, preferred node affinity scores."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.nodeaffinity import matches_pod, preferred_weight
from minikctl.scheduler.framework import SKIP, Failure, Plugin, normalize_by_highest
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

NO_MATCH = Failure("node(s) didn't match Pod's node affinity/selector", unresolvable=True)
# Nodes that PreFilter has already ruled out by name are not looked at one by one.
NOT_NAMED = Failure("node(s) didn't satisfy plugin(s) [NodeAffinity]", unresolvable=True)


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    weight = 2

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        affinity = (shape.spec.get("affinity") or {}).get("nodeAffinity") or {}
        required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
        if not required and not shape.spec.get("nodeSelector"):
            return SKIP
        return _named_nodes((required or {}).get("nodeSelectorTerms") or ())

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if state is not None and node.name not in state:
            return NOT_NAMED
        return None if matches_pod(shape.spec, node.name, node.labels) else NO_MATCH

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        affinity = (shape.spec.get("affinity") or {}).get("nodeAffinity") or {}
        return None if affinity.get("preferredDuringSchedulingIgnoredDuringExecution") else SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        return preferred_weight(shape.spec, node.name, node.labels)

    def normalize(self, raw: float, low: float, high: float) -> int:
        return normalize_by_highest(raw, high)


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
