"""A webhook: a small https server in this process that answers what a test wants."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

PEM = Path(__file__).parent / "apiserver" / "webhook.pem"
Obj = dict[str, Any]


class Hook:
    """The server: what it was asked, and the function that answers."""

    def __init__(self) -> None:
        self.requests: list[Obj] = []
        self.paths: list[str] = []
        self.answer: Callable[[Obj], Obj] = lambda request: {"allowed": True}
        self.raw: tuple[int, bytes] | None = None
        self.port = 0
        # What a clientConfig must hold to trust the server.
        self.bundle = base64.b64encode(PEM.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2]).decode()

    def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        review = json.loads(body)
        self.paths.append(path)
        self.requests.append(review["request"])
        if self.raw is not None:
            return self.raw
        response = {"uid": review["request"]["uid"], **self.answer(review["request"])}
        return 200, json.dumps({**review, "response": response}).encode()


@pytest.fixture
def hook() -> Iterator[Hook]:
    state = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = state.reply(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Silence."""

    class Server(HTTPServer):
        def handle_error(self, *args: Any) -> None:
            """A client that does not trust the certificate hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()
