"""What `proxy` lets through."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from minikctl.serving import proxy
from minikctl.serving.proxy import Filter, Settings, open_socket

Headers = dict[bytes, bytes]


def patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text) for text in texts)


USUAL = Filter(
    patterns("^.*"),
    patterns("^/api/.*/pods/.*/exec", "^/api/.*/pods/.*/attach"),
    patterns("^localhost$", r"^127\.0\.0\.1$", r"^\[::1\]$"),
    patterns("^$"),
)


@pytest.mark.parametrize(
    ("method", "path", "host", "passes"),
    [
        ("GET", "/api/v1/pods", "localhost:8001", True),
        ("GET", "/api/v1/pods", "127.0.0.1", True),
        ("GET", "/api/v1/pods", "example.com", False),
        ("GET", "/api/v1/pods", "", False),
        ("GET", "/api/v1/namespaces/d/pods/p/exec", "localhost", False),
        ("POST", "/api/v1/namespaces/d/pods/p/attach", "localhost", False),
        ("GET", "/api/v1/namespaces/d/pods/p/log", "localhost", True),
    ],
)
def test_the_usual_filter(method: str, path: str, host: str, passes: bool) -> None:
    assert USUAL.passes(method, path, host) == passes
    assert USUAL._replace(disabled=True).passes(method, path, host)


def test_methods_are_rejected() -> None:
    reading = USUAL._replace(reject_methods=patterns("POST,PUT,PATCH".replace(",", "|")))
    assert reading.passes("GET", "/", "localhost") and not reading.passes("PATCH", "/", "localhost")


@pytest.mark.parametrize(
    ("settings", "path", "prefix"),
    [
        (Settings(), "/version", "/"),
        (Settings("/", "/static/", "www"), "/static/a", "/static/"),
        (Settings("/", "/static/", "www"), "/static", "/static/"),
        (Settings("/", "/static/", ""), "/static/a", "/"),
        (Settings("/k/", "/", "www"), "/k/version", "/k/"),
        (Settings("/k/", "/", "www"), "/version", "/"),
        (Settings("/k/"), "/k", "/k/"),
        (Settings("/k/"), "/version", None),
        (Settings("k/"), "/k/version", None),
    ],
)
def test_the_prefix_of_a_path(settings: Settings, path: str, prefix: str | None) -> None:
    assert settings.prefix_of(path) == prefix


async def answers(www: Path, path: str, prefix: str = "/static/", method: str = "GET") -> tuple[int, Headers, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": method, "query_string": b"a=b"}
    if path == prefix[:-1]:
        await proxy._redirect(scope, send, prefix)
    else:
        await proxy._static(scope, send, Settings("/", prefix, str(www)), path)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_static_files_are_served_as_go_serves_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "sub" / "a.txt").write_text("text")

    def get(path: str, method: str = "GET") -> tuple[int, Headers, bytes]:
        return asyncio.run(answers(tmp_path, path, method=method))

    assert get("/static/")[::2] == (200, b"hello")
    assert get("/static/index.html") == (301, {b"location": b"./", b"content-length": b"0"}, b"")
    assert get("/static/sub") == (301, {b"location": b"sub/", b"content-length": b"0"}, b"")
    head = b'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n'
    listing = head + b'<a href="a.txt">a.txt</a>\n</pre>\n'
    assert get("/static/sub/")[2] == listing
    code, headers, body = get("/static/sub/a.txt", "HEAD")
    assert (code, headers[b"content-length"], body) == (200, b"4", b"")
    assert headers[b"last-modified"].endswith(b" GMT")
    assert get("/static")[2] == b'<a href="/static/?a=b">Temporary Redirect</a>.\n\n'
    assert get("/static", "POST")[2] == b""
    assert get("/static/none")[0] == 404


def test_every_address_is_one_of_both_families() -> None:
    with open_socket("0.0.0.0", 0) as listening:
        both = socket.has_dualstack_ipv6()
        assert listening.family == (socket.AF_INET6 if both else socket.AF_INET)
        with socket.create_connection(("127.0.0.1", listening.getsockname()[1])):
            pass
