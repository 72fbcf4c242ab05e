"""NodeResourcesBalancedAllocation: prefers nodes whose CPU and memory fill up evenly."""

from __future__ import annotations

from typing import Any

from minikctl.scheduler.framework import MAX_SCORE, SKIP, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo


class BalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"
    weight = 1

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        requests = shape.requests
        return (requests.cpu, requests.memory) if requests.cpu or requests.memory else SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        if not node.cpu or not node.memory:
            return MAX_SCORE
        cpu = min(1.0, (node.used_cpu + state[0]) / node.cpu)
        memory = min(1.0, (node.used_memory + state[1]) / node.memory)
        return int((1 - abs(cpu - memory) / 2) * MAX_SCORE)
