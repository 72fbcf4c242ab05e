"""--profile."""

from __future__ import annotations

import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kubectl = Callable[..., Any]


def test_a_cpu_profile_can_be_read_by_pstats(kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl("get", "ns", "default", "-o", "name", "--profile=cpu", "--profile-output=cpu.out").status == 0
    assert pstats.Stats(str(tmp_path / "cpu.out")).total_calls > 100  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "word"), [("heap", "builtins.dict"), ("goroutine", "thread "), ("mutex", "thread")])
def test_other_profiles_are_text(kubectl: Kubectl, tmp_path: Path, kind: str, word: str) -> None:
    kubectl("version", "--client", f"--profile={kind}")
    assert word in (tmp_path / "profile.pprof").read_text()


def test_what_cannot_be_profiled(kubectl: Kubectl) -> None:
    assert kubectl("version", "--profile=x").err == "error: unknown profile 'x'\n"
    lost = kubectl("version", "--profile=cpu", "--profile-output=no/such/file")
    assert (lost.out, lost.err) == ("", "error: open no/such/file: no such file or directory\n")
