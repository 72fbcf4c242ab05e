"""NodeResourcesBalancedAllocation: prefers nodes whose resources fill up evenly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikctl.scheduler.framework import SKIP, Plugin
from minikctl.scheduler.plugins.resourcescoring import balance, fill, requests_of, resources_of
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo


class BalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"
    weight = 1

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        """`args`: NodeResourcesBalancedAllocationArgs."""
        self._resources = resources_of(args)

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        requests = requests_of(shape, self._resources, filled=False)
        return requests if any(requests) else SKIP

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        return balance(fill(node, self._resources, state, filled=False))
