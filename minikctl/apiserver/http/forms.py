"""Objects in the forms that clients ask for: whole, as Table rows, or their metadata alone.

Counterpart of apiserver's `endpoints/handlers/response.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request
    from minikctl.apiserver.registry.context import Context

_INCLUDED = ("", "Metadata", "None", "Object")
META = "meta.k8s.io/v1"


def of_object(obj: Obj, context: Context, metadata: Obj) -> Obj:
    """One object as its request wants it; `metadata` is a Table's own."""
    accept = context.request.accept
    if accept == "table":
        return table(context, [obj], metadata)
    return partial(obj) if accept == "metadata" else obj


def check_table(request: Request) -> None:
    """Refuse an includeObject that a Table cannot do."""
    asked = request.options.get("includeObject", "")
    if request.accept == "table" and asked not in _INCLUDED:
        problem = field.invalid("includeObject", asked, "must be 'Metadata', 'Object', 'None', or empty")
        raise errors.bad_request(f"Unable to convert to Table as requested: {problem}")


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
