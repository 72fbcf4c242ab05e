"""serve as a command: what it refuses. Servers themselves are tested where they are made."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("cryptography")

Kubectl = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port=70000",), "error: --port must be between 0 and 65535"),
        (("--stop",), "error: no server is running for this cluster"),
        (("--token-auth-file=/none/x",), "error: open /none/x: no such file or directory"),
        (("--audit-log=/none/x", "--port=0"), "error: open /none/x: no such file or directory"),
        (("now",), "error: unexpected arguments: [now]"),
    ],
)
def test_what_it_refuses(kubectl: Kubectl, arguments: tuple[str, ...], message: str) -> None:
    refused = kubectl("serve", *arguments)
    assert (refused.status, refused.err.splitlines()[0]) == (1, message)


def test_a_token_file_that_is_none(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("only-a-token\n")
    refused = kubectl("serve", f"--token-auth-file={tmp_path}/tokens")
    assert refused.err == f"error: {tmp_path}/tokens: line 1: a token, a user name and a user uid are required\n"


def test_a_port_that_is_taken(kubectl: Kubectl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = kubectl("serve", f"--port={port}")
    assert refused.err == f"error: listen tcp 127.0.0.1:{port}: bind: address already in use\n"


@pytest.mark.parametrize("library", ["uvicorn", "cryptography"])
def test_it_says_which_extra_it_needs(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    for name in [name for name in sys.modules if name.startswith(("minikctl.serving", f"{library}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    refused = kubectl("serve", "--port=0")
    assert refused.err == "error: serve needs the extra `serve` (pip install 'minikctl[serve]')\n"


def test_proxy_refuses_as_kubectl_does(kubectl: Kubectl, tmp_path: Path) -> None:
    fatal = kubectl("proxy", "--accept-paths=(")
    assert fatal.status == 255
    assert fatal.err.endswith("proxy_server.go:83] Error compiling re: error parsing regexp: missing closing ): `(`\n")
    for port in ("99999", "-1"):
        assert kubectl("proxy", f"--port={port}").err == f"error: listen tcp: address {port}: invalid port\n"
    absent = kubectl("proxy", f"--www={tmp_path}/none", "--port=-1").err.splitlines()[0]
    assert absent.endswith(
        f"proxy.go:200] Failed to stat static file directory {tmp_path}/none: "
        f"stat {tmp_path}/none: no such file or directory"
    )
