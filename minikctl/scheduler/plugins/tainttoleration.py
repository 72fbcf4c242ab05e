"""TaintToleration: NoSchedule and NoExecute taints must be tolerated, PreferNoSchedule ones had better be."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.taints import tolerated, untolerated
from minikctl.scheduler.framework import Failure, Plugin, normalize_reversed
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

UNTOLERATED = Failure("node(s) had untolerated taint(s)", unresolvable=True)


class TaintToleration(Plugin):
    name = "TaintToleration"
    weight = 3

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        return shape.spec.get("tolerations") or ()

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if node.taints and untolerated(node.taints, state) is not None:
            return UNTOLERATED
        return None

    def pre_score(self, shape: Shape, cluster: Cluster) -> Any:
        tolerations = shape.spec.get("tolerations") or ()
        return [toleration for toleration in tolerations if toleration.get("effect") in (None, "", "PreferNoSchedule")]

    def score(self, state: Any, shape: Shape, node: NodeInfo) -> float:
        if not node.prefer_taints:
            return 0
        return sum(1 for taint in node.prefer_taints if not tolerated(taint, state))

    def normalize(self, raw: float, low: float, high: float) -> int:
        return normalize_reversed(raw, high)
