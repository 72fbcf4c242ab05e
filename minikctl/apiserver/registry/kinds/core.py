"""Core kinds with little that is special: where they start, and what a write may not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import apiservices, heartbeats
from minikctl.apimachinery.clock import parse_time, rfc3339, rfc3339_micro
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import Strategy, keep

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_KUBELET_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
_DATA_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


class NodeStrategy(Strategy):
    """A node may be created with its status: that is how kubelets register."""

    allow_create_on_update = False

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        """The status is kept as it is sent, but for what belonged to dynamic kubelet configuration."""
        _drop_config(obj)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_update(new, old, ctx)
        _drop_config(new)

    def prepare_for_status_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_status_update(new, old, ctx)
        _drop_config(new)

    def decorate(self, obj: Obj, ctx: Context) -> None:
        """A kubelet that runs has reported within the last minutes, without a write for it."""
        if not _runs(obj["metadata"]["name"], ctx):
            return
        now = ctx.server.clock.now()
        for condition in obj.get("status", {}).get("conditions") or ():
            stored = condition.get("lastHeartbeatTime")
            if stored and condition["type"] in _KUBELET_CONDITIONS:
                at = heartbeats.last_beat(parse_time(stored), now, heartbeats.STATUS_SECONDS)
                condition["lastHeartbeatTime"] = rfc3339(at)


def _drop_config(node: Obj) -> None:
    (node.get("spec") or {}).pop("configSource", None)
    (node.get("status") or {}).pop("config", None)


class LeaseStrategy(Strategy):
    allow_create_on_update = True

    def decorate(self, obj: Obj, ctx: Context) -> None:
        """The Leases of nodes that run are as good as renewed every ten seconds."""
        if renewed := _renewed(obj, ctx):
            obj["spec"]["renewTime"] = renewed

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        _drop_coordination(obj.get("spec") or {}, {})

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """A renewal that was only shown is not stored by somebody else's write."""
        super().prepare_for_update(new, old, ctx)
        _drop_coordination(new.get("spec") or {}, old.get("spec") or {})
        if (renewed := _renewed(old, ctx)) and (new.get("spec") or {}).get("renewTime") == renewed:
            new["spec"]["renewTime"] = old["spec"]["renewTime"]


def _drop_coordination(spec: Obj, before: Obj) -> None:
    """Coordinated leader election is switched off: its fields are kept where they are, but not taken."""
    for name in ("strategy", "preferredHolder"):
        if name not in before:
            spec.pop(name, None)


def _renewed(lease: Obj, ctx: Context) -> str:
    """When the Lease of a node that runs was renewed last; empty for any other Lease."""
    meta, renewed = lease["metadata"], (lease.get("spec") or {}).get("renewTime")
    if not renewed or meta.get("namespace") != heartbeats.LEASE_NAMESPACE or not _runs(meta["name"], ctx):
        return ""
    now = ctx.server.clock.now()
    return rfc3339_micro(heartbeats.last_beat(parse_time(renewed), now, heartbeats.LEASE_SECONDS))


def _runs(node: str, ctx: Context) -> bool:
    """Whether an emulated kubelet runs on the node and is neither stopped nor cut off."""
    return heartbeats.runs(ctx.server.storage.store.state("kubelet").get(f"machine/{node}"))


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


class ServiceAccountStrategy(Strategy):
    """Of the Secrets it refers to only the names are kept."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        _secret_names(obj)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _secret_names(new)


def _secret_names(obj: Obj) -> None:
    if obj.get("secrets"):
        obj["secrets"] = [{"name": secret["name"]} if secret.get("name") else {} for secret in obj["secrets"]]


class CSIDriverStrategy(Strategy):
    """The generation is counted from the first change of what may change."""

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        generation = old["metadata"].get("generation", 0)
        if (new.get("spec") or {}) != (old.get("spec") or {}):
            generation += 1
        if generation:
            new["metadata"]["generation"] = generation


class APIServiceStrategy(Strategy):
    """One without a Service behind it is this server's own, and so available."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}
        if (obj.get("spec") or {}).get("service") is None:
            obj["status"]["conditions"] = [{**apiservices.AVAILABLE, "lastTransitionTime": ctx.now}]


class UpsertStrategy(Strategy):
    """Kinds that an update creates where they are missing."""

    allow_create_on_update = True


class LimitRangeStrategy(UpsertStrategy):
    """One without a name gets an id for a name."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        if not obj["metadata"].get("name"):
            obj["metadata"]["name"] = ctx.rand.uid()


class EndpointSliceStrategy(Strategy):
    """The old topology field cannot be written in v1; labels count for the generation."""

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        for endpoint in obj.get("endpoints") or ():
            endpoint.pop("deprecatedTopology", None)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        super().prepare_for_update(new, old, ctx)
        if new.get("endpoints") != old.get("endpoints"):
            for endpoint in new.get("endpoints") or ():
                endpoint.pop("deprecatedTopology", None)

    def count_generation(self, new: Obj, old: Obj) -> None:
        super().count_generation(new, old)
        meta, before = new["metadata"], old["metadata"]
        generation = before.get("generation", 0)
        if meta.get("generation", 0) == generation and (meta.get("labels") or {}) != (before.get("labels") or {}):
            meta["generation"] = generation + 1


STRATEGIES = {
    "apiservices.apiregistration.k8s.io": APIServiceStrategy,
    "nodes": NodeStrategy,
    "leases.coordination.k8s.io": LeaseStrategy,
    "persistentvolumes": PersistentVolumeStrategy,
    "persistentvolumeclaims": PersistentVolumeClaimStrategy,
    "endpoints": UpsertStrategy,
    "events.events.k8s.io": UpsertStrategy,
    "endpointslices.discovery.k8s.io": EndpointSliceStrategy,
    "limitranges": LimitRangeStrategy,
    "podtemplates": UpsertStrategy,
    "csidrivers.storage.k8s.io": CSIDriverStrategy,
    "serviceaccounts": ServiceAccountStrategy,
}
