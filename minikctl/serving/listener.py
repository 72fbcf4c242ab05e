"""Who listens: uvicorn over TLS, with the client certificate's user handed to the application.

Header size, slow clients and garbage on the port are dealt with here, before a request is one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from minikctl.apiserver.http.app import CERTIFICATE
from minikctl.apiserver.http.credentials import client_certificate
from minikctl.serving import spdyupgrade

if TYPE_CHECKING:
    import ssl


LARGEST_HEAD = 1 << 20
_HEAD_SECONDS = 32.0
_NOT_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol; every request's state says whose certificate the connection has.

    A request's head may have 1 MiB and take half a minute, as with upstream's server.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0  # bytes received of a head that is not whole yet
        self._reading = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joining(transport, self.loop))  # type: ignore[arg-type]
        connection = transport.get_extra_info("ssl_object")
        if connection is not None and connection.plain:
            transport.write(_NOT_TLS)
            transport.close()
            return
        der = connection.getpeercert(True) if connection is not None else None
        certificate = client_certificate(der, connection.trusted) if der else None
        if certificate is not None:
            self.app_state = {**self.app_state, CERTIFICATE: certificate}
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._reading:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(431, "Request Header Fields Too Large")
                return
            if self._timer is None:
                self._expect_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._reading = True
        self._head_done()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._reading = False
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return self._get_upgrade() in (b"websocket", spdyupgrade.UPGRADE)

    def handle_websocket_upgrade(self) -> None:
        if self._get_upgrade() != spdyupgrade.UPGRADE:
            # Here and not above: the library takes longer to load than a request to be answered.
            from minikctl.serving.websocket import WebSocketProtocol

            self.ws_protocol_class = WebSocketProtocol
            super().handle_websocket_upgrade()
            return
        path, _, query = self.url.partition(b"?")
        place = {"path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query}
        self.connections.discard(self)
        protocol = spdyupgrade.SpdyProtocol(self.transport, {**self.scope, **place}, self.app)
        self.tasks.add(protocol.task)
        protocol.task.add_done_callback(self.tasks.discard)
        self.transport.set_protocol(protocol)

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(_HEAD_SECONDS, self._too_slow)

    def _head_done(self) -> None:
        self._head = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        """A connection that has begun a request and does not go on with it is closed without a word."""
        self._timer = None
        self.transport.close()

    def _refuse(self, code: int, reason: str) -> None:
        head = f"HTTP/1.1 {code} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
        self.transport.write(f"{head}{code} {reason}".encode())
        self.transport.close()


class Joining:
    """A transport that sends what is written in one turn of the loop together: head and body in one TLS record."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.write(b"".join(parts))

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self._transport.write(pending[0] if len(pending) == 1 else b"".join(pending))


def config(app: Any, context: ssl.SSLContext | None) -> uvicorn.Config:
    """uvicorn, set up for an ASGI application; without a context over plain HTTP."""
    made = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",  # Protocol knows
        loop="auto",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=180,
        timeout_graceful_shutdown=2,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is wrong with requests is the clients' affair
    made.load()
    if context is not None:
        made.ssl = context
    return made
