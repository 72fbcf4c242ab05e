"""PersistentVolumeClaimResize: claims grow only once bound, and where their class allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.quantity import compare
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_LEGACY = "volume.beta.kubernetes.io/storage-class"


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse growth that nobody would carry out."""
    assert obj is not None and old is not None
    if compare(_size(obj), _size(old)) <= 0:
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise forbidden(obj, ctx, "Only bound persistent volume claims can be expanded")
    classes = [_class_of(claim) for claim in (obj, old)]
    found = ctx.reader.peek("storageclasses.storage.k8s.io", "", classes[0]) if classes[0] else None
    if classes[0] != classes[1] or found is None or not found.get("allowVolumeExpansion"):
        why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must"
        raise forbidden(obj, ctx, f"{why} support resize")


def _size(claim: Obj) -> str:
    return str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def _class_of(claim: Obj) -> str:
    noted = (claim["metadata"].get("annotations") or {}).get(_LEGACY)
    return str(noted or claim["spec"].get("storageClassName") or "")
