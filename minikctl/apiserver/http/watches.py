"""Open watches: one look at the change log feeds them all, each event encoded once per form.

`Hub.changed` is called after every write of this process; `Hub.run` looks now and then for those of others.
Counterparts: apiserver's `storage/cacher` and `endpoints/handlers/watch.go`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Change, Obj
from minikctl.apiserver.http import forms, queryoptions
from minikctl.apiserver.http.answers import CODEC
from minikctl.apiserver.registry import read, watching
from minikctl.apiserver.registry.storage import stored_as
from minikctl.store.errors import CompactedError

if TYPE_CHECKING:
    from minikctl.apiserver.http.activity import Activity
    from minikctl.apiserver.registry.context import Context
    from minikctl.apiserver.registry.read import Listing
    from minikctl.apiserver.server import Server

POLL_SECONDS = 0.003
_IDLE_POLL_SECONDS = 0.02  # while nobody waits for changes; requests look for themselves

_BOOKMARK_SECONDS = 60.0
_LAST_BOOKMARK_SECONDS = 2.0
_DEFAULT_TIMEOUT = 1800
_AT_ONCE = 64  # objects of the present state
_MOST_PENDING = 20_000
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watch:
    """One open watch: what it wants, and the encoded events it has not sent yet."""

    __slots__ = (
        "awaited",
        "closed",
        "context",
        "first",
        "form",
        "headed",
        "initial",
        "matches",
        "pending",
        "revision",
        "wake",
    )

    def __init__(self, context: Context) -> None:
        request = context.request
        # A watch of one object, not for the eye: somebody waits for something to become of it.
        self.awaited = request.accept != "table" and queryoptions.named(request.options.get("fieldSelector"))
        self.context = context
        self.form = (context.resource.api_version, request.accept, request.options.get("includeObject"))
        self.matches = watching.matcher(context)
        self.first = b""  # the first of what there was when it began
        self.initial: Listing | None = None  # the rest of it
        self.pending: list[bytes] = []
        self.revision = 0  # what has been seen of the log
        self.headed = False  # whether a Table has had its column definitions
        self.wake = asyncio.Event()
        self.closed = False

    def offer(self, data: bytes) -> None:
        """Queue an encoded event; a watch that is too slow is closed: it may come again from where it was."""
        if len(self.pending) >= _MOST_PENDING:
            self.close()
        else:
            self.pending.append(data)
            self.wake.set()

    def close(self) -> None:
        self.closed = True
        self.wake.set()

    def begin(self) -> None:
        """Have the present state sent, then what becomes of it."""
        self.initial = read.Listing(self.context)
        self.first = self.present()  # the first row of a Table describes it, before any change can

    def present(self) -> bytes:
        """More of the present state as ADDED events, and the bookmark that ends it, where it was asked for."""
        context, options, listing = self.context, self.context.request.options, self.initial
        assert listing is not None
        parts = []
        for obj in listing.some(_AT_ONCE):
            shown = self.shown(context.server.shown(obj, context.resource))
            parts.append(CODEC.dumps({"type": "ADDED", "object": shown}))
            self.headed = True
        if not listing.left:
            self.initial = None
            if options.get("sendInitialEvents") and options.get("allowWatchBookmarks"):
                parts.append(self.bookmark(listing.revision, _INITIAL_END))
        return b"".join(parts)

    def see(self, change: Change, encoded: dict[Any, bytes]) -> bool:
        """Take in one change; whether it is this watch's concern. `encoded` is shared between watches."""
        if change.revision <= self.revision:
            return False
        self.revision = change.revision
        event = watching.event_of(change, self.context, self.matches)
        if event is None:
            return False
        key = (self.form, event[0], self.headed)
        data = encoded.get(key)
        if data is None:
            data = encoded[key] = self._encode(*event)
        self.headed = True
        self.offer(data)
        return True

    def _encode(self, type_: str, obj: Obj) -> bytes:
        return CODEC.dumps({"type": type_, "object": self.shown(obj)})

    def shown(self, obj: Obj) -> Obj:
        """An object in the form that was asked for; only a Table's first event describes its columns."""
        context = self.context
        version = str(obj["metadata"].get("resourceVersion", ""))
        shown = forms.of_object(obj, context, {"resourceVersion": version})
        if context.request.accept == "table" and self.headed:
            shown["columnDefinitions"] = None
        return shown

    def bookmark(self, revision: int, annotations: dict[str, str] | None = None) -> bytes:
        """A BOOKMARK: everything up to this revision has been sent."""
        resource = self.context.resource
        meta: Obj = {"resourceVersion": str(revision)}
        if annotations:
            meta["annotations"] = annotations
        obj: Obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
        accept = self.context.request.accept
        if accept == "table":
            obj = forms.table(self.context, [obj], {"resourceVersion": str(revision)})
            if self.headed:
                obj["columnDefinitions"] = None
        elif accept == "metadata":
            obj = forms.partial(obj)
        return CODEC.dumps({"type": "BOOKMARK", "object": obj})


