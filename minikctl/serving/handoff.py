"""Work that may wait for a webhook, on the event loop's time: `Handoff` has it done in a thread that takes turns.

Of the two threads only one goes on at a time, so that they share the cluster as if they were one. While the work waits
for a webhook's answer the loop serves others, among them the webhook itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

log = logging.getLogger("minikctl.serve")


class Handoff:
    """A thread for one piece of work at a time."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._working = threading.Semaphore(0)
        self._serving = threading.Semaphore(0)
        self._error: BaseException | None = None
        self._finished: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether work has been begun and waits for an answer."""
        return self._thread is not None

    def do(self, work: Callable[[], object], finished: Callable[[], None]) -> None:
        """Begin some work, on the loop; return when it is done or waits. `finished` is called in the end."""
        self._loop, self._finished = asyncio.get_running_loop(), finished
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._take_turns()

    def wait(self, call: Callable[[], None]) -> None:
        """Make a call that takes its time, and let the loop go on meanwhile if this is the thread of the work."""
        if threading.current_thread() is not self._thread:
            call()
            return
        assert self._loop is not None
        self._serving.release()
        try:
            call()
        finally:
            self._loop.call_soon_threadsafe(self._go_on)
            self._working.acquire()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            self._error = error
        finally:
            self._thread = None
            self._serving.release()

    def _take_turns(self) -> None:
        """Let the work go on until it is done or waits again."""
        self._serving.acquire()
        if self._thread is not None:
            return
        error, self._error = self._error, None
        if self._finished is not None:
            self._finished()
        if error is not None:
            raise error

    def _go_on(self) -> None:
        self._working.release()
        try:
            self._take_turns()
        except Exception:  # whatever a controller stumbles over, the server goes on
            log.exception("reconciling")
