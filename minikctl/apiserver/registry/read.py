"""Get and list: selectors pushed down to an index, paging at one revision, field selectors.

Counterparts: `endpoints/handlers/get.go` and the watch cache's list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.storage import stored_as
from minikctl.store.errors import CompactedError

if TYPE_CHECKING:
    from minikctl.apimachinery.selectors import Selector
    from minikctl.apiserver.registry.context import Context
    from minikctl.store.record import Record


class Page:
    """A list's answer: objects in key order, the revision they are of, and where the next page starts."""

    __slots__ = ("continue_", "items", "remaining", "revision")

    def __init__(self, items: list[Obj], revision: int, continue_: str = "", remaining: int | None = None) -> None:
        self.items = items
        self.revision = revision
        self.continue_ = continue_
        self.remaining = remaining

    def metadata(self) -> Obj:
        meta: Obj = {"resourceVersion": str(self.revision)}
        if self.continue_:
            meta["continue"] = self.continue_
            if self.remaining is not None:
                meta["remainingItemCount"] = self.remaining
        return meta


def get(ctx: Context) -> Obj:
    record = ctx.server.storage.record(ctx.resource.key, ctx.namespace, ctx.request.name)
    if record is None:
        raise errors.not_found(ctx.resource.key, ctx.request.name)
    obj = record.object()
    ctx.strategy.decorate(obj, ctx)
    return obj


def list_page(ctx: Context) -> Page:
    """Carry out a list request: everything in it is of one revision."""
    with ctx.server.storage.store.snapshot():
        return _list_page(ctx)


def _list_page(ctx: Context) -> Page:
    options = ctx.request.options
    store = ctx.server.storage.store
    labels = label_selector(options.get("labelSelector"))
    fields = field_selector(options.get("fieldSelector"), ctx)
    limit = int(options.get("limit") or 0)
    start, revision = _position(options)
    if revision and revision != store.revision():
        try:
            records = store.list_at(revision, stored_as(ctx.resource.key), ctx.namespace, after=start)
        except CompactedError:
            if not options.get("continue"):
                raise errors.expired("The resourceVersion for the provided list is too old.") from None
            raise errors.expired(
                "The provided continue parameter is too old to display a consistent list result. "
                "You can start a new list without the continue parameter."
            ) from None
    else:
        revision = store.revision()
        filtered = labels is not None or fields is not None
        narrow = limit + 1 if limit and not filtered else 0
        records = _fetch(ctx, labels, fields, start, narrow)
    items: list[Obj] = []
    last_path = start
    for record in records:
        if limit and len(items) == limit:
            key = stored_as(ctx.resource.key)
            remaining = None if filtered_out(options) else store.count(key, ctx.namespace, last_path)
            return Page(items, revision, _token(revision, last_path), remaining)
        obj = record.object()
        if labels is not None and not labels.matches(obj["metadata"].get("labels") or {}):
            continue
        ctx.strategy.decorate(obj, ctx)
        if fields is not None and not fields.matches(obj):
            continue
        items.append(obj)
        last_path = record.path
    return Page(items, revision)


def filtered_out(options: dict[str, Any]) -> bool:
    """Whether a list leaves objects out, so that the remaining count is unknown."""
    return bool(options.get("labelSelector") or options.get("fieldSelector"))


def _fetch(ctx: Context, labels: Selector | None, fields: Any, start: str, limit: int) -> list[Record]:
    store, key, namespace = ctx.server.storage.store, stored_as(ctx.resource.key), ctx.namespace
    exact = fields.exact if fields is not None else {}
    if "metadata.namespace" in exact and not namespace:
        namespace = exact["metadata.namespace"]
    if "metadata.name" in exact and (namespace or not ctx.resource.namespaced):
        record = ctx.server.storage.record(key, namespace, exact["metadata.name"])
        return [record] if record and record.path > start else []
    if key == "pods" and "spec.nodeName" in exact:
        return store.list(key, namespace, node=exact["spec.nodeName"], after=start)
    if key == "events" and exact.get("involvedObject.uid"):
        return store.list(key, namespace, owner=exact["involvedObject.uid"], after=start)
    pair = index_pair(labels)
    return store.list(key, namespace, label=pair, after=start, limit=limit)


def index_pair(labels: Selector | None) -> tuple[str, str] | None:
    """The label an index look-up for a selector starts from: the narrowest it requires, if it requires any."""
    if labels is None:
        return None
    pairs = labels.exact()
    for key, value in pairs.items():
        if key.endswith(("-hash", "-uid")):
            return key, value
    return next(iter(pairs.items()), None)


def label_selector(text: str | None) -> Selector | None:
    if not text:
        return None
    from minikctl.apimachinery import selectors

    try:
        return selectors.parse(text)
    except ValueError as error:
        raise errors.bad_request(str(error)) from None


def field_selector(text: str | None, ctx: Context) -> Any:
    if not text:
        return None
    from minikctl.apiserver.registry.fieldselection import compile_selector

    return compile_selector(text, ctx.resource)


def _position(options: dict[str, Any]) -> tuple[str, int]:
    """Where a continued list goes on: the path it starts after, and the revision it reads at."""
    token = options.get("continue")
    if not token:
        return "", _exact(options)
    import base64
    import json

    try:
        decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return decoded["start"].rstrip("\x00"), int(decoded["rv"])
    except (ValueError, KeyError, TypeError):
        raise errors.bad_request(f"continue key is not valid: {token}") from None


def _exact(options: dict[str, Any]) -> int:
    """The revision that a list wants to be of, exactly; 0 where it may be of the newest."""
    match, version = options.get("resourceVersionMatch"), options.get("resourceVersion") or "0"
    if match == "Exact" or (options.get("limit") and version != "0" and match != "NotOlderThan"):
        return int(version)
    return 0


def _token(revision: int, path: str) -> str:
    import base64
    import json

    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": path + "\x00"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _path(obj: Obj) -> str:
    meta = obj["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])
