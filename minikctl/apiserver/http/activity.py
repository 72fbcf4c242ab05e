"""What goes on in a server, for who decides when to reconcile and whether time may go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Requests under way, and who waits.

    `busy` counts requests being carried out, `waiting` those who hold a connection open until something
    becomes of one object; `last` and `told` are the (monotonic) times of the last answer and of the last
    news for somebody who waits.
    """

    __slots__ = ("busy", "last", "told", "waiting")

    def __init__(self) -> None:
        self.busy = 0
        self.waiting = 0
        self.last = self.told = time.monotonic()

    def begin(self) -> None:
        self.busy += 1

    def end(self) -> None:
        self.busy -= 1
        self.last = time.monotonic()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While a request is held open it is not one that is being carried out."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    def tell(self) -> None:
        self.told = time.monotonic()
