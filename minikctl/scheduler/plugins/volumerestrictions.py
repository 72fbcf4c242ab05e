"""VolumeRestrictions: disks that one pod at a time may write, and ReadWriteOncePod claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minikctl.scheduler.framework import SKIP, Failure, Plugin
from minikctl.scheduler.podinfo import Guest, Shape
from minikctl.scheduler.snapshot import Cluster, NodeInfo

if TYPE_CHECKING:
    from minikctl.client.client import Client

DISK_CONFLICT = Failure("node(s) had no available disk")
IN_USE = Failure("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode")

# Volume kind -> the fields that identify the disk; those whose read-only use by several pods is fine.
_IDENTITY = {
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "iscsi": ("iqn",),
    "rbd": ("pool", "image"),
}
_SHARED_READ_ONLY = ("gcePersistentDisk", "iscsi", "rbd")


class VolumeRestrictions(Plugin):
    name = "VolumeRestrictions"

    def __init__(self, client: Client) -> None:
        self._client = client

    def pre_filter(self, shape: Shape, cluster: Cluster) -> Any:
        """The names of the pod's ReadWriteOncePod claims that other pods use, with how many do."""
        alone: dict[str, int] = {}
        for name in shape.claims:
            if shape.ephemeral(name):
                continue
            claim = self._client.find("persistentvolumeclaims", name, shape.namespace)
            if claim is None:
                return Failure(f'persistentvolumeclaim "{name}" not found', unresolvable=True)
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                alone[name] = 0
        if not alone and not shape.volumes:
            return SKIP
        for _, guest, count in cluster.guests():
            _count(alone, shape, guest, count)
        return alone

    def filter(self, state: Any, shape: Shape, node: NodeInfo) -> Failure | None:
        if self.local(state, shape, node):
            return DISK_CONFLICT
        return IN_USE if any(state.values()) else None

    def local(self, state: Any, shape: Shape, node: NodeInfo) -> bool:
        """Whether a pod on the node keeps one of the disks to itself."""
        if not shape.volumes:
            return False
        return any(
            _conflict(ours, theirs) for guest in node.guests for ours in shape.volumes for theirs in guest.shape.volumes
        )

    def affected(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> bool:
        return _count(state, shape, guest, count)

    def simulate(self, state: Any, shape: Shape, node: NodeInfo, guest: Guest, count: int) -> Any:
        changed = dict(state)
        _count(changed, shape, guest, count)
        return changed


def _count(alone: dict[str, int], shape: Shape, guest: Guest, count: int) -> bool:
    if guest.shape.namespace != shape.namespace:
        return False
    shared = [name for name in guest.shape.claims if name in alone]
    for name in shared:
        alone[name] += count
    return bool(shared)


def _conflict(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    for kind, fields in _IDENTITY.items():
        mine, other = ours.get(kind), theirs.get(kind)
        if mine and other and all(mine.get(field) == other.get(field) for field in fields):
            return not (kind in _SHARED_READ_ONLY and mine.get("readOnly") and other.get("readOnly"))
    return False
