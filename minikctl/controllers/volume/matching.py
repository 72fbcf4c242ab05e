"""Which volume fits a claim (upstream's `volume/persistentvolume/index.go` and its matching helpers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import quantity
from minikctl.apimachinery.selectors import from_label_selector

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")

_CLASS = "volume.beta.kubernetes.io/storage-class"


def notes(obj: Obj) -> dict[str, str]:
    """The annotations to read."""
    return obj["metadata"].get("annotations") or {}


def class_of(obj: Obj) -> str:
    """The storage class of a volume or claim; "" for none."""
    return str(notes(obj).get(_CLASS) or obj["spec"].get("storageClassName") or "")


def requested(claim: Obj) -> int:
    return quantity.as_int(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def capacity(volume: Obj) -> int:
    return quantity.as_int((volume["spec"].get("capacity") or {}).get("storage", "0"))


def is_for(volume: Obj, claim: Obj) -> bool:
    """Whether the volume is bound or reserved for the claim (IsVolumeBoundToClaim)."""
    reference = volume["spec"].get("claimRef")
    meta = claim["metadata"]
    if not reference or (reference.get("name"), reference.get("namespace")) != (meta["name"], meta["namespace"]):
        return False
    return reference.get("uid") in (None, "", meta["uid"])


def mismatch(volume: Obj, claim: Obj) -> str:
    """Why a volume asked for by name does not do; "" if it does (checkVolumeSatisfyClaim)."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _mode(volume) != _mode(claim):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def _mode(obj: Obj) -> str:
    return str(obj["spec"].get("volumeMode") or "Filesystem")


def best(volumes: list[Obj], claim: Obj, delayed: bool) -> Obj | None:
    """A volume reserved for the claim, else the smallest free one that fits (none while binding is delayed)."""
    selector = claim["spec"].get("selector")
    chosen = from_label_selector(selector) if selector else None
    found: Obj | None = None
    for volume in volumes:
        if "deletionTimestamp" in volume["metadata"] or _mode(volume) != _mode(claim):
            continue
        if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
            continue
        if is_for(volume, claim):
            if capacity(volume) >= requested(claim):
                return volume
            continue
        if delayed or volume["spec"].get("claimRef") or (volume.get("status") or {}).get("phase") != "Available":
            continue
        if class_of(volume) != class_of(claim) or capacity(volume) < requested(claim):
            continue
        if chosen is not None and not chosen.matches(volume["metadata"].get("labels") or {}):
            continue
        if found is None or _preference(volume) < _preference(found):
            found = volume
    return found


def _preference(volume: Obj) -> tuple[int, int, str]:
    return len(volume["spec"].get("accessModes") or ()), capacity(volume), volume["metadata"]["name"]
