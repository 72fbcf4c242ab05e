"""What the handlers of WebSockets have in common: which protocol, accepting, sending, closing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apiserver.http.streams import channels

if TYPE_CHECKING:
    from minikctl.apiserver.http.connections import Connection

_NORMAL = 1000


def negotiated(connection: Connection, known: Iterable[str]) -> str | None:
    """The protocol to speak; None for plain HTTP. BadRequest where the client offers none that is known."""
    if not connection.upgraded:
        return None
    offered = list(connection.scope.get("subprotocols") or ())
    found = channels.negotiate(offered, known)
    if found is None:
        raise errors.bad_request(f"unable to upgrade: unable to negotiate protocol: client supports {offered}")
    return found or ""


class Socket:
    """One accepted WebSocket."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    async def accept(self, protocol: str) -> None:
        await self._send({"type": "websocket.accept", "subprotocol": protocol or None})

    async def send(self, message: bytes | str) -> None:
        key = "text" if isinstance(message, str) else "bytes"
        await self._send({"type": "websocket.send", key: message})

    async def close(self, code: int = _NORMAL, reason: str = "") -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})
