"""Forbidden, as admission plugins word it: by the name the object has, or will have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context


def name_of(obj: Obj | None, ctx: Context) -> str:
    """The request's name; for a new object its own, or what its name will begin with."""
    if ctx.request.name:
        return ctx.request.name
    meta = (obj or {}).get("metadata") or {}
    return str(meta.get("name") or meta.get("generateName") or "Unknown")


def forbidden(obj: Obj | None, ctx: Context, why: str) -> errors.StatusError:
    """`pods "x" is forbidden: why`."""
    return errors.forbidden(ctx.resource.key, name_of(obj, ctx), why)
