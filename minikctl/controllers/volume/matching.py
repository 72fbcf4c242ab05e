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
    if "deletionTimestamp" in volume["metadata"]:
        return f'the volume is marked for deletion "{volume["metadata"]["name"]}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _attributes(volume) != _attributes(claim):
        return "volumeAttributesClassName does not match"
    if mode(volume) != mode(claim):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def mode(obj: Obj) -> str:
    """Filesystem or Block."""
    return str(obj["spec"].get("volumeMode") or "Filesystem")


def _attributes(obj: Obj) -> str:
    return str(obj["spec"].get("volumeAttributesClassName") or "")


def best(volumes: list[Obj], claim: Obj, delayed: bool) -> Obj | None:
    """A volume for the claim, of the fewest access modes that do (findBestMatchForClaim).

    Among those of the same modes: one reserved for the claim, else the smallest free one that fits (none while
    binding is delayed).
    """
    asked = set(claim["spec"].get("accessModes") or ())
    groups: dict[tuple[str, ...], list[Obj]] = {}
    for volume in volumes:
        modes = volume["spec"].get("accessModes") or ()
        if asked <= set(modes):
            groups.setdefault(tuple(sorted(modes)), []).append(volume)
    for modes in sorted(groups, key=lambda modes: (len(modes), modes)):
        if found := _best_of(groups[modes], claim, delayed):
            return found
    return None


def _best_of(volumes: list[Obj], claim: Obj, delayed: bool) -> Obj | None:
    """The choice among volumes of the same access modes (FindMatchingVolume)."""
    selector = claim["spec"].get("selector")
    chosen = from_label_selector(selector) if selector else None
    found: Obj | None = None
    for volume in volumes:
        if "deletionTimestamp" in volume["metadata"] or mode(volume) != mode(claim):
            continue
        if capacity(volume) < requested(claim) or _attributes(volume) != _attributes(claim):
            continue
        if is_for(volume, claim):
            return volume
        if delayed or volume["spec"].get("claimRef") or (volume.get("status") or {}).get("phase") != "Available":
            continue
        if class_of(volume) != class_of(claim):
            continue
        if chosen is not None and not chosen.matches(volume["metadata"].get("labels") or {}):
            continue
        if found is None or capacity(volume) < capacity(found):
            found = volume
    return found
