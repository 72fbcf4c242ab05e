"""A served cluster for real clients, and what they share.

Each module of this folder asks a client that real users have, unchanged, to work on `minikctl serve`. A module
is skipped where its client is not installed; `pip install '.[clients]'` brings them all.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = [sys.executable, "-m", "minikctl"]


class Answer(NamedTuple):
    """What a command line did."""

    status: int
    out: str
    err: str


Run = Callable[..., Answer]


def run(command: list[str], env: dict[str, str], stdin: str = "") -> Answer:
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=90, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster that is served while the module's tests run; the path of its kubeconfig."""
    pytest.importorskip("uvicorn")
    home = tmp_path_factory.mktemp("served")
    env = {**os.environ, "MINIKCTL_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    env.pop("KUBECONFIG", None)
    path = str(home / "kubeconfig")
    try:
        started = run([*PROGRAM, "serve", "--in-background", "--port", "0", "--kubeconfig-out", path], env)
        assert started.status == 0, started.err
        yield path
    finally:
        run([*PROGRAM, "serve", "--stop"], env)


@pytest.fixture(scope="module")
def careless() -> Iterator[None]:
    """For modules whose client leaves connections to the garbage collector: they are collected here, unheard."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def kubectl_program() -> str:
    """The real kubectl: of the running Python's environment, else of the PATH."""
    beside = Path(sys.prefix) / "bin" / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed")
    return found


@pytest.fixture
def kubectl_env(served: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a kubectl that works on the served cluster."""
    return {**os.environ, "KUBECONFIG": served, "HOME": str(tmp_path), "TERM": "dumb"}


@pytest.fixture
def kubectl(kubectl_program: str, kubectl_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`kubectl("get", "pods", stdin="...", EDITOR="...")`: runs the real kubectl."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str, stdin: str = "", **extra: str) -> Answer:
        return run([kubectl_program, *args], {**kubectl_env, **extra}, stdin)

    return call
