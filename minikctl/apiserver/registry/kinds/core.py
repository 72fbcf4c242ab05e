"""Core kinds with little that is special: where they start, and what a write may not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import parse_time, rfc3339, rfc3339_micro
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_HEARTBEAT_SECONDS = 10


class NodeStrategy(Strategy):
    """A node may be created with its status: that is how kubelets register."""

    allow_create_on_update = False

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        """The status is kept as it is sent."""

    def decorate(self, obj: Obj, ctx: Context) -> None:
        """A healthy emulated kubelet has reported within the last minutes, without a write for it."""
        if not is_emulated(obj["metadata"]["name"], ctx):
            return
        at = rfc3339(ctx.server.clock.now() // 300 * 300)
        for condition in obj.get("status", {}).get("conditions") or ():
            if at > (condition.get("lastHeartbeatTime") or ""):
                condition["lastHeartbeatTime"] = at


class LeaseStrategy(Strategy):
    allow_create_on_update = True

    def decorate(self, obj: Obj, ctx: Context) -> None:
        """Leases of healthy emulated nodes are as good as renewed every ten seconds."""
        meta, spec = obj["metadata"], obj.get("spec") or {}
        if meta.get("namespace") != "kube-node-lease" or not is_emulated(meta["name"], ctx):
            return
        now, renewed = ctx.server.clock.now(), spec.get("renewTime")
        if renewed:
            at = parse_time(renewed)
            spec["renewTime"] = rfc3339_micro(at + max(0.0, (now - at) // _HEARTBEAT_SECONDS * _HEARTBEAT_SECONDS))


def is_emulated(node: str, ctx: Context) -> bool:
    """Whether an emulated kubelet runs the node and is neither stopped nor cut off."""
    kubelet = ctx.server.storage.store.state("kubelet")
    return node in (kubelet.get("nodes") or ()) and node not in (kubelet.get("stopped") or ())


class PersistentVolumeStrategy(Strategy):
    def initial_status(self, obj: Obj) -> Obj:
        return {"phase": "Pending"}


class PersistentVolumeClaimStrategy(PersistentVolumeStrategy):
    pass


class UpsertStrategy(Strategy):
    """Kinds that an update creates where they are missing."""

    allow_create_on_update = True


STRATEGIES = {
    "nodes": NodeStrategy,
    "leases.coordination.k8s.io": LeaseStrategy,
    "persistentvolumes": PersistentVolumeStrategy,
    "persistentvolumeclaims": PersistentVolumeClaimStrategy,
    "events": UpsertStrategy,
    "endpoints": UpsertStrategy,
}
