"""When the emulated runtime needs to read a command line to know what a container does."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.kubelet.runtime.emulated import is_known

POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {}}
ANNOTATED: dict[str, Any] = {"metadata": {"name": "p", "annotations": {"minikctl.dev/exit-code": "1"}}, "spec": {}}


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({}, False),
        ({"args": ["--port=80"]}, False),
        ({"command": ["/usr/local/bin/kube-proxy", "--config=x"]}, False),
        ({"command": ["sleep", "5"]}, True),
        ({"command": ["nginx"]}, True),
        ({"args": ["-c", "echo hello; exit 3"]}, True),
    ],
)
def test_flags_and_servers_say_nothing(fields: dict[str, Any], known: bool) -> None:
    assert is_known(POD, {"name": "c", "image": "x", **fields}) == known
    assert is_known(ANNOTATED, {"name": "c", "image": "x", **fields})
