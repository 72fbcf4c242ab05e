"""DefaultStorageClass: a claim that names no class gets the default one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission.defaults_by_annotation import marked

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

CLASSES = "storageclasses.storage.k8s.io"
_LEGACY = "volume.beta.kubernetes.io/storage-class"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Fill in spec.storageClassName."""
    assert obj is not None
    spec = obj["spec"]
    if "storageClassName" in spec or _LEGACY in (obj["metadata"].get("annotations") or {}):
        return
    found = marked(
        ctx.reader,
        CLASSES,
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    )
    if found:
        spec["storageClassName"] = found[0]["metadata"]["name"]
