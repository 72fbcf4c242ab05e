"""NodeName: a pod that names its node fits nowhere else (such pods do not reach the queue as a rule)."""

from __future__ import annotations

from typing import Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

OTHER_NODE = Failure("node(s) didn't match the requested node name", unresolvable=True)


class NodeName(Plugin):
    name = "NodeName"

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        return shape.spec.get("nodeName") or SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        return None if node.name == state else OTHER_NODE
