"""NodeUnschedulable: cordoned nodes take no pods, save those that tolerate it."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.taints import NO_SCHEDULE, tolerated
from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

UNSCHEDULABLE = Failure("node(s) were unschedulable", unresolvable=True)

_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": NO_SCHEDULE}


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        return SKIP if tolerated(_TAINT, shape.spec.get("tolerations") or ()) else None

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        return UNSCHEDULABLE if node.unschedulable else None
