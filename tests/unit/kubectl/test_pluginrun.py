"""Programs on the PATH named kubectl-foo or minikctl-foo are commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikctl.kubectl import pluginrun
from minikctl.kubectl.errors import Exit, PlainError

Kubectl = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("kubectl-foo", "kubectl-foo-bar_baz", "minikctl-own", "kubectl-create-zoo", "kubectl-get"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    (folder / "kubectl-plain").write_text("")
    return folder


@pytest.mark.parametrize(
    ("args", "least", "found"),
    [
        (["foo", "x"], 1, ("kubectl-foo", ["x"])),
        (["foo", "bar-baz", "-v"], 1, ("kubectl-foo-bar_baz", ["-v"])),
        (["foo", "--flag", "bar-baz"], 1, ("kubectl-foo", ["--flag", "bar-baz"])),
        (["own"], 1, ("minikctl-own", [])),
        (["create", "zoo", "x"], 2, ("kubectl-create-zoo", ["x"])),
        (["create", "other"], 2, None),
        (["plain"], 1, None),
    ],
)
def test_the_longest_name_wins(path: Path, args: list[str], least: int, found: tuple[str, list[str]] | None) -> None:
    result = pluginrun.find(args, least, {"PATH": str(path)})
    assert result == (found and (str(path / found[0]), found[1]))


def test_flags_may_not_come_first(path: Path) -> None:
    with pytest.raises(PlainError, match="flags cannot be placed before plugin name: -n"):
        pluginrun.find(["-n", "x", "foo"], 1, {"PATH": str(path)})


def test_unknown_commands_become_plugins(kubectl: Kubectl, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []

    def execve(program: str, argv: list[str], environ: dict[str, str]) -> None:
        ran.append((os.path.basename(program), argv[1:], environ["PATH"]))
        raise Exit(7)

    monkeypatch.setattr(os, "execve", execve)
    assert kubectl("foo", "a", PATH=str(path)).status == 7
    assert kubectl("create", "zoo", "b", PATH=str(path)).status == 7
    assert ran == [("kubectl-foo", ["a"], str(path)), ("kubectl-create-zoo", ["b"], str(path))]
    assert kubectl("get", "ns", "-o", "name", PATH=str(path)).status == 0
    assert kubectl("nothing", PATH=str(path)).err == 'error: unknown command "nothing" for "kubectl"\n'