class Hub:
    """All open watches of one server. Lives on the event loop; nothing in it blocks but the store."""

    def __init__(self, server: Server, activity: Activity, foreign: Callable[[], None]) -> None:
        """`foreign` is called when another process has written."""
        self._server = server
        self._activity = activity
        self._foreign = foreign
        self._store = server.storage.store
        self._watches: dict[str, set[Watch]] = {}
        self._seen = self._store.revision()
        self._version = self._store.data_version()
        self.events: dict[tuple[str, str, str], int] = {}  # how many changes were sent of which kind
        self._waiters: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return sum(map(len, self._watches.values()))

    async def run(self) -> None:
        """Look for what other processes write, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS if self._watches or self._waiters else _IDLE_POLL_SECONDS)
            self.poll()

    def poll(self) -> None:
        """Feed the watches if another process has written since the last look."""
        version = self._store.data_version()
        if version != self._version:
            self._version = version
            self._server.forget()
            self._foreign()
            self.changed()

    def changed(self) -> None:
        """Feed the watches what is new in the log."""
        revision = self._store.revision()
        if not self._watches:
            self._seen = revision
        elif revision < self._seen:
            self._expire(CompactedError(self._seen, revision))  # brought back to an earlier state
            self._seen = revision
        else:
            self._feed()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def _feed(self) -> None:
        try:
            changes = self._server.changes(self._seen)
        except CompactedError as error:
            self._seen = self._store.revision()
            self._expire(error)
            return
        for change in changes:
            self._seen = change.revision
            watches = self._watches.get(change.resource)
            if watches:
                encoded: dict[Any, bytes] = {}
                for watch in watches:
                    if watch.see(change, encoded):
                        self._count(watch.context)
                        if watch.awaited:
                            self._activity.tell()

    def _count(self, context: Context) -> None:
        resource = context.resource
        key = (resource.group, resource.version, resource.kind)
        self.events[key] = self.events.get(key, 0) + 1

    def _expire(self, error: CompactedError) -> None:
        """Other processes have written more than is retained since the last look: no watch may go on."""
        data = _error_event(too_old(error))
        for watches in self._watches.values():
            for watch in watches:
                watch.offer(data)
                watch.close()

    async def change(self, seconds: float = 1.0) -> None:
        """Return when something has been written, after some seconds at the latest."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        self._activity.waiting += 1
        try:
            await asyncio.wait((waiter,), timeout=seconds)
        finally:
            self._activity.waiting -= 1
            self._waiters.discard(waiter)

    def open(self, context: Context) -> Watch:
        """A watch with its first events queued. Expired where its revision is no longer retained."""
        watch = Watch(context)
        options = context.request.options
        since = watching.revision(context)
        with self._store.snapshot():
            watch.revision = self._store.revision()
            if options.get("sendInitialEvents") or (not since and "sendInitialEvents" not in options):
                watch.begin()
            elif since:
                self._missed(watch, since)
        self._watches.setdefault(stored_as(context.resource.key), set()).add(watch)
        self._activity.waiting += watch.awaited
        return watch

    def _missed(self, watch: Watch, since: int) -> None:
        """The changes since a revision."""
        now = watch.revision
        watch.revision = max(since, 0)
        try:
            for change in self._server.changes(since):
                watch.see(change, {})
        except CompactedError as error:
            raise too_old(error) from None
        watch.revision = max(now, since)

    def close(self, watch: Watch) -> None:
        """Forget a watch."""
        key = stored_as(watch.context.resource.key)
        watches = self._watches.get(key, set())
        if watch in watches:
            watches.discard(watch)
            self._activity.waiting -= watch.awaited
        if not watches:
            self._watches.pop(key, None)

    def close_all(self) -> None:
        """End every watch, as when the server stops."""
        for watches in list(self._watches.values()):
            for watch in watches:
                watch.close()

    @property
    def revision(self) -> int:
        return self._seen

    def __iter__(self) -> Iterator[Watch]:
        for watches in self._watches.values():
            yield from watches


def too_old(error: CompactedError) -> errors.StatusError:
    return errors.expired(f"too old resource version: {error.revision} ({error.oldest})")


def _error_event(error: errors.StatusError) -> bytes:
    return CODEC.dumps({"type": "ERROR", "object": error.status()})


async def serve(
    hub: Hub,
    context: Context,
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    headers: list[tuple[bytes, bytes]],
) -> None:
    """Hold one watch open: headers, events as they come, bookmarks, until it times out or the client goes."""
    try:
        watch = hub.open(context)
    except errors.StatusError as error:
        if error.reason != "Expired":
            raise
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _error_event(error)})
        return
    gone = asyncio.ensure_future(_until_gone(receive, watch))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await _pump(hub, watch, send)
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        hub.close(watch)


async def _pump(hub: Hub, watch: Watch, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    options = watch.context.request.options
    end = loop.time() + (options.get("timeoutSeconds") or _DEFAULT_TIMEOUT * (1 + random.random()))
    bookmarks = bool(options.get("allowWatchBookmarks"))
    mark = _next_mark(loop.time(), end)
    await _send_present(watch, send)
    while not watch.closed or watch.pending:
        if watch.pending:
            data = b"".join(watch.pending)
            watch.pending.clear()
            await send({"type": "http.response.body", "body": data, "more_body": True})
            continue
        now = loop.time()
        if now >= end:
            return
        if bookmarks and now >= mark:
            mark = _next_mark(now, end)
            watch.offer(watch.bookmark(hub.revision))
            continue
        watch.wake.clear()
        try:
            await asyncio.wait_for(watch.wake.wait(), min(end, mark if bookmarks else end) - now)
        except asyncio.TimeoutError:
            continue


async def _send_present(watch: Watch, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
    """Send what there was to begin with, in turns with others' work; what changes meanwhile is queued."""
    data = watch.first
    while data or watch.initial is not None:
        if data:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        data = b""
        if watch.initial is not None:
            await asyncio.sleep(0)
            data = watch.present()
    watch.first = b""


def _next_mark(now: float, end: float) -> float:
    """When the next bookmark is due: every minute, and shortly before the watch ends."""
    last = end - _LAST_BOOKMARK_SECONDS
    return min(now + _BOOKMARK_SECONDS, last if last > now else end)


async def _until_gone(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], watch: Watch) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
    watch.pending.clear()
    watch.initial = None
    watch.close()
