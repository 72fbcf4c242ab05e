"""Get and list: selectors pushed down to an index, paging at one revision, field selectors.

Counterparts: `endpoints/handlers/get.go` and the watch cache's list.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.storage import stored_as
from minikctl.store.errors import CompactedError

if TYPE_CHECKING:
    from minikctl.apimachinery.selectors import Selector
    from minikctl.apiserver.registry.context import Context
    from minikctl.store.record import Record


_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


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
        listing = Listing(ctx)
        items = listing.some(listing.left)
        return Page(items, listing.revision, listing.continue_, listing.remaining)


class Listing:
    """A list request that is carried out bit by bit. All of it is of one revision, whatever is written meanwhile.

    `continue_` and `remaining` are known once nothing is left.
    """

    def __init__(self, ctx: Context) -> None:
        options = ctx.request.options
        store = ctx.server.storage.store
        self._ctx = ctx
        self._labels = label_selector(options.get("labelSelector"))
        self._fields = field_selector(options.get("fieldSelector"), ctx)
        self._limit = int(options.get("limit") or 0)
        self._found = 0
        self._last, self.revision = _position(options)
        self.continue_ = ""
        self.remaining: int | None = None
        if self.revision > 0 and self.revision != store.revision():
            records = self._at_revision()
        else:
            self.revision = store.revision()
            filtered = self._labels is not None or self._fields is not None
            narrow = self._limit + 1 if self._limit and not filtered else 0
            records = _fetch(ctx, self._labels, self._fields, self._last, narrow)
        self._records = records
        self._next = 0

    @property
    def left(self) -> int:
        """How many objects there may still be."""
        return len(self._records) - self._next

    def some(self, count: int) -> list[Obj]:
        """What is asked for among the next `count` objects."""
        items: list[Obj] = []
        for record in islice(self._records, self._next, self._next + count):
            if self._limit and self._found == self._limit:
                self._break_off()
                break
            self._next += 1
            obj = record.object()
            if self._concerns(obj):
                items.append(obj)
                self._found += 1
                self._last = record.path
        return items

    def _concerns(self, obj: Obj) -> bool:
        if self._labels is not None and not self._labels.matches(obj["metadata"].get("labels") or {}):
            return False
        self._ctx.strategy.decorate(obj, self._ctx)
        return self._fields is None or bool(self._fields.matches(obj))

    def _break_off(self) -> None:
        """The page is full, and there is more."""
        self._records = self._records[: self._next]
        ctx = self._ctx
        if not filtered_out(ctx.request.options):
            self.remaining = ctx.server.storage.store.count(stored_as(ctx.resource.key), ctx.namespace, self._last)
        self.continue_ = _token(self.revision, self._last)

    def _at_revision(self) -> list[Record]:
        ctx = self._ctx
        try:
            key = stored_as(ctx.resource.key)
            return ctx.server.storage.store.list_at(self.revision, key, ctx.namespace, after=self._last)
        except CompactedError:
            if not ctx.request.options.get("continue"):
                raise errors.expired("The resourceVersion for the provided list is too old.") from None
            error = errors.expired(_INCONSISTENT)
            error.continue_ = _token(-1, self._last)
            raise error from None

    def metadata(self) -> Obj:
        return Page([], self.revision, self.continue_, self.remaining).metadata()


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
    """Where a continued list goes on: the path it starts after, and the revision it reads at (-1: the newest)."""
    token = options.get("continue")
    if not token:
        return "", _exact(options)
    if options.get("resourceVersion") not in (None, "", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    import base64
    import json

    illegal = next((at for at, char in enumerate(token) if char not in _TOKEN), -1)
    if illegal < 0 and len(token) % 4 == 1:
        illegal = len(token) - 1
    if illegal >= 0:
        raise _no_token(f"illegal base64 data at input byte {illegal}")
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
    try:
        decoded = json.loads(text)
    except ValueError:
        from minikctl.apimachinery.jsonsyntax import json_problem

        raise _no_token(json_problem(text)) from None
    if not isinstance(decoded, dict) or decoded.get("v") != "meta.k8s.io/v1":
        raise _no_token("server does not recognize this encoded version")
    start, revision = decoded.get("start"), decoded.get("rv")
    if not isinstance(revision, int) or not revision:
        raise _no_token("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if not isinstance(start, str) or not start:
        raise _no_token("encoded start key empty (version meta.k8s.io/v1)")
    return start.rstrip("\x00"), revision


def _no_token(why: str) -> errors.StatusError:
    return errors.bad_request(f"invalid continue token: continue key is not valid: {why}")


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
