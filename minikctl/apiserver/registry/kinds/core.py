"""Core kinds with little that is special: where they start, and what a write may not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import parse_time, rfc3339, rfc3339_micro
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_HEARTBEAT_SECONDS = 10
_DATA_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


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
    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": ctx.now}

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """The time of the last change of phase is the server's unless the writer says another."""
        super().prepare_for_status_update(new, old, ctx)
        status, before = new.setdefault("status", {}), old.get("status") or {}
        told = status.get("lastPhaseTransitionTime")
        if told is not None and told != before.get("lastPhaseTransitionTime"):
            return
        if status.get("phase") != before.get("phase"):
            status["lastPhaseTransitionTime"] = ctx.now
        else:
            keep(status, before, "lastPhaseTransitionTime")


class PersistentVolumeClaimStrategy(Strategy):
    def initial_status(self, obj: Obj) -> Obj:
        return {"phase": "Pending"}

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        _data_sources(obj.get("spec") or {}, {})

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_update(new, old, ctx)
        _data_sources(new.get("spec") or {}, old.get("spec") or {})


def _data_sources(spec: Obj, old: Obj) -> None:
    """Drop what dataSource never could be and bring it in step with dataSourceRef (KEP 1495)."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if not (old.get("dataSource") or old.get("dataSourceRef")):
        if reference is not None:
            reference.pop("namespace", None)  # data sources in other namespaces are an alpha feature
        if source is not None and (source.get("apiGroup") or "", source.get("kind")) not in _DATA_SOURCES:
            del spec["dataSource"]
            source = None
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif source is None and reference is not None and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


class UpsertStrategy(Strategy):
    """Kinds that an update creates where they are missing."""

    allow_create_on_update = True


STRATEGIES = {
    "nodes": NodeStrategy,
    "leases.coordination.k8s.io": LeaseStrategy,
    "persistentvolumes": PersistentVolumeStrategy,
    "persistentvolumeclaims": PersistentVolumeClaimStrategy,
    "endpoints": UpsertStrategy,
}
