"""An apiserver's ASGI application over a cluster, asked without any network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.http.app import CERTIFICATE, Application
from minikctl.apiserver.http.credentials import Authenticator, ClientCertificate
from minikctl.cluster import ADMIN, Cluster

JSON = "application/json"


class Settled:
    """Lets the cluster reconcile before every read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def wrote(self, at_once: bool) -> None:
        self._cluster.settle()

    async def settled(self, connection: Any) -> None:
        self._cluster.settle()

    def foreign(self) -> None:
        self._cluster.refresh_clock()


class Reply:
    """A whole answer."""

    def __init__(self, code: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.code = code
        self.headers = [(name.decode(), value.decode()) for name, value in headers]
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The events of a watch."""
        return [json.loads(line) for line in self.body.splitlines()]

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header == name]


class Client:
    """Sends requests to an application; each runs on an event loop of its own."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        user: UserInfo | None = ADMIN,
        content_type: str = JSON,
        **headers: str,
    ) -> Reply:
        """The answer to one request; `headers` with underscores for hyphens; `user` as a client certificate's."""
        return asyncio.run(self._ask(method, target, body, user, content_type, headers))

    async def _ask(
        self, method: str, target: str, body: Any, user: UserInfo | None, content_type: str, headers: dict[str, str]
    ) -> Reply:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        scope = _scope(method, target, user, content_type, headers)
        messages: list[MutableMapping[str, Any]] = []
        incoming = [{"type": "http.request", "body": data}]

        async def receive() -> MutableMapping[str, Any]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        start = messages[0]
        return Reply(start["status"], start["headers"], b"".join(m.get("body", b"") for m in messages[1:]))

    def watch(self, target: str, *actions: tuple[Any, ...], user: UserInfo | None = ADMIN, **headers: str) -> Reply:
        """What a watch sends while some requests (arguments of `ask`) are made; it is ended after them."""
        return asyncio.run(self._watch(target, actions, user, headers))

    async def _watch(
        self, target: str, actions: tuple[tuple[Any, ...], ...], user: UserInfo | None, headers: dict[str, str]
    ) -> Reply:
        watching = self.start_watch(target, user, **headers)
        await watching.quiet()
        for method, path, *body in actions:
            await self._ask(method, path, body[0] if body else None, ADMIN, JSON, {})
            await watching.quiet()
        return await watching.end()

    def start_watch(self, target: str, user: UserInfo | None = ADMIN, **headers: str) -> Watching:
        """A watch that goes on until it is ended; for use on an event loop."""
        return Watching(self.app, _scope("GET", target, user, JSON, headers))


class Watching:
    """A watch that is under way."""

    def __init__(self, app: Application, scope: dict[str, Any]) -> None:
        self._messages: list[MutableMapping[str, Any]] = []
        self._gone = asyncio.Event()
        self._task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self._messages.append(message)

    async def quiet(self) -> None:
        """Let every task run until it waits for something new."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def end(self) -> Reply:
        """Go away; everything that was sent."""
        await self.quiet()
        self._gone.set()
        await self._task
        start = self._messages[0]
        body = b"".join(message.get("body", b"") for message in self._messages[1:])
        return Reply(start["status"], start["headers"], body)


def _scope(
    method: str, target: str, user: UserInfo | None, content_type: str, headers: dict[str, str]
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    sent = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "state": {CERTIFICATE: ClientCertificate(user, "", "9")} if user else {},
    }


@pytest.fixture
def make_app() -> Callable[..., Application]:
    def make(cluster: Cluster, **settings: Any) -> Application:
        audit_log = settings.pop("audit_log", None)
        authenticator = Authenticator(cluster.server, **settings)
        return Application(cluster.server, authenticator, Settled(cluster), audit_log)

    return make


@pytest.fixture
def client(cluster: Cluster, make_app: Callable[..., Application]) -> Client:
    """A client of a bare cluster with the namespace demo."""
    return Client(make_app(cluster))
