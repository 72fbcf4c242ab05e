"""Watch events from the change log: what a watch sends after a revision, selectors applied.

An object that begins to match a selector is ADDED, one that ceases to is DELETED, as upstream's
watch cache does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Change, Obj
from minikctl.apiserver.registry import read
from minikctl.apiserver.registry.storage import stored_as
from minikctl.store.errors import CompactedError

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_LARGEST = (1 << 64) - 1


def events(ctx: Context) -> list[Obj]:
    """The watch events after options.resourceVersion; Expired where that is no longer retained."""
    try:
        changes = ctx.server.changes(revision(ctx))
    except CompactedError as error:
        raise errors.expired(f"too old resource version: {error.revision} ({error.oldest})") from None
    matches = matcher(ctx)
    found = []
    for change in changes:
        event = event_of(change, ctx, matches)
        if event is not None:
            type_, obj = event
            if ctx.request.accept == "table":
                obj = ctx.server.table(ctx, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
            found.append({"type": type_, "object": obj})
    return found


def revision(context: Context) -> int:
    """The revision a watch starts after; 0 where it names none. Invalid where it is no number."""
    text = str(context.request.options.get("resourceVersion") or "0")
    problem = revision_problem(text)
    if problem is not None:
        group = context.resource.group
        raise errors.invalid(f"{context.resource.plural}.{group}" if group else context.resource.plural, "", [problem])
    return int(text)


def revision_problem(text: str) -> FieldError | None:
    """What is wrong with a resourceVersion that a client names; None where it is a number of 64 bits."""
    if not (text.isascii() and text.isdigit()):
        return field.invalid("resourceVersion", text, f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > 20 or int(text) > _LARGEST:
        return field.invalid("resourceVersion", text, f'strconv.ParseUint: parsing "{text}": value out of range')
    return None


def matcher(ctx: Context) -> Any:
    """A predicate on objects from the request's selectors, or None where it has none."""
    options = ctx.request.options
    labels = read.label_selector(options.get("labelSelector"))
    fields = read.field_selector(options.get("fieldSelector"), ctx)
    if labels is None and fields is None:
        return None

    def matches(obj: Obj) -> bool:
        if labels is not None and not labels.matches(obj["metadata"].get("labels") or {}):
            return False
        return fields is None or bool(fields.matches(obj))

    return matches


def event_of(change: Change, ctx: Context, matches: Any) -> tuple[str, Obj] | None:
    """One change as this watch sees it: its type and the object; None where it is not concerned."""
    if change.resource != stored_as(ctx.resource.key):
        return None
    request = ctx.request
    if (request.namespace and change.namespace != request.namespace) or (request.name and change.name != request.name):
        return None
    type_, obj = change.type, change.object
    if matches is not None:
        now = matches(obj)
        before = type_ != "ADDED" and ((type_ == "DELETED" and now) or _matched_before(change, matches))
        if not now and not before:
            return None
        if type_ != "DELETED" and not now:
            # To this watch the object is gone: it is shown as it last was, at the revision that took it away.
            type_, obj = "DELETED", _as_before(change)
        elif type_ != "DELETED":
            type_ = "MODIFIED" if before else "ADDED"
    return type_, ctx.server.shown(dict(obj), ctx.resource)


def _as_before(change: Change) -> Obj:
    old = change.old() or change.object
    return {**old, "metadata": {**old["metadata"], "resourceVersion": str(change.revision)}}


def _matched_before(change: Change, matches: Any) -> bool:
    old = change.old()
    return old is not None and bool(matches(old))
