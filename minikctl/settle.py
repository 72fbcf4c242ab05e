"""The reconcile loop: changes and due times in, component syncs out, until nothing is left to do.

The cluster is a discrete-event machine. Work is taken in batches, each one transaction that holds
the objects written, the cursor into the change log and the due times; a killed process leaves the
last whole batch and the next one goes on from there.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError

if TYPE_CHECKING:
    from minikctl.apimachinery.clock import Clock
    from minikctl.apimachinery.request import Change
    from minikctl.apiserver.server import Server
    from minikctl.client.component import Component, Mapper

CURSOR = "cursor"
TRAVELLED = "travelled"
RETAINED_REVISIONS = 5000

_BATCH_SECONDS = 0.3
_SHORT_BATCH_SECONDS = 0.015
_PAUSE_SECONDS = 0.0015  # longer than the steps in which a store that is shared waits for its turn
_SAVE_SECONDS = 5.0
# So much does one component write before those after it go on with that, as long as it is at hand.
_WRITES_AT_ONCE = 2000
_CHANGES_AT_ONCE = 5000
# So many syncs of one key while time stands still are looked at; in a large cluster they may be honest work.
_SYNCS_AT_ONE_INSTANT = 20_000
_SYNCS_PER_OBJECT = 2
_RETRIES_AT_ONCE = 5
_LONGEST_BACKOFF = 1000.0


class LivelockError(Exception):
    """A key was synced again and again without time going on."""


class Reconciler:
    """Drives the components of one process over the store."""

    def __init__(self, server: Server, clock: Clock, components: Sequence[Component], short: bool = False) -> None:
        """`short`: batches of a few milliseconds with pauses between them, for others who write meanwhile."""
        self._batch_seconds = _SHORT_BATCH_SECONDS if short else _BATCH_SECONDS
        self._pause_seconds = _PAUSE_SECONDS if short else 0.0
        self._server = server
        self._store = server.storage.store
        self._store.accelerate()
        self._clock = clock
        self._components = {component.name: component for component in components}
        self._watchers: dict[str, list[tuple[str, Mapper]]] = {}
        for component in components:
            for resource, mapper in component.watches.items():
                self._watchers.setdefault(resource, []).append((component.name, mapper))
        self._queues: dict[str, dict[str, None]] = {name: {} for name in self._components}
        self._seen: int | None = None
        self._fresh: int | None = None  # the version of the store for which components have looked anew
        self._saved = time.monotonic()
        self._interrupted = ""  # the component that was at work when a batch's time was up
        self._turn_ends: int | None = None  # the count of writes that ends its turn; None: nothing does
        self._travelled = ""  # what the store knows of the time of unfinished work
        self._syncs: dict[tuple[str, str], int] = {}
        self._failures: dict[tuple[str, str], int] = {}
        # The (component, key) pairs that have a due time in the store, as far as this process knows.
        self._due: set[tuple[str, str]] = set()

    def settle(self) -> None:
        """Do all work due up to the cluster's present; overdue work is done at the time it was due."""
        collecting = gc.isenabled()
        self._fresh = None  # between two calls this process may have written by itself
        gc.disable()  # objects live and die by reference counts here; looking for cycles costs a fifth
        try:
            while self._batch():
                if self._pause_seconds:
                    time.sleep(self._pause_seconds)
        finally:
            self._clock.travel(None)
            if collecting:
                gc.enable()

    def _batch(self) -> bool:
        """One transaction's worth of work; True where more is left."""
        store = self._store
        with store.transaction():
            if self._fresh != store.version:
                self._fresh = store.version
                self._refresh()
            self._catch_up(int(store.meta(CURSOR) or 0))
            self._due = store.due_keys()
            self._resume(store.meta(TRAVELLED) or "")
            # Where time stands still nothing may depend on how fast the machine is: all is one batch.
            until = time.monotonic() + self._batch_seconds if self._clock.frozen_at is None else math.inf
            more = self._work(until)
            if not more or time.monotonic() > self._saved + _SAVE_SECONDS:
                self._save()
            self._note_time(more)
        return more

    def _refresh(self) -> None:
        """Let components forget what they remember of their state: others may have altered it."""
        for component in self._components.values():
            refresh: Callable[[], None] | None = getattr(component, "refresh", None)
            if refresh is not None:
                refresh()

    def _resume(self, travelled: str) -> None:
        """Go on at the time at which another process, or an earlier batch, left off."""
        self._travelled = travelled
        if travelled and self._clock.now() > float(travelled):
            self._clock.travel(float(travelled))

    def _note_time(self, more: bool) -> None:
        """Remember the time of work that is not done yet, where it is not the present."""
        travelled = repr(self._clock.now()) if more and self._clock.travelling else ""
        if travelled != self._travelled:
            self._store.set_meta(TRAVELLED, travelled)

    def _save(self) -> None:
        """Move the stored cursor up to what has been mapped, with what is still queued as due work.

        Between two saves of a long settle the cursor lags: whoever goes on if this process ends looks
        at the changes since then once more, which costs time and alters nothing.
        """
        store = self._store
        for component in self._components.values():
            flush: Callable[[], None] | None = getattr(component, "flush", None)
            if flush is not None:
                flush()
        for name, queue in self._queues.items():
            for key in queue:
                store.set_due(name, key, self._clock.now())
        # Changes made after the last look are the next batch's: they have not been mapped to keys yet.
        store.set_meta(CURSOR, str(self._seen))
        newest = store.revision()
        # One sync may write more than is retained (a ReplicaSet of ten thousand): what it wrote is still to be seen.
        unseen = newest - (self._seen or 0)
        if newest - store.oldest() > 2 * RETAINED_REVISIONS and unseen < RETAINED_REVISIONS:
            store.compact(RETAINED_REVISIONS)
        if time.monotonic() > self._saved + _SAVE_SECONDS:
            gc.collect(1)  # what has come up since the last time: what has lived longer is there to stay
        self._saved = time.monotonic()

    def _catch_up(self, cursor: int) -> None:
        """Bring the components' caches up to the cursor, which another process may have moved."""
        if self._seen is None:
            self._seen = cursor
            return
        if self._seen < cursor:
            # The other process has synced the keys; only caches inside the mappers need the changes.
            self._feed(enqueue=False, until=cursor)
        self._seen = max(self._seen, cursor)

    def _work(self, until: float) -> bool:
        while True:
            self._feed()
            if not any(self._queues.values()) and not self._take_due():
                return False
            for name in self._in_turn():
                if self._turn_ends is not None and name != self._interrupted:
                    self._turn_ends = self._server.storage.writes + _WRITES_AT_ONCE
                self._interrupted = ""
                if self._queues[name] and not self._drain(self._components[name], until):
                    self._interrupted = name
                    return True

    def _in_turn(self) -> list[str]:
        """The components in their order, those still to come where a batch's time was up in between."""
        names = list(self._components)
        if self._interrupted:
            return names[names.index(self._interrupted) :]
        self._turn_ends = 0
        return names

    def _feed(self, enqueue: bool = True, until: int | None = None) -> None:
        """Map changes since the last look to the components' keys."""
        assert self._seen is not None
        newest = self._store.revision()
        while True:
            # Nobody acts on what Events say (see client.component): three writes in five are not even read.
            changes = self._store.changes(self._seen, _CHANGES_AT_ONCE, but_news_of="events")
            for change in changes:
                if until is not None and change.revision > until:
                    return
                self._seen = change.revision
                self._dispatch(change, enqueue)
            if len(changes) < _CHANGES_AT_ONCE:
                self._seen = max(self._seen, newest if until is None else until)
                return

    def _dispatch(self, change: Change, enqueue: bool) -> None:
        for watched in (change.resource, "*"):
            for name, mapper in self._watchers.get(watched, ()):
                keys = mapper(change)
                if enqueue and keys:
                    queue = self._queues[name]
                    for key in keys:
                        queue[key] = None

    def _take_due(self) -> bool:
        """Move time to the next due work, if that is not in the future, and queue it."""
        at = self._store.next_due()
        if at is None or at > self._clock.present():
            return False
        if at > self._clock.now():
            self._syncs.clear()
        self._clock.travel(at)
        # What is due stays so until it is synced: a process that ends before leaves it to the next one.
        for name, key, _ in self._store.due(at):
            if name in self._queues:
                self._queues[name][key] = None
                self._due.add((name, key))
            else:
                self._store.set_due(name, key, None)
        return True

    def _drain(self, component: Component, until: float) -> bool:
        """Sync what is queued for a component, or much of it; False where the batch's time is up.

        The first component of a round that writes very much leaves the rest for the next round.
        """
        queue = self._queues[component.name]
        keys = list(queue)
        order: Callable[[list[str]], list[str]] | None = getattr(component, "order", None)
        if order is not None:
            keys = order(keys)
        for key in keys:
            del queue[key]
            self._sync(component, key)
            if time.monotonic() > until:
                return False
            if self._turn_ends is not None and self._server.storage.writes > self._turn_ends:
                self._turn_ends = None
                break
        self._feed()
        return True

    def _sync(self, component: Component, key: str) -> None:
        name = component.name
        count = self._syncs[name, key] = self._syncs.get((name, key), 0) + 1
        if count % _SYNCS_AT_ONE_INSTANT == 0 and count > _SYNCS_PER_OBJECT * self._store.size():
            raise LivelockError(f"{name} does not come to rest on {key!r} at cluster time {self._clock.now():.3f}")
        try:
            again = component.sync(key)
        except StatusError:
            again = self._retry(component, key)
        else:
            self._failures.pop((name, key), None)
        self._set_due(name, key, again)

    def _set_due(self, name: str, key: str, at: float | None) -> None:
        known = (name, key) in self._due
        if at is not None:
            self._due.add((name, key))
        elif known:
            self._due.discard((name, key))
        else:
            return
        self._store.set_due(name, key, at)

    def _retry(self, component: Component, key: str) -> float | None:
        """A refused write is tried again: at once a few times, then with doubling delays."""
        failures = self._failures[component.name, key] = self._failures.get((component.name, key), 0) + 1
        if failures <= _RETRIES_AT_ONCE:
            self._queues[component.name][key] = None
            return self._clock.now()  # for whoever goes on if this process ends before
        return self._clock.now() + min(_LONGEST_BACKOFF, 2.0 ** (failures - _RETRIES_AT_ONCE))
