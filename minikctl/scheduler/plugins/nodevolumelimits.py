"""NodeVolumeLimits: a CSI driver attaches only so many volumes to one node (CSINode allocatable)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

EXCEEDED = Failure("node(s) exceed max volume count")


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        """Node -> driver -> limit, where any node has limits."""
        if not shape.claims:
            return SKIP
        limits: dict[str, dict[str, int]] = {}
        for csi_node in self._client.items("csinodes.storage.k8s.io"):
            for driver in csi_node.get("spec", {}).get("drivers") or ():
                count = (driver.get("allocatable") or {}).get("count")
                if count is not None:
                    limits.setdefault(csi_node["metadata"]["name"], {})[driver["name"]] = count
        return limits or SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        limits = state.get(node.name)
        if not limits:
            return None
        wanted = self._volumes(shape)
        if not wanted:
            return None
        used: dict[str, str] = {}
        for guest in node.guests:
            used.update(self._volumes(guest.shape))
        for driver, limit in limits.items():
            present = {volume for volume, name in used.items() if name == driver}
            more = {volume for volume, name in wanted.items() if name == driver} - present
            if more and len(present) + len(more) > limit:
                return EXCEEDED
        return None

    def _volumes(self, shape: Shape) -> dict[str, str]:
        """Volume (or claim to be provisioned) -> CSI driver."""
        found: dict[str, str] = {}
        for name in shape.claims:
            claim = self._client.find("persistentvolumeclaims", name, shape.namespace)
            if claim is None:
                continue
            volume_name, class_name = claim["spec"].get("volumeName"), claim["spec"].get("storageClassName")
            if volume_name:
                volume = self._client.find("persistentvolumes", volume_name) or {"spec": {}}
                source = volume["spec"].get("csi")
                if source:
                    found[source["volumeHandle"]] = source["driver"]
            elif class_name:
                storage_class = self._client.find("storageclasses.storage.k8s.io", class_name)
                if storage_class:
                    found[f"{shape.namespace}/{name}"] = storage_class["provisioner"]
        return found
