"""NodeResourcesFit: requests must fit into what is left; by default the emptier node scores higher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minikctl.scheduler.framework import MAX_SCORE, Failure, Plugin
from minikctl.scheduler.plugins.resourcescoring import fill, requests_of, resources_of, strategy_of
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

TOO_MANY_PODS = "Too many pods"
INSUFFICIENT = "Insufficient "


class NodeResourcesFit(Plugin):
    name = "NodeResourcesFit"
    weight = 1

    def __init__(
        self, args: Mapping[str, Any] | None = None, backed: Callable[[Shape], Mapping[str, Any]] | None = None
    ) -> None:
        """`args`: NodeResourcesFitArgs; `backed`: the extended resources of a pod that device classes stand for."""
        args = args or {}
        self._backed = backed
        self._ignored = frozenset(args.get("ignoredResources") or ())
        self._ignored_groups = frozenset(args.get("ignoredResourceGroups") or ())
        scoring = args.get("scoringStrategy") or {"type": "LeastAllocated"}
        self._resources = resources_of(scoring)
        self._strategy = strategy_of(scoring)
        self._plain = scoring["type"] == "LeastAllocated" and sorted(self._resources) == [("cpu", 1), ("memory", 1)]

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        requests = shape.requests
        return requests, self._backed(shape) if self._backed is not None and requests.others else {}

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        requests, backed = state
        if (
            requests.cpu <= node.cpu - node.used_cpu
            and requests.memory <= node.memory - node.used_memory
            and not requests.others
            and node.count < node.pods_allowed
        ):
            return None
        return self._shortage(shape, node, backed)

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        if self._plain:
            return shape.requests.nonzero_cpu, shape.requests.nonzero_memory
        return requests_of(shape, self._resources, filled=True)

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        if not self._plain:
            return self._strategy(fill(node, self._resources, state, filled=True))
        total = weights = 0
        if node.cpu:
            weights = 1
            left = node.cpu - node.nonzero_cpu - state[0]
            if left > 0:
                total = left * MAX_SCORE // node.cpu
        if node.memory:
            weights += 1
            left = node.memory - node.nonzero_memory - state[1]
            if left > 0:
                total += left * MAX_SCORE // node.memory
        return total // weights if weights else 0

    def _ignores(self, resource: str) -> bool:
        """Whether an extended resource is none of the scheduler's business."""
        group, slash, _ = resource.partition("/")
        extended = bool(slash) and "kubernetes.io" not in group
        return extended and (resource in self._ignored or group in self._ignored_groups)

    def _shortage(self, shape: Shape, node: NodeInfo, backed: Mapping[str, Any]) -> Failure | None:
        reasons = []
        unresolvable = False
        if node.count + 1 > node.pods_allowed:
            reasons.append(TOO_MANY_PODS)
        requests = shape.requests
        wanted = [
            ("cpu", requests.cpu, node.cpu, node.used_cpu),
            ("memory", requests.memory, node.memory, node.used_memory),
        ]
        wanted += [
            (name, amount, node.others.get(name, 0), node.others_used.get(name, 0))
            for name, amount in requests.others
            if not self._ignores(name) and (name not in backed or node.others.get(name))
        ]
        for name, amount, offered, used in wanted:
            if amount > offered - used and amount:
                reasons.append(INSUFFICIENT + name)
                unresolvable = unresolvable or amount > offered
        return Failure(*reasons, unresolvable=unresolvable) if reasons else None
