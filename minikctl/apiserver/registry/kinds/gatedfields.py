"""Fields of pods that v1.36 has switched off by default: they are dropped unless the old object uses them.

Counterparts: DropDisabledPodFields and DropDisabledTemplateFields in kubernetes `pkg/api/pod`, for the gates
ClusterTrustBundleProjection, ContainerStopSignals, DRANodeAllocatableResources, GenericWorkload,
ImageVolumeWithDigest and PodCertificateRequest.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

_ALLOCATABLE_CLAIMS = "nodeAllocatableResourceClaimStatuses"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def drop_gated(spec: Obj, old: Obj | None = None) -> None:
    """Drop the fields from a pod spec, in place; what `old` has is left."""
    old = old or {}
    lifecycles = _stop_signals(spec)
    if lifecycles and not _stop_signals(old):
        for container in lifecycles:
            lifecycle = {key: value for key, value in container["lifecycle"].items() if key != "stopSignal"}
            container["lifecycle"] = lifecycle
            if not any(value is not None for value in lifecycle.values()):
                del container["lifecycle"]
    for kind in ("clusterTrustBundle", "podCertificate"):
        sources = _projections(spec, kind)
        if sources and not _projections(old, kind):
            for source in sources:
                del source[kind]
    if spec.get("schedulingGroup") is not None and old.get("schedulingGroup") is None:
        del spec["schedulingGroup"]


def drop_gated_status(status: Obj, old: Obj) -> None:
    """The same for a pod's status: devices that count as resources of the node, digests of image volumes."""
    if not old.get(_ALLOCATABLE_CLAIMS):
        status.pop(_ALLOCATABLE_CLAIMS, None)
    mounts = _image_volumes(status)
    if mounts and not _image_volumes(old):
        for mount in mounts:
            del mount["volumeStatus"]


def drop_gated_template(path: tuple[str, ...], new: Obj, old: Obj | None = None) -> None:
    """The same for the pod template at a path of an object."""
    spec = _template_spec(new, path)
    if spec:
        drop_gated(spec, _template_spec(old, path) if old else None)


def _template_spec(obj: Obj, path: tuple[str, ...]) -> Obj | None:
    node: Obj | None = obj
    for name in (*path, "spec"):
        node = (node or {}).get(name)
    return node


def _stop_signals(spec: Obj) -> list[Obj]:
    """The containers that name their stop signal."""
    return [
        container
        for key in _CONTAINERS
        for container in spec.get(key) or ()
        if "lifecycle" in container and (container["lifecycle"] or {}).get("stopSignal") is not None
    ]


def _image_volumes(status: Obj) -> list[Obj]:
    """The statuses of mounts that tell something of their volume."""
    return [
        mount
        for key in _CONTAINERS
        for entry in status.get(f"{key.removesuffix('s')}Statuses") or ()
        for mount in entry.get("volumeMounts") or ()
        if "volumeStatus" in mount
    ]


def _projections(spec: Obj, kind: str) -> list[Obj]:
    """The sources of that kind in projected volumes."""
    return [
        source
        for volume in spec.get("volumes") or ()
        if "projected" in volume
        for source in (volume["projected"] or {}).get("sources") or ()
        if source.get(kind) is not None
    ]
