"""How nodes score by their fill, under each strategy of NodeResourcesFit and for balance."""

from __future__ import annotations

from typing import Any

import pytest
from schedulerlab import make_node, make_pod

from minikctl.scheduler.plugins.balancedallocation import BalancedAllocation
from minikctl.scheduler.plugins.noderesourcesfit import NodeResourcesFit
from minikctl.scheduler.podinfo import Shapes
from minikctl.scheduler.snapshot import Cluster

CPU_ONLY = [{"name": "cpu", "weight": 1}]
BOTH = [{"name": "cpu", "weight": 3}, {"name": "memory", "weight": 1}]
GPUS = [{"name": "example.com/gpu", "weight": 1}]


def shape(*points: tuple[int, int]) -> dict[str, Any]:
    return {"shape": [{"utilization": utilization, "score": score} for utilization, score in points]}


def cluster_with(placed: list[dict[str, Any]]) -> tuple[Cluster, Shapes]:
    cluster, shapes = Cluster(), Shapes()
    node = make_node("n", cpu="4", memory="8Gi")
    node["status"]["allocatable"]["example.com/gpu"] = "8"
    cluster.set_node(node)
    for pod in placed:
        cluster.place(shapes.info(pod))
    return cluster, shapes


def score(plugin: Any, pod: dict[str, Any], *placed: dict[str, Any]) -> Any:
    cluster, shapes = cluster_with(list(placed))
    wanted = shapes.info(pod).shape
    return plugin.score(plugin.pre_score(wanted, cluster), wanted, cluster.nodes["n"])


STRATEGIES: list[tuple[dict[str, Any], int]] = [
    ({"type": "LeastAllocated"}, (50 + 75) // 2),
    ({"type": "LeastAllocated", "resources": CPU_ONLY}, 50),
    ({"type": "LeastAllocated", "resources": BOTH}, (3 * 50 + 75) // 4),
    ({"type": "MostAllocated"}, (50 + 25) // 2),
    ({"type": "MostAllocated", "resources": BOTH}, (3 * 50 + 25) // 4),
    ({"type": "RequestedToCapacityRatio", "resources": CPU_ONLY,
      "requestedToCapacityRatio": shape((0, 0), (100, 10))}, 50),
    ({"type": "RequestedToCapacityRatio", "resources": CPU_ONLY,
      "requestedToCapacityRatio": shape((0, 10), (40, 2), (100, 8))}, 30),
    ({"type": "RequestedToCapacityRatio", "resources": BOTH,
      "requestedToCapacityRatio": shape((30, 0), (100, 7))}, 20),  # memory scores 0 and is left out
    ({"type": "MostAllocated", "resources": GPUS}, 0),  # not asked for: says nothing
]  # fmt: skip


@pytest.mark.parametrize(("strategy", "expected"), STRATEGIES)
def test_strategies(strategy: dict[str, Any], expected: int) -> None:
    pod, placed = make_pod("p", cpu="1", memory="1Gi"), make_pod("q", cpu="1", memory="1Gi", nodeName="n")
    assert score(NodeResourcesFit({"scoringStrategy": strategy}), pod, placed) == expected


def test_extended_resources_that_are_asked_for_count() -> None:
    pod = make_pod("p", cpu="1")
    pod["spec"]["containers"][0]["resources"]["requests"]["example.com/gpu"] = "2"
    plugin = NodeResourcesFit({"scoringStrategy": {"type": "MostAllocated", "resources": GPUS}})
    assert score(plugin, pod) == 25


def test_balance() -> None:
    assert score(BalancedAllocation(), make_pod("p", cpu="2", memory="4Gi")) == 100
    assert score(BalancedAllocation(), make_pod("p", cpu="4", memory="4Gi")) == 75
    three = [{"name": name, "weight": 1} for name in ("cpu", "memory", "example.com/gpu")]
    pod = make_pod("p", cpu="4", memory="4Gi")
    pod["spec"]["containers"][0]["resources"]["requests"]["example.com/gpu"] = "8"
    assert score(BalancedAllocation({"resources": three}), pod) == 76


def test_ignored_resources_do_not_filter() -> None:
    pod = make_pod("p", cpu="1")
    pod["spec"]["containers"][0]["resources"]["requests"] |= {"example.com/gpu": "9", "other.dev/fpga": "1"}
    cluster, shapes = cluster_with([])
    wanted = shapes.info(pod).shape
    plain, lenient = (
        NodeResourcesFit(),
        NodeResourcesFit({"ignoredResources": ["example.com/gpu"], "ignoredResourceGroups": ["other.dev"]}),
    )
    node = cluster.nodes["n"]
    failure = plain.filter(plain.pre_filter(wanted, cluster), wanted, node)
    assert failure is not None
    assert failure.reasons == ("Insufficient example.com/gpu", "Insufficient other.dev/fpga")
    assert lenient.filter(lenient.pre_filter(wanted, cluster), wanted, node) is None
