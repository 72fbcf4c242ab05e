"""Lists, however long, a few milliseconds at a time: others are served meanwhile.

Counterpart of apiserver's streaming encoders of collections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.wireform import indented
from minikctl.apiserver.http import forms
from minikctl.apiserver.http.answers import CODEC
from minikctl.apiserver.http.turns import Turn

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.registry.read import Listing

_AT_ONCE = 64  # objects between two looks at the clock


async def encoded(ctx: Context, listing: Listing, pretty: bool) -> list[bytes]:
    """The List of a listing as JSON; its items in the version and form that were asked for. `pretty`: for the eye."""
    metadata_only = ctx.request.accept == "metadata"
    encode = _indented if pretty else _compact
    comma = b",\n    " if pretty else b","
    turn = Turn()
    pieces: list[bytes] = []
    while listing.left:
        items = listing.some(_AT_ONCE)
        if items:
            pieces.append(comma.join(encode(_shown(item, ctx, metadata_only)) for item in items))
        await turn.over()
    kind, version = ("PartialObjectMetadataList", forms.META) if metadata_only else (None, None)
    head = {
        "kind": kind or ctx.resource.list_kind,
        "apiVersion": version or ctx.resource.api_version,
        "metadata": listing.metadata(),
        "items": [],
    }
    if pretty and not pieces:
        return [indented(head)]
    # The head ends in "[]" and what closes it: in between is where the items go.
    before, _, after = (indented(head) if pretty else CODEC.dumps(head)).rpartition(b"]")
    first, last = (b"\n    ", b"\n  ") if pretty else (b"", b"")
    joined = [piece for each in pieces for piece in (comma, each)][1:]
    return [before + first, *joined, last + b"]" + after]


def _compact(item: Obj) -> bytes:
    return CODEC.dumps(item)[:-1]


def _indented(item: Obj) -> bytes:
    return indented(item).replace(b"\n", b"\n    ")


def _shown(item: Obj, ctx: Context, metadata_only: bool) -> Obj:
    """An item as it stands in its list: those of a built-in kind do not say what they are, the list does."""
    shown = ctx.server.shown(item, ctx.resource)
    if metadata_only:
        return forms.partial(shown)
    if not ctx.resource.custom:
        shown.pop("apiVersion", None)
        shown.pop("kind", None)
    return shown
