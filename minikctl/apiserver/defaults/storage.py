"""Defaults of storage.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.quantities import canonical_field

_DRIVER = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
}


def _storage_class(obj: Obj, version: str) -> None:
    if obj.get("reclaimPolicy") is None:
        obj["reclaimPolicy"] = "Delete"
    if obj.get("volumeBindingMode") is None:
        obj["volumeBindingMode"] = "Immediate"


def _csi_driver(obj: Obj, version: str) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    for key, value in _DRIVER.items():
        if spec.get(key) is None:
            spec[key] = value
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def _csi_storage_capacity(obj: Obj, version: str) -> None:
    canonical_field(obj, "capacity")
    canonical_field(obj, "maximumVolumeSize")


DEFAULTS = {
    "storageclasses.storage.k8s.io": _storage_class,
    "csidrivers.storage.k8s.io": _csi_driver,
    "csistoragecapacities.storage.k8s.io": _csi_storage_capacity,
}
