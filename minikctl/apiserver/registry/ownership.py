"""Managed fields of a request's write: which manager owns what, in the versions that the managers wrote.

Counterpart of how apiserver's handlers call the FieldManager of a request's scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema
    from minikctl.apiserver.registry.context import Context

Seen = tuple[Obj, Any, tuple[str, ...]]


def record(old: Obj | None, new: Obj, ctx: Context) -> None:
    """Note in `new` which fields the request's manager has set (`old` is None for a new object).

    An object that cannot be had in the version of one of its entries is left without any, as upstream leaves it.
    """
    from minikctl.apimachinery import managedfields

    resource = ctx.resource
    schema, resets = ctx.server.schema(resource), ctx.strategy.resets(ctx.request.subresource)
    manager, now = ctx.manager, ctx.now
    version, subresource = resource.api_version, ctx.request.subresource
    seen = new
    if not resource.custom and new.get("apiVersion") != version:
        # What is sent is in the version it is stored in by now.
        seen = ctx.server.shown(new, resource)
        old = ctx.server.shown(old, resource) if old is not None else None
    try:
        managedfields.record_update(
            old, seen, manager, version, subresource, now, schema, resets, lambda obj, to: in_version(obj, to, ctx)
        )
    except errors.StatusError:
        seen["metadata"].pop("managedFields", None)
    if seen is not new:
        _take(new["metadata"], seen["metadata"])


def record_answered(obj: Obj, ctx: Context, api_version: str, schema: Schema | None) -> None:
    """Note the same of an object that is answered and not stored (a review, a request for a token)."""
    from minikctl.apimachinery import managedfields

    managedfields.record_update(None, obj, ctx.manager, api_version, ctx.request.subresource, ctx.now, schema)


def in_version(obj: Obj, version: str, ctx: Context) -> Seen:
    """An object of the request's kind in another version, that version's schema and the paths a write resets there."""
    from minikctl.apimachinery.managedfields.versions import UnknownVersionError

    if ctx.resource.custom:
        from minikctl.apiserver.registry.kinds import custom

        # The paths are those of the request's version alone.
        return (*custom.in_version(ctx.server, obj, ctx.resource, version), ())
    from minikctl.apimachinery import openapi
    from minikctl.apiserver import conversion

    kind, own = ctx.resource.kind, obj.get("apiVersion", "")
    if not conversion.possible(own, version) or not openapi.knows(version, kind):
        raise UnknownVersionError(version)
    seen = obj if own == version else conversion.convert(_in_form(obj, openapi.schema_for(own, kind)), version)
    return seen, openapi.schema_for(version, kind), ctx.strategy.resets(ctx.request.subresource)


def _in_form(obj: Obj, schema: Schema | None) -> Obj:
    """An object as Go would have it of its kind: what has been applied to it may not be decoded yet."""
    from minikctl.apimachinery import structural
    from minikctl.apimachinery.deepcopy import deep_copy

    made: Obj = deep_copy(obj)
    if schema is not None and (problem := structural.decode(made, schema).fatal):
        raise errors.StatusError("", problem, code=500)
    return made


def _take(meta: Obj, seen: Obj) -> None:
    if "managedFields" in seen:
        meta["managedFields"] = seen["managedFields"]
    else:
        meta.pop("managedFields", None)
