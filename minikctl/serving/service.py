"""One cluster file, served: certificates, listener, application and reconciling plugged together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, NamedTuple

import uvicorn

from minikctl.apimachinery.request import Obj, UserInfo
from minikctl.apiserver.http.app import Application
from minikctl.apiserver.http.audit import AuditLog
from minikctl.apiserver.http.credentials import Authenticator
from minikctl.serving import certificates, listener, tls
from minikctl.serving.background import Background
from minikctl.serving.reconciling import Inline

if TYPE_CHECKING:
    from minikctl.apiserver.http.auditpolicy import Policy
    from minikctl.cluster import Cluster


class Settings(NamedTuple):
    """How a cluster is served."""

    bind: str = "127.0.0.1"
    port: int = 6443
    tokens: Mapping[str, UserInfo] = {}
    anonymous: bool = True
    clock: str = ""
    seed: str | None = None
    jump: bool = False
    audit_log: str = ""  # a file, "-" for standard output, "" for none
    audit_policy: Policy | None = None  # what it is to have; None for everything at level Metadata


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers, which would end the process before it has cleaned up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Service:
    """A served cluster. `start` returns when it answers, `stop` when it has ended cleanly."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self.cluster = cluster
        self.settings = settings
        self.certificates = certificates.of_cluster(cluster.store, settings.bind)
        self.identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self.reconciling = self._reconciling()
        authenticator = Authenticator(cluster.server, settings.tokens, settings.anonymous)
        self._audit_file = _audit_file(settings.audit_log)
        policy = settings.audit_policy
        audit_log = AuditLog(cluster.server, self._audit_file, policy) if self._audit_file is not None else None
        self.app = Application(cluster.server, authenticator, self.reconciling, audit_log)
        self.reconciling.app = self.app
        self._socket = _listen(settings.bind, settings.port)
        self._tasks: list[asyncio.Task[None]] = []
        context = tls.Context(self.certificates)
        self._uvicorn = _Server(listener.config(self.app, context))

    def _reconciling(self) -> Inline | Background:
        """On the loop where time stands still or jumps, else in a process of its own."""
        settings, cluster = self.settings, self.cluster
        frozen = cluster.clock.frozen_at is not None
        if frozen or settings.jump:
            return Inline(cluster, jumps=frozen or settings.jump)
        cluster.share()
        return Background(cluster, settings.clock, settings.seed, self.identity)

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self.settings.bind if self.settings.bind not in ("0.0.0.0", "::") else "127.0.0.1"
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def kubeconfig(self) -> Obj:
        """A kubeconfig of the administrator's, with everything in it."""
        import base64

        def data(text: str) -> str:
            return base64.b64encode(text.encode()).decode()

        admin = self.certificates.admin
        cluster = {"certificate-authority-data": data(self.certificates.authority.certificate), "server": self.url}
        user = {"client-certificate-data": data(admin.certificate), "client-key-data": data(admin.key)}
        context = {"cluster": "minikctl", "user": "kubernetes-admin"}
        return {
            "apiVersion": "v1",
            "clusters": [{"cluster": cluster, "name": "minikctl"}],
            "contexts": [{"context": context, "name": "minikctl"}],
            "current-context": "minikctl",
            "kind": "Config",
            "users": [{"name": "kubernetes-admin", "user": user}],
        }

    def serve(self, ready: Callable[[], None]) -> None:
        """`run` on an event loop of its own (uvloop's where it is installed), until SIGTERM or SIGINT."""
        factory = self._uvicorn.config.get_loop_factory()
        loop = factory() if factory is not None else asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            loop.run_until_complete(self.run(ready))
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; calls `ready` once it answers."""
        tasks = [asyncio.create_task(self.app.hub.run()), asyncio.create_task(self._when_started(ready))]
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            self.reconciling.stop()
            self.close()

    async def _when_started(self, ready: Callable[[], None]) -> None:
        while not self._uvicorn.started:
            await asyncio.sleep(0.002)
        ready()
        self.reconciling.start()
        reconciling = asyncio.create_task(self.reconciling.run())
        while not self._uvicorn.should_exit:
            await asyncio.sleep(0.05)
        self.app.hub.close_all()
        reconciling.cancel()

    def close(self) -> None:
        """Let go of the port and the audit log."""
        self._socket.close()
        if self._audit_file is not None:
            self._audit_file.close()

    def stop(self) -> None:
        """Ask it to end."""
        self.cluster.server.stopping = True
        self._uvicorn.should_exit = True


def _audit_file(name: str) -> IO[bytes] | None:
    """The audit log, appended to; OSError where it cannot be written."""
    if not name:
        return None
    if name == "-":
        return open(sys.stdout.fileno(), "wb", closefd=False)
    return open(name, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


def _listen(bind: str, port: int) -> socket.socket:
    """A listening socket; OSError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((bind, port))
    except OSError:
        listening.close()
        raise
    listening.listen(2048)
    listening.setblocking(False)
    return listening
