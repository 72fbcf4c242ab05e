"""Long work on the event loop, in turns of a few milliseconds: others are served in between."""

from __future__ import annotations

import asyncio
import time

_SECONDS = 0.004


class Turn:
    """A stretch of work: `over`, awaited now and then, lets others have theirs when it has taken long enough."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _SECONDS

    async def over(self) -> None:
        if time.monotonic() >= self._end:
            await asyncio.sleep(0)
            self._end = time.monotonic() + _SECONDS
