"""Rows of API priority and fairness."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, Obj, age, define, name


def _flow_schema(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    method = spec.get("distinguisherMethod")
    missing = "?"
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Dangling":
            missing = condition.get("status", "")
            break
    level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
    precedence = spec.get("matchingPrecedence", 0)
    return [name(obj), level, precedence, NONE if method is None else method.get("type", ""), age(obj, now), missing]


def _priority_level(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    numbers: list[Any] = [NONE, NONE, NONE, NONE]
    limited = spec.get("limited")
    if limited is not None:
        numbers[0] = limited.get("nominalConcurrencyShares", 0)
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            numbers[1:] = [queuing.get("queues", 0), queuing.get("handSize", 0), queuing.get("queueLengthLimit", 0)]
    return [name(obj), spec.get("type", ""), *numbers, age(obj, now)]


TABLES = {
    "flowschemas.flowcontrol.apiserver.k8s.io": (
        define("Name", "PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"),
        _flow_schema,
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": (
        define("Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"),
        _priority_level,
    ),
}
