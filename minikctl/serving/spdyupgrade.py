"""Connections that clients upgrade to SPDY/3.1 instead of WebSockets (kubectl before v1.31, many client-go programs).

To the application such a connection is a WebSocket whose messages are the connection's bytes, with the
subprotocol SPDY/3.1+NAME for each X-Stream-Protocol-Version the client offers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

UPGRADE = b"spdy/3.1"
_VERSION = b"x-stream-protocol-version"
_PREFIX = "SPDY/3.1+"
_MOST_UNREAD = 1 << 20

Message = MutableMapping[str, Any]


class SpdyProtocol(asyncio.Protocol):
    """One upgraded connection: ASGI's messages on one side, bytes on the other."""

    def __init__(self, transport: asyncio.Transport, scope: MutableMapping[str, Any], app: Any) -> None:
        self._transport = transport
        self._unread: list[bytes] = []
        self._size = 0
        self._came = asyncio.Event()
        self._lost = False
        self._writable = asyncio.Event()
        self._writable.set()
        offered = [value for name, value in scope["headers"] if name == _VERSION]
        names = [name.strip() for value in offered for name in value.decode("latin-1").split(",")]
        self._scope = {
            **scope,
            "type": "websocket",
            "subprotocols": [_PREFIX + name for name in names],
            "extensions": {"websocket.http.response": {}},
        }
        self.task = asyncio.get_running_loop().create_task(self._run(app))

    async def _run(self, app: Any) -> None:
        try:
            await app(self._scope, self._receive, self._send)
        except ConnectionError:
            pass
        finally:
            self._transport.close()

    # The connection's side

    def data_received(self, data: bytes) -> None:
        self._unread.append(data)
        self._size += len(data)
        if self._size > _MOST_UNREAD:
            self._transport.pause_reading()
        self._came.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._came.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # The application's side

    async def _receive(self) -> Message:
        await self._came.wait()
        if self._unread:
            data = b"".join(self._unread)
            self._unread.clear()
            self._size = 0
            if not self._lost:
                self._came.clear()
                with contextlib.suppress(RuntimeError):
                    self._transport.resume_reading()
            return {"type": "websocket.receive", "bytes": data}
        return {"type": "websocket.disconnect", "code": 1006}

    async def _send(self, message: Message) -> None:
        if self._lost:
            raise ConnectionResetError
        kind = message["type"]
        if kind == "websocket.accept":
            version = (message.get("subprotocol") or "").removeprefix(_PREFIX)
            more = f"X-Stream-Protocol-Version: {version}\r\n" if version else ""
            self._write(
                f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n{more}\r\n".encode()
            )
        elif kind == "websocket.send":
            self._write(message["bytes"])
        elif kind == "websocket.http.response.start":
            self._write(_head(message))
        elif kind == "websocket.http.response.body":
            self._write(message.get("body", b""))
        elif kind == "websocket.close":
            self._transport.close()
        await self._writable.wait()

    def _write(self, data: bytes) -> None:
        if data:
            self._transport.write(data)


def _head(message: Message) -> bytes:
    """The head of an answer that refuses the upgrade."""
    status = message["status"]
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in message["headers"]]
    return b"\r\n".join([*lines, b"connection: close", b"", b""])
