"""NodePorts: host ports must be free on the node."""

from __future__ import annotations

from typing import Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

TAKEN = Failure("node(s) didn't have free ports for the requested pod ports")

_ANY = "0.0.0.0"


class NodePorts(Plugin):
    name = "NodePorts"

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        return None if shape.ports else SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if not node.ports:
            return None
        for wanted in shape.ports:
            for taken in node.ports:
                if wanted[1:] == taken[1:] and (wanted[0] == taken[0] or _ANY in (wanted[0], taken[0])):
                    return TAKEN
        return None
