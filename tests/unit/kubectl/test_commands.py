"""The command tree: every command and flag kubectl v1.36 has, with its short form and default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minikctl.kubectl import commands, main
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flagsets import GLOBAL
from minikctl.kubectl.help import default_text, render, visible

UPSTREAM: dict[str, Any] = json.loads((Path(__file__).parent / "commands.json").read_text())
NAMES = [name for name in UPSTREAM if name not in ("", "global")]


def flag_table(flags: Any) -> dict[str, str]:
    return {flag.name + (f",{flag.short}" if flag.short else ""): default_text(flag) for flag in visible(flags)}


def test_every_command_of_kubectl_is_in_the_tree() -> None:
    ours = {" ".join(path) for path in commands.TREE if path}
    assert set(NAMES) <= ours | {"options"}


@pytest.mark.parametrize("name", NAMES)
def test_flags_and_usage_are_kubectls(name: str) -> None:
    path = tuple(name.split())
    try:
        definition = main.load(path).definition
    except KubectlError as error:
        pytest.skip(str(error))
    assert flag_table(definition.flags) == UPSTREAM[name]["flags"]
    usage = f"kubectl {definition.use}" + ("" if "[options]" in definition.use else " [options]")
    assert usage == UPSTREAM[name]["usage"]


def test_global_flags_are_kubectls() -> None:
    assert flag_table(GLOBAL) == UPSTREAM["global"]["flags"]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_says_what_the_command_is_for(name: str) -> None:
    path = tuple(name.split())
    try:
        definition = main.load(path).definition
    except KubectlError as error:
        pytest.skip(str(error))
    text = render("minikctl", path, definition)
    assert text.endswith(
        'Use "minikctl options" for a list of global command-line options (applies to all commands).\n'
    )
    assert "Usage:\n  minikctl" in text
    assert definition.options is None or definition.long
    assert "kubectl get" not in text.replace("minikctl", "")
