"""One request of the network and what becomes of it, as the chain, the audit log and the metrics see it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from minikctl.apiserver.http import negotiation

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Request, UserInfo
    from minikctl.apiserver.http.answers import Answer
    from minikctl.apiserver.http.audit import Trail
    from minikctl.apiserver.http.requestinfo import RequestInfo

_LONGEST_ID = 64

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Exchange:
    """A request and its answer.

    `user` is who has been authenticated (None while nobody has), `request` and `info` what is asked, once
    it is known; `code`, `size`, `error` and `answered` (the object sent) the outcome. `received` is cluster time,
    `began` monotonic. `pretty`: JSON is to be for the eye. `trail` is what the audit log keeps; None where it is not
    to have the request.
    """

    __slots__ = (
        "answered", "audit_id", "began", "code", "error", "headers", "impersonates", "info", "media_type", "on_start",
        "pretty", "receive", "received", "request", "scope", "send", "size", "started", "trail", "user",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send, received: float) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.received = received
        self.began = time.monotonic()
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.audit_id = self.header(b"audit-id")[:_LONGEST_ID] or str(uuid.uuid4())
        self.media_type = negotiation.JSON
        self.pretty = negotiation.pretty(scope["query_string"], self.header(b"user-agent"))
        self.user: UserInfo | None = None
        self.impersonates = False
        self.info: RequestInfo | None = None
        self.request: Request | None = None
        self.code = self.size = 0
        self.error: StatusError | None = None
        self.answered: Any = None
        self.trail: Trail | None = None
        self.started = False
        # Called when a stream's answer begins.
        self.on_start: Callable[[], None] | None = None

    @property
    def upgraded(self) -> bool:
        """Whether it is a WebSocket handshake."""
        return bool(self.scope["type"] == "websocket")

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "GET"))

    def header(self, name: bytes) -> str:
        """A request header by its lower-case name; "" without it."""
        return self.headers.get(name, b"").decode("latin-1")

    async def reply(self, answer: Answer) -> None:
        """Send a whole answer; a WebSocket that is refused gets it as the answer to its handshake."""
        self.code, self.size = answer.code, answer.size
        kind = "websocket.http.response" if self.upgraded else "http.response"
        headers = [*answer.headers, (b"audit-id", self.audit_id.encode())]
        await self.send({"type": f"{kind}.start", "status": answer.code, "headers": headers})
        *pieces, last = answer.pieces if self.method != "HEAD" else [b""]
        for piece in pieces:
            await self.send({"type": f"{kind}.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # what is written in one turn goes out together: not all of it at once
        await self.send({"type": f"{kind}.body", "body": last})

    async def stream(self, message: MutableMapping[str, Any]) -> None:
        """Send one message of an answer that comes in pieces."""
        if not self.started:
            self.started = True
            self.code = message.get("status", 101)
            if "headers" in message:
                message["headers"] = [*message["headers"], (b"audit-id", self.audit_id.encode())]
            if self.on_start is not None:
                self.on_start()
        await self.send(message)
