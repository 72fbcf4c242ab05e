"""Rows of volumes, claims and the storage group."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, UNSET, Obj, age, define, name

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_DEFAULT_ATTRIBUTES = ("volumeattributesclass.alpha.kubernetes.io/is-default-class",)


def _modes(modes: list[str] | None) -> str:
    return ",".join([short for mode, short in _MODES.items() if mode in (modes or ())])


def _or_unset(value: Any) -> str:
    return UNSET if value is None else str(value)


def _class(obj: Obj) -> str:
    annotated = (obj["metadata"].get("annotations") or {}).get("volume.beta.kubernetes.io/storage-class")
    return str(annotated if annotated is not None else obj["spec"].get("storageClassName") or "")


def _phase(obj: Obj) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else (obj.get("status") or {}).get("phase", "")


def _volume(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    claim = spec.get("claimRef")
    return [
        name(obj),
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        _or_unset(spec.get("volumeAttributesClassName")),
        (obj.get("status") or {}).get("reason", ""),
        age(obj, now),
        _or_unset(spec.get("volumeMode")),
    ]


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    volume = spec.get("volumeName", "")
    return [
        name(obj),
        _phase(obj),
        volume,
        (status.get("capacity") or {}).get("storage", "0") if volume else "",
        _modes(status.get("accessModes")) if volume else "",
        _class(obj),
        _or_unset(spec.get("volumeAttributesClassName")),
        age(obj, now),
        _or_unset(spec.get("volumeMode")),
    ]


def _marked(obj: Obj, annotations: tuple[str, ...]) -> str:
    given = obj["metadata"].get("annotations") or {}
    default = any(given.get(key) == "true" for key in annotations)
    return f"{name(obj)} (default)" if default else name(obj)


def _storage_class(obj: Obj, now: float) -> list[Any]:
    return [
        _marked(obj, _DEFAULT_CLASS),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def _attributes_class(obj: Obj, now: float) -> list[Any]:
    return [_marked(obj, _DEFAULT_ATTRIBUTES), obj.get("driverName", ""), age(obj, now)]


def _attachment(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    volume = (spec.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool((obj.get("status") or {}).get("attached"))
    return [name(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age(obj, now)]


def _csi_node(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len((obj.get("spec") or {}).get("drivers") or ()), age(obj, now)]


def _csi_driver(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    attach = spec.get("attachRequired")
    requests = spec.get("tokenRequests")
    return [
        name(obj),
        True if attach is None else attach,
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        UNSET if requests is None else ",".join([request.get("audience", "") for request in requests]),
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        age(obj, now),
    ]


_VOLUME = (
    "Name",
    "Capacity",
    "Access Modes",
    "Reclaim Policy",
    "Status",
    "Claim",
    "StorageClass",
    "VolumeAttributesClass",
    "Reason",
    "Age",
    "VolumeMode+",
)
_CLAIM = (
    "Name",
    "Status",
    "Volume",
    "Capacity",
    "Access Modes",
    "StorageClass",
    "VolumeAttributesClass",
    "Age",
    "VolumeMode+",
)
_CLASS = ("Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age")
_DRIVER = (
    "Name",
    "AttachRequired:boolean",
    "PodInfoOnMount:boolean",
    "StorageCapacity:boolean",
    "TokenRequests",
    "RequiresRepublish:boolean",
    "Modes",
    "Age",
)

TABLES = {
    "persistentvolumes": (define(*_VOLUME), _volume),
    "persistentvolumeclaims": (define(*_CLAIM), _claim),
    "storageclasses.storage.k8s.io": (define(*_CLASS), _storage_class),
    "volumeattributesclasses.storage.k8s.io": (define("Name", "DriverName", "Age"), _attributes_class),
    "volumeattachments.storage.k8s.io": (
        define("Name", "Attacher:string:name", "PV", "Node", "Attached:boolean", "Age"),
        _attachment,
    ),
    "csinodes.storage.k8s.io": (define("Name", "Drivers:integer", "Age"), _csi_node),
    "csidrivers.storage.k8s.io": (define(*_DRIVER), _csi_driver),
}
