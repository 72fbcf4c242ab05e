"""matchLabelKeys and mismatchLabelKeys of a new pod, written out as selector expressions.

The scheduler then needs only the selectors. Counterparts: mutatePodAffinity and
mutateTopologySpreadConstraints in kubernetes `pkg/registry/core/pod/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj


def merge_label_keys(pod: Obj) -> None:
    """Add the pod's own values of the named labels to the selectors beside them, in place."""
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge(constraint, "matchLabelKeys", "In", labels)
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for term in terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
            _merge_both(term, labels)
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            _merge_both(weighted.get("podAffinityTerm") or {}, labels)


def _merge_both(term: dict[str, Any], labels: dict[str, str]) -> None:
    _merge(term, "matchLabelKeys", "In", labels)
    _merge(term, "mismatchLabelKeys", "NotIn", labels)


def _merge(term: dict[str, Any], name: str, operator: str, labels: dict[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:
        return
    for key in term.get(name) or ():
        if key in labels:
            expression = {"key": key, "operator": operator, "values": [labels[key]]}
            selector.setdefault("matchExpressions", []).append(expression)
