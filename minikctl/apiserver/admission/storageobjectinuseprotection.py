"""StorageObjectInUseProtection: claims and volumes do not go while they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Add the protection finalizer."""
    assert obj is not None
    finalizers = obj["metadata"].setdefault("finalizers", [])
    name = FINALIZERS[ctx.resource.key]
    if name not in finalizers:
        finalizers.append(name)
