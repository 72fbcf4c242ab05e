"""Reconciling on the serving process's own event loop: `Inline`, for a clock that stands still.

What one client connection writes is reconciled as one invocation of the command line would: when the next
connection begins, when somebody waits (a watch of one object, a followed log), or when nothing comes for a
moment. Where somebody waits and nothing is left to do, time jumps to the next due work. A clock that stands still
first goes on with the wall clock for a few seconds, for the server does not know how long a client means to wait;
for one that gave up it has gone on by the seconds waited.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.serving.handoff import Handoff

if TYPE_CHECKING:
    from minikctl.apiserver.http.app import Application
    from minikctl.cluster import Cluster

_TICK_SECONDS = 0.01
_IDLE_SECONDS = 0.03
_REACTION_SECONDS = 0.5  # what a client that waits gets to react to an event before time goes on
_HORIZON_SECONDS = 24 * 3600.0
_MOST_JUMPS = 2000
_PAUSE_SECONDS = 1.0  # after a failure
_STARTING_SECONDS = 0.2  # what a client that waits has spent before the server sees it wait
_PATIENCE_SECONDS = 5.5


log = logging.getLogger("minikctl.serve")


class Inline:
    """Reconciles between requests, in the process and thread that serves."""

    def __init__(self, cluster: Cluster, jumps: bool) -> None:
        """`jumps`: whether time goes on for those who wait."""
        self._cluster = cluster
        self._jumps = jumps
        self._patience = _PATIENCE_SECONDS if cluster.clock.frozen_at is not None else 0.0
        self._connection: Any = None
        self._dirty = False
        self._limit = 0.0
        self._left = 0
        self._revision = 0
        self._began = self._base = 0.0  # when somebody began to wait: (monotonic), in cluster time
        self.app: Application | None = None
        self._handoff = Handoff()
        cluster.server.aside = self._wait

    def _wait(self, call: Callable[[], None]) -> None:
        """Wait for a webhook, in the present."""
        clock = self._cluster.clock
        at = clock.now() if clock.travelling else None
        clock.travel(None)
        try:
            self._handoff.wait(call)
        finally:
            clock.travel(at)

    def wrote(self, at_once: bool) -> None:
        """A request has written; `at_once`: other requests of the same client stand on what comes of it."""
        self._dirty = True
        if at_once:
            self._settle()

    async def settled(self, connection: Any) -> None:
        """A request begins: one of a new connection sees all earlier ones' work done."""
        if connection is not self._connection:
            self._connection = connection
            self._settle()
            self._cluster.reseed()

    async def run(self) -> None:
        """Reconcile what nobody asks about, and let time go on, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if self.app is None or self.app.activity.busy:
                continue
            try:
                self._tick(self.app)
            except Exception:  # whatever a controller stumbles over, the server goes on
                log.exception("reconciling")
                await asyncio.sleep(_PAUSE_SECONDS)

    def _tick(self, app: Application) -> None:
        idle = time.monotonic() - app.activity.last
        if app.activity.waiting:
            self._advance(app, idle)
            return
        self._waited_enough()
        self._limit = 0.0
        if idle > _IDLE_SECONDS * (1 if not self._dirty else 4):
            self._settle()

    def _advance(self, app: Application, idle: float) -> None:
        """Somebody waits: do what is left to do, then jump."""
        if not self._limit:
            self._began, self._base = time.monotonic(), self._cluster.present()
            self._limit, self._left = self._base + _HORIZON_SECONDS, _MOST_JUMPS
            app.activity.tell()
        if idle < _IDLE_SECONDS or time.monotonic() - app.activity.told < _REACTION_SECONDS:
            return
        if self._settle():
            return
        waited = time.monotonic() - self._began + _STARTING_SECONDS
        limit = self._limit if waited >= self._patience else min(self._limit, self._base + waited)
        if self._jumps and self._left and self._cluster.jump(limit):
            self._left -= 1
            app.hub.changed()

    def _waited_enough(self) -> None:
        """Nobody waits any more: for whoever did whole seconds have passed."""
        if not self._limit or self.app is None or not self._patience or self._handoff.busy:
            return
        ahead = self._base + (time.monotonic() - self._began + _STARTING_SECONDS) // 1 - self._cluster.present()
        if ahead > 0:
            self._cluster.advance(ahead)
            self.app.hub.changed()

    def _settle(self) -> bool:
        """Do what is to be done; whether there was anything."""
        if self._handoff.busy:
            return True
        self._dirty = False
        if not self._cluster.pending():
            return False
        if self._cluster.server.hooked and self._in_loop():
            self._handoff.do(self._cluster.settle, self._show)
        else:
            self._cluster.settle()
            self._show()
        return True

    def _show(self) -> None:
        if self.app is not None:
            self.app.hub.changed()

    @staticmethod
    def _in_loop() -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    def foreign(self) -> None:
        """Another process has written, or brought the file back to an earlier state."""
        revision = self._cluster.store.revision()
        if revision < self._revision:
            self._cluster.forget_reconciling()
        self._revision = revision
        self._cluster.refresh_clock()

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        """Leave nothing undone."""
        self._settle()
