"""A watch over a WebSocket: each event a text message of its own.

Counterpart of `WatchServer.HandleWS` of apiserver's `endpoints/handlers/watch.go`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NORMAL = 1000


class Frames:
    """Sends the messages of a plain answer over a WebSocket instead."""

    def __init__(self, send: Send, offered: list[str]) -> None:
        """`offered` are the subprotocols the client would speak: the first is agreed to, none has a meaning here."""
        self._send = send
        self._protocol = offered[0] if offered else None

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await self._send({"type": "websocket.accept", "subprotocol": self._protocol})
            return
        for event in message.get("body", b"").splitlines(keepends=True):
            await self._send({"type": "websocket.send", "text": event.decode("utf-8", "surrogatepass")})
        if not message.get("more_body"):
            await self._send({"type": "websocket.close", "code": _NORMAL})
