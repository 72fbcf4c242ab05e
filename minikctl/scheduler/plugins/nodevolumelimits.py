"""NodeVolumeLimits: a CSI driver attaches only so many volumes to one node (CSINode allocatable)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.client import Client

EXCEEDED = Failure("node(s) exceed max volume count")

Volumes = dict[str, str]  # volume (or claim to be provisioned) -> CSI driver


class _State:
    """Limits and attached volumes per node, and what was looked up of pods' volumes."""

    __slots__ = ("attached", "limits", "volumes")

    def __init__(self, limits: dict[str, dict[str, int]], attached: dict[str, Volumes]) -> None:
        self.limits = limits
        self.attached = attached
        self.volumes: dict[Shape, Volumes] = {}


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        if not shape.claims:
            return SKIP
        limits: dict[str, dict[str, int]] = {}
        for csi_node in self._client.items("csinodes.storage.k8s.io"):
            for driver in csi_node.get("spec", {}).get("drivers") or ():
                count = (driver.get("allocatable") or {}).get("count")
                if count is not None:
                    limits.setdefault(csi_node["metadata"]["name"], {})[driver["name"]] = count
        return _State(limits, self._attached()) if limits else SKIP

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        limits = state.limits.get(node.name)
        if not limits:
            return None
        wanted = self._volumes(state, shape)
        if not wanted:
            return None
        present = dict(state.attached.get(node.name, ()))
        for guest in node.guests:
            present.update(self._volumes(state, guest.shape))
        for driver, limit in limits.items():
            there = {volume for volume, name in present.items() if name == driver}
            more = {volume for volume, name in wanted.items() if name == driver} - there
            if more and len(there) + len(more) > limit:
                return EXCEEDED
        return None

    def _attached(self) -> dict[str, Volumes]:
        """Per node the volumes that are attached, whether or not a pod still uses them."""
        found: dict[str, Volumes] = {}
        for attachment in self._client.items("volumeattachments.storage.k8s.io"):
            spec = attachment["spec"]
            name = spec["source"].get("persistentVolumeName")
            source = self._source(name) if name else None
            if source is not None:
                found.setdefault(spec["nodeName"], {})[source["volumeHandle"]] = source["driver"]
        return found

    def _volumes(self, state: _State, shape: Shape) -> Volumes:
        found = state.volumes.get(shape)
        if found is None:
            found = state.volumes[shape] = self._look_up(shape)
        return found

    def _look_up(self, shape: Shape) -> Volumes:
        found: Volumes = {}
        for name in shape.claims:
            claim = self._client.find("persistentvolumeclaims", name, shape.namespace)
            if claim is None:
                continue
            volume_name, class_name = claim["spec"].get("volumeName"), claim["spec"].get("storageClassName")
            if volume_name:
                source = self._source(volume_name)
                if source is not None:
                    found[source["volumeHandle"]] = source["driver"]
            elif class_name:
                storage_class = self._client.find("storageclasses.storage.k8s.io", class_name)
                if storage_class:
                    found[f"{shape.namespace}/{name}"] = storage_class["provisioner"]
        return found

    def _source(self, volume_name: str) -> Obj | None:
        """The CSI source of a PersistentVolume."""
        volume = self._client.find("persistentvolumes", volume_name)
        source: Obj | None = volume["spec"].get("csi") if volume is not None else None
        return source
