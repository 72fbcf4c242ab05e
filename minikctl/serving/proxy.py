"""`minikctl proxy`: the API over plain HTTP on a local port, as one user, with kubectl's filter before it.

Counterpart: kubectl's `pkg/proxy` (proxy_server.go).
"""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import os
import re
import socket
import stat
from collections.abc import Callable, Iterable
from email.utils import formatdate
from html import escape
from posixpath import normpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import uvicorn

from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.http.app import Application
from minikctl.apiserver.http.credentials import Authenticator
from minikctl.serving import listener
from minikctl.serving.reconciling import Inline

if TYPE_CHECKING:
    from minikctl.apiserver.http.exchange import Receive, Scope, Send
    from minikctl.cluster import Cluster

Patterns = tuple[re.Pattern[str], ...]


class Filter(NamedTuple):
    """Which requests are let through; None of it holds where `disabled`."""

    accept_paths: Patterns
    reject_paths: Patterns
    accept_hosts: Patterns
    reject_methods: Patterns
    disabled: bool = False

    def passes(self, method: str, path: str, host: str) -> bool:
        """Whether a request is let through. `host` is the Host header."""
        if self.disabled:
            return True
        if _any(self.reject_paths, path) or _any(self.reject_methods, method):
            return False
        return _any(self.accept_paths, path) and _any(self.accept_hosts, _host_of(host))


def _any(patterns: Patterns, text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _host_of(header: str) -> str:
    """The host of HOST:PORT, as Go's SplitHostPort takes it apart; what has no port stays as it is."""
    if header.startswith("["):
        host, found, _ = header[1:].partition("]:")
        return host if found else header
    host, colon, port = header.partition(":")
    return host if colon and ":" not in port else header


class Settings(NamedTuple):
    """Where the API and the static files are found; prefixes end with a slash."""

    api_prefix: str = "/"
    static_prefix: str = ""
    static_directory: str = ""

    def prefix_of(self, path: str) -> str | None:
        """The prefix that only a slash is missing to, else the longest the path is under (as Go's ServeMux chooses)."""
        prefixes = (self.static_prefix, self.api_prefix) if self.static_directory else (self.api_prefix,)
        if f"{path}/" in prefixes:
            return f"{path}/"
        return max((prefix for prefix in prefixes if path.startswith(prefix)), key=len, default=None)


class _OneUser(Authenticator):
    """Every request is the kubeconfig's user's."""

    def __init__(self, cluster: Cluster, user: UserInfo) -> None:
        super().__init__(cluster.server)
        self._user = user

    def user(self, authorization: str, certificate: object) -> UserInfo:
        return self._user


class Proxy:
    """One proxy. `run` serves until interrupted."""

    def __init__(
        self, cluster: Cluster, user: UserInfo, impersonate: UserInfo | None, filter_: Filter, settings: Settings
    ) -> None:
        self._reconciling = Inline(cluster, jumps=cluster.clock.frozen_at is not None)
        self._app = Application(cluster.server, _OneUser(cluster, user), self._reconciling)
        self._reconciling.app = self._app
        self._added = _impersonation(impersonate)
        self._filter = filter_
        self._settings = settings

    def run(self, listening: socket.socket, ready: Callable[[], None]) -> None:
        """Serve on a listening socket; calls `ready` once it answers."""
        server = uvicorn.Server(listener.config(self, None))
        asyncio.run(self._serve(server, listening, ready))

    async def _serve(self, server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None]) -> None:
        tasks = [asyncio.create_task(self._app.hub.run()), asyncio.create_task(self._reconciling.run())]
        ready()
        try:
            await server.serve(sockets=[listening])
        finally:
            self._app.hub.close_all()
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        host = dict(headers).get(b"host", b"").decode("latin-1")
        path, settings = scope["path"], self._settings
        if not self._filter.passes(scope.get("method", "GET"), path, host):
            await _text(scope, send, 403, "Forbidden")
        elif (prefix := settings.prefix_of(path)) is None:
            await _text(scope, send, 404, "404 page not found")
        elif not path.startswith(prefix):
            await _redirect(scope, send, prefix)
        elif settings.static_directory and prefix == settings.static_prefix:
            await _static(scope, send, settings, path)
        else:
            inner = path[len(settings.api_prefix) - 1 :]
            kept = [(name, value) for name, value in headers if name != b"authorization"]
            await self._app({**scope, "path": inner, "headers": [*kept, *self._added]}, receive, send)


