#!/usr/bin/env python3
"""A hundred thousand malformed requests: `minikctl serve` stays up, and its memory flat.

    benchmarks/garbage.py [--requests N]

Sends requests that make no sense over kept and broken connections, with and without TLS, and prints how many of which
code came back and the server's memory after a tenth of them and at the end.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from serve import Connection

ROOT = Path(__file__).resolve().parent.parent
PIECES = (
    "GET", "POST", "BREW", "/", "/api/v1/pods", "/apis/%00", "HTTP/1.1", "HTTP/9.9", "\r\n", "\r\n\r\n", "Host: x",
    ": ", "Content-Length: -1", "Content-Length: 99", "Transfer-Encoding: chunked", "ZZ", "\x00", "é", "{}", "[[[[",
    " ", "\t", "Authorization: Bearer x.y.z", "Impersonate-Group: a", "Upgrade: websocket", "Connection: Upgrade",
    "Accept: q=;",
)  # fmt: skip
PATHS = (
    "/api/v1/namespaces/x/pods",
    "/apis/apps/v1/deployments/a/b/c",
    "/x",
    "/openapi/v3/none",
    "/api/v1/nodes/a/proxy",
)
BODIES = ("{", "[]", '{"metadata":{"name":{}}}', "a: b: c", "\x00" * 50, '{"spec":' * 200)


def well_formed(draw: random.Random) -> bytes:
    """HTTP, but nothing that the API has."""
    body = draw.choice(BODIES).encode()
    query = draw.choice(("", "?limit=x", "?watch=1&resourceVersion=x", "?labelSelector=((", "?continue=%ff"))
    lines = [
        f"{draw.choice(('GET', 'POST', 'PUT', 'PATCH', 'DELETE'))} {draw.choice(PATHS)}{query} HTTP/1.1",
        "Host: x",
        f"Content-Type: {draw.choice(('application/json', 'text/html', 'application/vnd.kubernetes.protobuf'))}",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def nonsense(draw: random.Random) -> bytes:
    """No HTTP at all."""
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 20))).encode() + draw.randbytes(8) + b"\r\n\r\n"


def code_of(answer: bytes) -> str:
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return found[1].decode() if found else "closed"


def one(connect: object, port: int, draw: random.Random) -> str:
    """A connection for one piece of nonsense; one in ten without TLS."""
    plain = socket.create_connection(("127.0.0.1", port))
    plain.settimeout(5)
    try:
        connection = plain if draw.random() < 0.1 else connect.wrap_socket(plain)  # type: ignore[attr-defined]
        connection.sendall(nonsense(draw))
        if draw.random() < 0.3:
            return "left"
        connection.shutdown(socket.SHUT_WR)
        return code_of(connection.recv(4096))
    except OSError:
        return "closed"
    finally:
        plain.close()


def memory(connection: Connection) -> int:
    text = connection.ask("GET", "/metrics").decode()
    return int(re.search(r"^process_resident_memory_bytes (\d+)", text, re.MULTILINE)[1])  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    draw = random.Random(1)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {**os.environ, "MINIKCTL_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        minikctl = [sys.executable, "-m", "minikctl", "serve"]
        config = folder / "kubeconfig"
        subprocess.run(
            [*minikctl, "--in-background", "--port=0", f"--kubeconfig-out={config}"], env=environ, check=True
        )
        try:
            connection = Connection(config, folder)
            port = connection.port
            codes: collections.Counter[str] = collections.Counter()
            for number in range(options.requests):
                if number == options.requests // 10:
                    early = memory(connection)
                # Nine of ten are cheap enough to come in numbers; the tenth needs a connection of its own.
                codes[one(context, port, draw) if number % 10 == 0 else connection.code(well_formed(draw))] += 1
            late = memory(connection)
        finally:
            subprocess.run([*minikctl, "--stop"], env=environ, check=True)
    print(*(f"{code}: {count}" for code, count in sorted(codes.items())), sep=", ")
    print(f"memory after a tenth {early / 2**20:.1f} MiB, at the end {late / 2**20:.1f} MiB, ratio {late / early:.2f}")


if __name__ == "__main__":
    main()
