"""Node selectors: does a node match a pod's nodeSelector and required or preferred node affinity?

The scheduler, kubelets, the DaemonSet controller and volume topology ask. Counterpart of
component-helpers' `scheduling/corev1/nodeaffinity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Labels = Mapping[str, str]


def matches_requirement(requirement: Mapping[str, Any], values: Labels) -> bool:
    """One matchExpressions (or matchFields) entry against labels (or fields)."""
    key, operator = requirement["key"], requirement.get("operator")
    if operator == "Exists":
        return key in values
    if operator == "DoesNotExist":
        return key not in values
    wanted: Sequence[str] = requirement.get("values") or ()
    if operator == "In":
        return key in values and values[key] in wanted
    if operator == "NotIn":
        return key not in values or values[key] not in wanted
    if operator in ("Gt", "Lt"):
        try:
            have, limit = int(values[key]), int(wanted[0])
        except (KeyError, ValueError, IndexError):
            return False
        return have > limit if operator == "Gt" else have < limit
    return False


def matches_term(term: Mapping[str, Any], name: str, labels: Labels) -> bool:
    """One nodeSelectorTerm; an empty term matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    for requirement in expressions:
        if not matches_requirement(requirement, labels):
            return False
    return all(matches_requirement(requirement, {"metadata.name": name}) for requirement in fields)


def matches_selector(selector: Mapping[str, Any] | None, name: str, labels: Labels) -> bool:
    """A NodeSelector: any of its terms. None selects every node."""
    if selector is None:
        return True
    return any(matches_term(term, name, labels) for term in selector.get("nodeSelectorTerms") or ())


def matches_pod(spec: Mapping[str, Any], name: str, labels: Labels) -> bool:
    """The pod spec's nodeSelector and required node affinity against a node's name and labels."""
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    return matches_selector(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), name, labels)


def preferred_weight(terms: Sequence[Mapping[str, Any]], name: str, labels: Labels) -> int:
    """The summed weights of the preferred terms that match; empty preferences are no-ops."""
    return sum(term.get("weight", 0) for term in terms if matches_term(term.get("preference") or {}, name, labels))
