"""VolumeZone: volumes labelled with a zone or region are used there only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

CONFLICT = Failure("node(s) had no available volume zone", unresolvable=True)

_LABELS = (
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)


class VolumeZone(Plugin):
    name = "VolumeZone"

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        wanted: list[tuple[str, frozenset[str]]] = []
        for name in shape.claims:
            claim = self._client.find("persistentvolumeclaims", name, shape.namespace)
            volume_name = (claim or {}).get("spec", {}).get("volumeName")
            volume = self._client.find("persistentvolumes", volume_name) if volume_name else None
            labels = volume["metadata"].get("labels") or {} if volume else {}
            wanted += [(label, frozenset(labels[label].split("__"))) for label in _LABELS if label in labels]
        return wanted or SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if not any(label in node.labels for label in _LABELS):
            return None
        if all(node.labels.get(label) in values for label, values in state):
            return None
        return CONFLICT
