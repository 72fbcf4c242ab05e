"""Fixtures every test may use: a cluster of its own, whose invariants are checked afterwards."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from minikctl import clusters
from minikctl.apimachinery import structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apiserver.registry import write
from minikctl.cluster import Cluster
from minikctl.kubectl.factory import Streams
from minikctl.kubectl.main import run
from minikctl.store import check
from minikctl.store.views import Views

NOW = "2026-01-02T03:04:05Z"

# The same examples each time, however slow the machine is.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes clusters with a frozen clock and a fixed seed; settings as for `cluster create`."""
    opened: list[Cluster] = []

    def make(name: str = "test", clock: str = f"frozen:{NOW}", seed: str = "1", **settings: Any) -> Cluster:
        cluster = Cluster.open(
            str(tmp_path / f"{name}.db"), clock=clock, seed=seed, settings={"profile": "bare", **settings}
        )
        opened.append(cluster)
        return cluster

    yield make
    for cluster in opened:
        assert check.problems(cluster.store) == []
        cluster.close()


@pytest.fixture
def cluster(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A bare cluster of three nodes with the namespace demo."""
    made = make_cluster()
    made.client().create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    made.settle()
    return made


@pytest.fixture(autouse=True)
def honest_components(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test whose code altered an object that readers share, or gave away a body that is not well-formed."""
    shared: list[tuple[Any, str]] = []
    keep, create, update = Views.keep, write.create, write.transform_from_body

    def remembering(views: Views, revision: int, obj: Any) -> None:
        shared.append((obj, json.dumps(obj)))
        keep(views, revision, obj)

    def checked_create(ctx: Any) -> Any:
        if ctx.request.trusted:
            check_form(ctx, ctx.request.body)
        return create(ctx)

    def checked_transform(ctx: Any) -> Any:
        if ctx.request.trusted:
            check_form(ctx, ctx.request.body)
            if ctx.request.subresource == "status":
                check_status(ctx, ctx.request.body)
        return update(ctx)

    monkeypatch.setattr(Views, "keep", remembering)
    monkeypatch.setattr(write, "create", checked_create)
    monkeypatch.setattr(write, "transform_from_body", checked_transform)
    yield
    assert [obj for obj, text in shared if json.dumps(obj) != text] == []


def check_form(ctx: Any, body: Any) -> None:
    """A trusted body is what strict decoding would make of it, parts left out that every object has."""
    schema, decoded, given = ctx.server.schema(ctx.resource), deep_copy(body), deep_copy(body)
    assert structural.decode(decoded, schema) == ("", [])
    structural.fill(given, schema)
    assert given == decoded


def check_status(ctx: Any, body: Any) -> None:
    """A trusted status is valid."""
    old = ctx.server.peek(ctx.resource.key, ctx.namespace, ctx.request.name)
    if old is not None:
        assert ctx.server.validate_update(ctx.resource, {**old, "status": body["status"]}, old, "status", []) == []


class Answer:
    """What one command line printed and returned."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.out!r}, {self.err!r})"


class Shell:
    """Runs command lines in this process, with a MINIKCTL_HOME of its own."""

    def __init__(self, home: Path, environ: dict[str, str]) -> None:
        self.home = home
        self.environ = {"MINIKCTL_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"], **environ}

    def run(self, *args: str, stdin: str = "", **environ: str) -> Answer:
        """Run `minikctl ARGS`."""
        out, err = io.StringIO(), io.StringIO()
        status = run(["minikctl", *args], Streams(io.StringIO(stdin), out, err), {**self.environ, **environ})
        return Answer(status, out.getvalue(), err.getvalue())

    def ok(self, *args: str, stdin: str = "", **environ: str) -> str:
        """Run a command that must succeed; its standard output."""
        answer = self.run(*args, stdin=stdin, **environ)
        assert answer.status == 0, (args, answer)
        return answer.out

    def problems(self) -> list[str]:
        """Broken invariants of the cluster files made so far."""
        return [line for path in self.home.glob("clusters/*.db") for line in clusters.problems(str(path))]


@pytest.fixture
def make_shell(tmp_path: Path) -> Iterator[Callable[..., Shell]]:
    """Makes shells; keyword arguments are environment variables."""
    made: list[Shell] = []

    def make(name: str = "home", **environ: str) -> Shell:
        shell = Shell(tmp_path / name, environ)
        made.append(shell)
        return shell

    yield make
    for shell in made:
        assert shell.problems() == []


@pytest.fixture
def shell(make_shell: Callable[..., Shell]) -> Shell:
    """A shell on a fresh bare cluster with a frozen clock and a fixed seed."""
    return make_shell(MINIKCTL_PROFILE="bare", MINIKCTL_CLOCK=f"frozen:{NOW}", MINIKCTL_SEED="1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write what is printed now into the golden files")