def _impersonation(user: UserInfo | None) -> list[tuple[bytes, bytes]]:
    """The headers that act as another user (--as)."""
    if user is None:
        return []
    found = [("impersonate-user", user.name), *(("impersonate-group", group) for group in user.groups)]
    if user.uid:
        found.append(("impersonate-uid", user.uid))
    return [(name.encode(), value.encode()) for name, value in found]


def open_socket(address: str, port: int, keep_alive: float = 0.0) -> socket.socket:
    """A listening TCP socket; OSError where the address cannot be had. Every address means those of both families."""
    both = address in ("", "0.0.0.0", "::") and socket.has_dualstack_ipv6()
    address = "::" if both else address
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if both:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if keep_alive > 0:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
                if hasattr(socket, option):
                    listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), max(int(keep_alive), 1))
        listening.bind((address, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def open_unix_socket(path: str) -> socket.socket:
    """A listening Unix socket, for its owner only; one that is left over is replaced."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o077)
    try:
        listening.bind(path)
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening


# Answers of the proxy's own

_LISTING = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n'


async def _text(scope: Scope, send: Send, code: int, text: str, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"), *more]
    await _answer(scope, send, code, headers, f"{text}\n".encode())


async def _answer(scope: Scope, send: Send, code: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": f"{kind}.start", "status": code, "headers": [*headers, length]})
    await send({"type": f"{kind}.body", "body": b"" if scope.get("method") == "HEAD" else body})


async def _redirect(scope: Scope, send: Send, prefix: str) -> None:
    """To the same path with a slash at its end; the query stays."""
    query = scope.get("query_string", b"").decode("latin-1")
    place = quote(prefix) + (f"?{query}" if query else "")
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"location", place.encode("latin-1"))]
    reads = scope.get("method") in ("GET", "HEAD")
    page = f'<a href="{escape(place)}">Temporary Redirect</a>.\n\n' if reads else ""
    await _answer(scope, send, 307, headers if reads else headers[1:], page.encode())


async def _static(scope: Scope, send: Send, settings: Settings, path: str) -> None:
    """A file below the directory; of a directory its index.html, or what is in it."""
    relative = normpath("/" + path[len(settings.static_prefix) :]).lstrip("/")
    root = os.path.realpath(settings.static_directory)
    place = os.path.realpath(os.path.join(root, relative))
    if os.path.commonpath((root, place)) != root or not os.path.exists(place):
        await _text(scope, send, 404, "404 page not found")
        return
    if path.endswith("/index.html"):
        await _answer(scope, send, 301, [(b"location", b"./")], b"")
        return
    if os.path.isdir(place):
        if not path.endswith("/"):
            await _answer(scope, send, 301, [(b"location", f"{quote(os.path.basename(place))}/".encode())], b"")
            return
        index = os.path.join(place, "index.html")
        if not os.path.isfile(index):
            names = sorted(
                name + ("/" if os.path.isdir(os.path.join(place, name)) else "") for name in os.listdir(place)
            )
            page = "".join(f'<a href="{escape(name)}">{escape(name)}</a>\n' for name in names)
            html = [(b"content-type", b"text/html; charset=utf-8")]
            await _answer(scope, send, 200, html, f"{_LISTING}{page}</pre>\n".encode("utf-8", "surrogateescape"))
            return
        place = index
    try:
        with open(place, "rb") as file:
            body = file.read()
            changed = os.fstat(file.fileno()).st_mtime
    except OSError:
        await _text(scope, send, 403, "403 Forbidden")
        return
    kind = mimetypes.guess_type(place)[0] or "application/octet-stream"
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    known = [(b"content-type", kind.encode()), (b"last-modified", formatdate(changed, usegmt=True).encode())]
    await _answer(scope, send, 200, known, body)
