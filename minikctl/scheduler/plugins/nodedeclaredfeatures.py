"""NodeDeclaredFeatures: a pod that needs a feature of the kubelet goes only where it is declared."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.declaredfeatures import needed_to_run
from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

_REASON = "node declared features check failed - unsatisfied requirements: "


class NodeDeclaredFeatures(Plugin):
    name = "NodeDeclaredFeatures"

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        return needed_to_run(shape.spec) or SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        lacking = [feature for feature in state if feature not in node.features]
        return Failure(_REASON + ", ".join(lacking), unresolvable=True) if lacking else None
