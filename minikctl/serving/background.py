"""Reconciling in a process of its own: `Background` starts a worker and tells it when there may be work.

The worker opens the same file; the second core is its. It ends when this process does, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apiserver.http.app import Application
    from minikctl.cluster import Cluster

_CHECK_SECONDS = 0.5
_END_SECONDS = 10.0


class Background:
    """The serving side of a worker process."""

    def __init__(self, cluster: Cluster, clock: str, seed: str | None, identity: str) -> None:
        self._cluster = cluster
        self._command = [sys.executable, "-m", "minikctl.serving.worker", cluster.store.path, identity, clock]
        self._command += [seed] if seed is not None else []
        self._process: subprocess.Popen[bytes] | None = None
        self._told = False
        self.app: Application | None = None

    def start(self) -> None:
        """Start a worker."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)

    def wrote(self, at_once: bool) -> None:
        """A request has written: there may be work."""
        if not self._told and self._process is not None:
            self._told = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """A byte for the worker. A full pipe means it has been told often enough, a broken one that it is gone."""
        self._told = False
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._process.stdin.fileno(), b"\n")

    async def settled(self, connection: Any) -> None:
        """Reads see what is there: as in any cluster, controllers follow a little later."""

    def foreign(self) -> None:
        """Another process has written: the worker itself, or somebody whose change it has to see."""
        self._cluster.refresh_clock()
        self._tell()

    async def run(self) -> None:
        """Keep a worker alive, until cancelled."""
        while True:
            if self._process is None or self._process.poll() is not None:
                self.start()
            await asyncio.sleep(_CHECK_SECONDS)

    def stop(self) -> None:
        """End the worker: it finishes its batch first."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
