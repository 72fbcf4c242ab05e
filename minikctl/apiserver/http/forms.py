"""Objects in the forms that clients ask for: whole, as Table rows, or their metadata alone.

Counterpart of apiserver's `endpoints/handlers/response.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

META = "meta.k8s.io/v1"


def of_object(obj: Obj, context: Context, metadata: Obj) -> Obj:
    """One object as its request wants it; `metadata` is a Table's own."""
    accept = context.request.accept
    if accept == "table":
        return table(context, [obj], metadata)
    return partial(obj) if accept == "metadata" else obj


def table(context: Context, items: list[Obj], metadata: Obj) -> Obj:
    """The objects as a Table."""
    return context.server.table(context, items, metadata)


def partial(obj: Obj) -> Obj:
    """PartialObjectMetadata: an object's metadata and nothing else."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": obj.get("metadata") or {}}


def partial_list(listed: Obj) -> Obj:
    """PartialObjectMetadataList of a list."""
    items = [partial(item) for item in listed.get("items") or ()]
    kind = "PartialObjectMetadataList"
    return {"kind": kind, "apiVersion": META, "metadata": listed.get("metadata") or {}, "items": items}
