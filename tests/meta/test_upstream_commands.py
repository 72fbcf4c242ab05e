"""Every command and flag of kubectl v1.36 is here, with its short form and default; what differs is listed.

kubectl_commands.json was read off kubectl's own help: 110 entries, 948 flags.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minikctl.kubectl import commands, main
from minikctl.kubectl.flags import Flag
from minikctl.kubectl.flagsets import GLOBAL
from minikctl.kubectl.help import default_text, visible

UPSTREAM: dict[str, Any] = json.loads((Path(__file__).parent / "kubectl_commands.json").read_text())
COMMANDS = [name for name in UPSTREAM if not name.startswith("(")]

# Commands of kubectl that are not here: name -> why.
MISSING: dict[str, str] = {}
# Flags that differ: (command, flag) -> why.
DIFFERENT: dict[tuple[str, str], str] = {}
# Commands that kubectl does not have.
OWN = ("clock", "cluster", "explain-scheduling", "node", "options", "serve")


def flags_of(flags: Any) -> dict[str, list[str]]:
    """A table of flags as the file has it: name -> [short form, default]."""
    table: list[Flag] = visible(flags)
    return {flag.name: [flag.short, default_text(flag)] for flag in table}


def test_the_list_is_complete() -> None:
    assert len(UPSTREAM) == 110
    assert sum(len(entry["flags"]) for entry in UPSTREAM.values()) == 948


def test_only_the_listed_commands_are_missing() -> None:
    ours = {" ".join(path) for path in commands.TREE}
    assert {name for name in COMMANDS if name not in ours} == set(MISSING)


def test_only_the_listed_commands_are_our_own() -> None:
    ours = {path[0] for path in commands.TREE if path and " ".join(path) not in UPSTREAM}
    assert ours == set(OWN)


def test_global_flags() -> None:
    assert flags_of(GLOBAL) == UPSTREAM["(global)"]["flags"]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in MISSING])
def test_flags(name: str) -> None:
    upstream = dict(UPSTREAM[name]["flags"])
    ours = flags_of(main.load(tuple(name.split())).definition.flags)
    for command, flag in DIFFERENT:
        if command == name:
            upstream.pop(flag, None)
            ours.pop(flag, None)
    assert ours == upstream


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in MISSING])
def test_usage(name: str) -> None:
    use = main.load(tuple(name.split())).definition.use
    assert f"kubectl {use}" + ("" if "[options]" in use else " [options]") == UPSTREAM[name]["usage"]
