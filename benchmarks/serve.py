#!/usr/bin/env python3
"""How fast `minikctl serve` answers: GETs of a pod and creates of ConfigMaps over one kept connection, how soon a
watcher sees a change, and how soon a server that is started answers.

    benchmarks/serve.py [--requests N]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_IDLE_SECONDS = 3
_CHANGES = 20
PREFIX = "/api/v1/namespaces/default"


class Connection:
    """One kept HTTP/1.1 connection of the administrator's."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        pair = folder / "client.pem"
        pair.write_bytes(b"".join(base64.b64decode(user[f"client-{name}-data"]) for name in ("key", "certificate")))
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(pair)
        self.context = context
        host, _, port = cluster["server"].removeprefix("https://").partition(":")
        self.port = int(port)
        plain = socket.create_connection((host, self.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._buffer = b""

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json"]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self._socket.sendall(head.encode() + body)

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer; RuntimeError where it is an error."""
        self.send(method, path, body)
        head, answer = self._answer()
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(answer.decode())
        return answer

    def code(self, request: bytes) -> str:
        """The code of the answer to a request as it stands."""
        self._socket.sendall(request)
        return self._answer()[0].split(b" ")[1].decode()

    def _answer(self) -> tuple[bytes, bytes]:
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(rest) < length:
            self._buffer = b""
            self._receive()
            rest += self._buffer
        self._buffer = rest[length:]
        return head, rest[:length]

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise RuntimeError("the connection has ended")
        self._buffer += data

    def lines(self) -> Any:
        """What comes, piece by piece, as it comes."""
        while data := self._socket.recv(65536):
            yield time.perf_counter(), data


def configmap(name: str) -> bytes:
    return json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}}
    ).encode()


class Rate:
    """Requests a second, and the processor time that one takes of the client and of the server's two processes."""

    def __init__(self, count: int, connection: Connection, pids: list[int], what: Any) -> None:
        before, start = [_cpu(pid) for pid in pids], time.perf_counter()
        own = time.process_time()
        for number in range(count):
            connection.ask(*what(number))
        self.rate = count / (time.perf_counter() - start)
        self.client = (time.process_time() - own) / count
        self.server = [(_cpu(pid) - spent) / count for pid, spent in zip(pids, before, strict=True)]

    def __str__(self) -> str:
        server = ", ".join(f"{seconds * 1e6:.0f}" for seconds in self.server)
        return f"{self.rate:8.0f} requests/s   (CPU us a request: client {self.client * 1e6:.0f}, server {server})"


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pids(home: Path) -> list[int]:
    """The process that serves, and its worker."""
    (server,) = (int(path.stem) for path in (home / "clusters" / "minikctl.serving").glob("*.json"))
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [server, *map(int, children)]


def latency(kubeconfig: Path, folder: Path, connection: Connection, count: int) -> list[float]:
    """Seconds between sending a create and a watcher's receiving its event."""
    watcher = Connection(kubeconfig, folder)
    watcher.send("GET", f"{PREFIX}/configmaps?watch=1&labelSelector=none")  # opened before the one that counts
    watcher = Connection(kubeconfig, folder)
    watcher.send("GET", f"{PREFIX}/configmaps?watch=1&resourceVersion={_revision(connection)}")
    seen: dict[str, float] = {}

    def follow() -> None:
        for at, data in watcher.lines():
            for number in range(count):
                name = f"seen-{number}"
                if name not in seen and f'"{name}"'.encode() in data:
                    seen[name] = at
            if len(seen) == count:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    time.sleep(0.2)
    sent = {}
    for number in range(count):
        sent[f"seen-{number}"] = time.perf_counter()
        connection.ask("POST", f"{PREFIX}/configmaps", configmap(f"seen-{number}"))
        time.sleep(0.005)
    thread.join(10)
    return [seen[name] - at for name, at in sent.items()]


async def crowd(kubeconfig: Path, folder: Path, connection: Connection, pids: list[int], count: int) -> str:
    """Many open watches: what they cost while nothing happens, and how soon all have seen a change."""
    context, target = connection.context, f"{PREFIX}/configmaps?watch=1&resourceVersion={_revision(connection)}"
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    streams = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", connection.port, ssl=context)
        writer.write(request)
        await reader.readuntil(b"\r\n\r\n")
        streams.append((reader, writer))
    before = _cpu(pids[0])
    await asyncio.sleep(_IDLE_SECONDS)
    idle = (_cpu(pids[0]) - before) / _IDLE_SECONDS
    delays = []
    before = _cpu(pids[0])
    for number in range(_CHANGES):
        waiting = [asyncio.ensure_future(reader.readuntil(b"}\n")) for reader, _ in streams]
        start = time.perf_counter()
        await asyncio.to_thread(connection.ask, "POST", f"{PREFIX}/configmaps", configmap(f"crowd-{number}"))
        await asyncio.gather(*waiting)
        delays.append(time.perf_counter() - start)
    spent = (_cpu(pids[0]) - before) / _CHANGES
    for _, writer in streams:
        writer.close()
    all_seen = statistics.median(delays) * 1000
    return f"idle {idle:.1%} of a core, a change {spent * 1000:.0f} ms of CPU, seen by all in {all_seen:.0f} ms"


def _revision(connection: Connection) -> str:
    listed = json.loads(connection.ask("GET", f"{PREFIX}/configmaps?limit=1"))
    return str(listed["metadata"]["resourceVersion"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--watches", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {**os.environ, "MINIKCTL_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}

        def minikctl(*arguments: str) -> None:
            command = [sys.executable, "-m", "minikctl", *arguments]
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)

        minikctl("run", "web", "--image=nginx")
        kubeconfig = folder / "kubeconfig"
        start = time.perf_counter()
        minikctl("serve", "--in-background", "--port=0", f"--kubeconfig-out={kubeconfig}")
        try:
            connection = Connection(kubeconfig, folder)
            connection.ask("GET", "/version")
            print(f"start to first answer      {time.perf_counter() - start:8.2f} s")
            time.sleep(1)
            pids = _pids(folder / "home")
            reads = Rate(options.requests, connection, pids, lambda n: ("GET", f"{PREFIX}/pods/web"))
            print(f"GET of a pod               {reads}")
            writes = Rate(
                options.requests // 2,
                connection,
                pids,
                lambda n: ("POST", f"{PREFIX}/configmaps", configmap(f"c-{n}")),
            )
            print(f"create of a ConfigMap      {writes}")
            print(f"{options.watches} watches               ", end=" ", flush=True)
            print(asyncio.run(crowd(kubeconfig, folder, connection, pids, options.watches)))
            delays = latency(kubeconfig, folder, connection, 200)
            print(f"create to watcher, median  {statistics.median(delays) * 1000:8.1f} ms")
        finally:
            minikctl("serve", "--stop")


if __name__ == "__main__":
    main()
