"""Who lets the controllers work while a cluster is served.

`Inline` does it on the event loop, before the next read is answered: what a client reads is what the
controllers have made of everything written before.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apiserver.http.watches import Hub
    from minikctl.cluster import Cluster

_TICK_SECONDS = 0.02


class Inline:
    """Reconciles between requests, in the process and thread that serves."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._dirty = asyncio.Event()
        self.hub: Hub | None = None

    def wrote(self) -> None:
        """A request has written."""
        self._dirty.set()

    async def settled(self) -> None:
        """Reconcile what is pending, then return."""
        self._settle()

    def _settle(self) -> None:
        if self._cluster.pending():
            self._cluster.settle()
            if self.hub is not None:
                self.hub.changed()
        self._dirty.clear()

    async def run(self) -> None:
        """Reconcile after writes and at due times, until cancelled."""
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), _TICK_SECONDS)
            self._settle()
