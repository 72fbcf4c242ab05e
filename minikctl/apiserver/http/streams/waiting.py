"""Waiting for two things at once: what the client sends, and what happens in the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apiserver.http.connections import Connection

Message = MutableMapping[str, Any]

_PAUSE = 0.1  # seconds between two looks at a cluster in which much happens


class Listening:
    """`with Listening(connection) as listening:` keeps one receive and one wait going at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._receiving: asyncio.Task[Message] | None = None
        self._waiting: asyncio.Task[None] | None = None

    def __enter__(self) -> Listening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._receiving, self._waiting):
            if task is not None:
                task.cancel()

    async def news(self) -> list[Message]:
        """Return when the client has sent something (that is in the list) or something may have happened."""
        receiving = self._begin()
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._wait())
        await asyncio.wait((receiving, self._waiting), return_when=asyncio.FIRST_COMPLETED)
        if self._waiting.done():
            self._waiting.result()
            self._waiting = None
        if not receiving.done():
            return []
        message = receiving.result()
        self._receiving = None
        return [message]

    async def sent_within(self, seconds: float) -> bool:
        """Whether the client sends something within some seconds; `news` will give it."""
        done, _ = await asyncio.wait((self._begin(),), timeout=seconds)
        return bool(done)

    def _begin(self) -> asyncio.Task[Message]:
        if self._receiving is None:
            self._receiving = asyncio.create_task(_received(self._connection))
        return self._receiving

    async def _wait(self) -> None:
        await self._connection.waiting()
        await asyncio.sleep(_PAUSE)


def _received(connection: Connection) -> Coroutine[Any, Any, Message]:
    async def receive() -> Message:
        return await connection.receive()

    return receive()
