"""Carrying requests out on the event loop: others are served while a request waits for webhooks.

A webhook that is asked may ask the same server, so its answer may not be waited for on the loop itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request, Response
    from minikctl.apiserver.server import Server


async def handled(server: Server, request: Request) -> Response:
    """`Server.handle`, which webhooks do not hold up."""
    if not server.asks(request):
        return server.handle(request)
    from minikctl.apiserver.admission.webhooks import conversation

    going = conversation.steps(server, request)
    while True:
        try:
            needed = next(going)
        except StopIteration as end:
            response: Response = end.value
            return response
        await _aside(needed.call)


async def _aside(work: Callable[[], None]) -> None:
    """Have something done in a thread of its own: any number may be under way, each waiting for others."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def run() -> None:
        try:
            work()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish)

    threading.Thread(target=run, daemon=True).start()
    await done
