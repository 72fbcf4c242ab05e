"""Where streams plug in: one table from subresource to the coroutine that holds the connection.

A request to a subresource listed in HANDLERS is not answered by `Server.handle` but handed, once the user
is known and allowed, to a coroutine `async def handler(connection: Connection) -> None` as
"module:function" of this package. It is called for WebSocket upgrades (`connection.upgraded`) and for plain
HTTP alike, and speaks ASGI: `connection.receive()` and `connection.send()`. A handler may raise StatusError
before it has sent anything: it becomes the answer. Call `connection.waiting()` each time the stream can only go on when
something happens in the cluster: it returns when something may have.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from minikctl.apimachinery.request import Request, UserInfo
    from minikctl.apiserver.http.requestinfo import RequestInfo
    from minikctl.apiserver.server import Server

    Handler = Callable[["Connection"], Awaitable[None]]

# (resource key, subresource) -> "module:function".
HANDLERS: dict[tuple[str, str], str] = {
    ("pods", "exec"): "streams.remotecommand:serve",
    ("pods", "attach"): "streams.remotecommand:serve",
    ("pods", "portforward"): "streams.portforward:serve",
    ("pods", "log"): "streams.logs:serve",
    ("pods", "proxy"): "streams.proxy:serve",
    ("services", "proxy"): "streams.proxy:serve",
    ("nodes", "proxy"): "streams.proxy:serve",
}
UPGRADES = frozenset({"exec", "attach", "portforward"})


class Connection:
    """One open request that a handler answers piece by piece.

    `user` is who asks (after impersonation), `request` the parsed Request (authorized; options typed as
    `queryoptions` says), `info` its path (`info.rest`: what follows the subresource), `server` the
    apiserver. `scope`, `receive` and `send` are ASGI's; `upgraded` tells a WebSocket from plain HTTP.
    """

    __slots__ = ("_waiting", "info", "receive", "request", "scope", "send", "server", "upgraded")

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
        request: Request,
        info: RequestInfo,
        server: Server,
        waiting: Callable[[], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request = request
        self.info = info
        self.server = server
        self.upgraded: bool = scope["type"] == "websocket"
        self._waiting = waiting

    @property
    def user(self) -> UserInfo:
        return self.request.user

    async def waiting(self) -> None:
        """Return when the cluster has changed or its time gone on, after a second at the latest."""
        await self._waiting()


def handler(request: Request) -> Handler | None:
    """The coroutine for a request's subresource; None where `Server.handle` answers it.

    Logs are handed over only when they are followed. BadRequest where a stream is asked for without upgrade.
    """
    assert request.resource is not None
    if request.subresource == "log" and not request.options.get("follow"):
        return None
    target = HANDLERS.get((request.resource.key, request.subresource))
    if target is None:
        if request.resource.key == "pods" and request.subresource in UPGRADES:
            raise errors.bad_request("Upgrade request required")
        return None
    module, _, function = target.partition(":")
    found: Handler = getattr(import_module(f"{__package__}.{module}"), function)
    return found
