"""How well a node's fill suits a pod, over chosen resources: least, most, requested to capacity, balanced.

Shared by NodeResourcesFit and NodeResourcesBalancedAllocation. Counterpart of kube-scheduler's
`noderesources/resource_allocation.go` and its scorers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

from minikctl.scheduler.framework import MAX_SCORE
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import NodeInfo

_HIGHEST_CUSTOM_SCORE = 10

Resources = Sequence[tuple[str, int]]  # name, weight
# (requested with the pod, allocatable, weight) per resource the node has -> score
Strategy = Callable[[list[tuple[int, int, int]]], int]


def resources_of(args: Mapping[str, Any] | None) -> Resources:
    """The `resources` of a plugin's arguments; cpu and memory where there are none."""
    found = [(item["name"], item["weight"]) for item in (args or {}).get("resources") or ()]
    return found or (("cpu", 1), ("memory", 1))


def requests_of(shape: Shape, resources: Resources, filled: bool) -> list[int]:
    """What the pod asks for; `filled`: with the defaults for containers that ask for no cpu or memory."""
    requests = shape.requests
    known = dict(requests.others)
    known["cpu"] = requests.nonzero_cpu if filled else requests.cpu
    known["memory"] = requests.nonzero_memory if filled else requests.memory
    return [known.get(name, 0) for name, _ in resources]


def fill(node: NodeInfo, resources: Resources, requests: Sequence[int], filled: bool) -> list[tuple[int, int, int]]:
    """Per resource that the node has: requested with the pod, allocatable, weight."""
    found = []
    for (name, weight), request in zip(resources, requests, strict=True):
        if name == "cpu":
            offered, used = node.cpu, node.nonzero_cpu if filled else node.used_cpu
        elif name == "memory":
            offered, used = node.memory, node.nonzero_memory if filled else node.used_memory
        elif request or name == "ephemeral-storage":
            offered, used = node.others.get(name, 0), node.others_used.get(name, 0)
        else:
            continue  # an extended resource that the pod does not ask for says nothing
        if offered:
            found.append((used + request, offered, weight))
    return found


def strategy_of(scoring: Mapping[str, Any]) -> Strategy:
    """The function of a NodeResourcesFitArgs scoringStrategy."""
    if scoring["type"] == "MostAllocated":
        return _most_allocated
    if scoring["type"] == "RequestedToCapacityRatio":
        scale = MAX_SCORE // _HIGHEST_CUSTOM_SCORE
        shape = scoring["requestedToCapacityRatio"]["shape"]
        return _ratio([(point.get("utilization", 0), point.get("score", 0) * scale) for point in shape])
    return _least_allocated


def _least_allocated(fill: list[tuple[int, int, int]]) -> int:
    total = sum(
        (offered - wanted) * MAX_SCORE // offered * weight for wanted, offered, weight in fill if wanted <= offered
    )
    return _mean(total, fill)


def _most_allocated(fill: list[tuple[int, int, int]]) -> int:
    total = sum(min(wanted, offered) * MAX_SCORE // offered * weight for wanted, offered, weight in fill)
    return _mean(total, fill)


def _mean(total: int, fill: list[tuple[int, int, int]]) -> int:
    weights = sum(weight for _, _, weight in fill)
    return total // weights if weights else 0


def _ratio(points: list[tuple[int, int]]) -> Strategy:
    def score(fill: list[tuple[int, int, int]]) -> int:
        total = weights = 0
        for wanted, offered, weight in fill:
            utilization = 100 if wanted > offered else wanted * 100 // offered
            found = _on_broken_line(points, utilization)
            if found > 0:
                total += found * weight
                weights += weight
        return int(total / weights + 0.5) if weights else 0

    return score


def _on_broken_line(points: list[tuple[int, int]], at: int) -> int:
    """The value of a function that is linear between points and constant beyond them."""
    for index, (x, y) in enumerate(points):
        if at <= x:
            if index == 0:
                return y
            before_x, before_y = points[index - 1]
            return before_y + int((y - before_y) * (at - before_x) / (x - before_x))
    return points[-1][1]


def balance(fill: list[tuple[int, int, int]]) -> int:
    """How alike the fractions are to which resources are used."""
    fractions = [min(1.0, wanted / offered) for wanted, offered, _ in fill]
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs(fractions[0] - fractions[1]) / 2
    elif len(fractions) > 2:
        mean = sum(fractions) / len(fractions)
        deviation = sqrt(sum((fraction - mean) ** 2 for fraction in fractions) / len(fractions))
    return int((1 - deviation) * MAX_SCORE)
