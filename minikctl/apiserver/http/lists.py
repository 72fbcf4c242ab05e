"""Lists, however long, a few milliseconds at a time: others are served meanwhile.

Counterpart of apiserver's streaming encoders of collections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.http import forms
from minikctl.apiserver.http.answers import CODEC
from minikctl.apiserver.http.turns import Turn

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.registry.read import Listing

_AT_ONCE = 64  # objects between two looks at the clock


async def encoded(ctx: Context, listing: Listing) -> list[bytes]:
    """The List of a listing as JSON; its items in the version and form that were asked for."""
    metadata_only = ctx.request.accept == "metadata"
    turn = Turn()
    pieces: list[bytes] = []
    while listing.left:
        items = listing.some(_AT_ONCE)
        if items:
            pieces.append(b",".join(CODEC.dumps(_shown(item, ctx, metadata_only))[:-1] for item in items))
        await turn.over()
    kind, version = ("PartialObjectMetadataList", forms.META) if metadata_only else (None, None)
    head = {
        "kind": kind or ctx.resource.list_kind,
        "apiVersion": version or ctx.resource.api_version,
        "metadata": listing.metadata(),
        "items": [],
    }
    before = CODEC.dumps(head)[:-3]  # up to the bracket that opens the items
    joined = [piece for each in pieces for piece in (b",", each)][1:]
    return [before, *joined, b"]}\n"]


def _shown(item: Obj, ctx: Context, metadata_only: bool) -> Obj:
    """An item as it stands in its list: those of a built-in kind do not say what they are, the list does."""
    shown = ctx.server.shown(item, ctx.resource)
    if metadata_only:
        return forms.partial(shown)
    if not ctx.resource.custom:
        shown.pop("apiVersion", None)
        shown.pop("kind", None)
    return shown
