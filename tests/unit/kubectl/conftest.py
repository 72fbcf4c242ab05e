"""Runs command lines in-process against a cluster of their own."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from minikctl.kubectl.factory import Streams
from minikctl.kubectl.main import run


class Result(NamedTuple):
    """What a command line did."""

    status: int
    out: str
    err: str


Kubectl = Callable[..., Result]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    """`kubectl("get", "pods", stdin="...")`: runs one command line named kubectl, in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    environ = {
        "HOME": str(tmp_path),
        "MINIKCTL_HOME": str(tmp_path / "home"),
        "MINIKCTL_PROFILE": "bare",
        "MINIKCTL_CLOCK": "frozen:2026-01-02T03:04:05Z",
        "MINIKCTL_SEED": "1",
        "PATH": "/usr/bin:/bin",
    }

    def call(*args: str, stdin: str = "", **extra: str) -> Result:
        out, err = io.StringIO(), io.StringIO()
        status = run(["kubectl", *args], Streams(io.StringIO(stdin), out, err), {**environ, **extra})
        return Result(status, out.getvalue(), err.getvalue())

    return call
