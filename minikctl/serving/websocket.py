"""uvicorn's WebSocket protocol, for the subprotocols of Kubernetes.

Their names are not all tokens of RFC 6455 (SPDY/3.1+portforward.k8s.io): the application chooses, not the library.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.server import ServerProtocol


class _Handshake(ServerProtocol):
    def process_subprotocol(self, headers: Headers) -> None:
        return None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One upgraded connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Handshake(max_size=self.config.ws_max_size, logger=self.logger)
