"""Scripts anyone can read, with all that they print: the outer ring of tests.

A script has a title, files (`-- NAME --`) and, after `-- commands --`, command lines (`$ ...`), each
followed by what it prints and, where it is not 0, its exit status (`? N`). The clock is frozen and the
seed fixed, so the output is exact. `pytest tests/scripts --rewrite` writes down what is printed now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.txt"))


class Script:
    """A parsed script: the text before the commands, its files, and (command, expected) pairs."""

    def __init__(self, path: Path) -> None:
        head, _, body = path.read_text().partition("-- commands --\n")
        self.path = path
        self.head = head
        parts = re.split(r"^-- (.+) --\n", head, flags=re.M)
        self.files = dict(zip(parts[1::2], parts[2::2], strict=True))
        self.steps: list[tuple[str, str]] = []
        for chunk in re.split(r"^\$ ", body, flags=re.M)[1:]:
            command, _, expected = chunk.partition("\n")
            self.steps.append((command, expected.rstrip("\n")))

    def run(self, folder: Path) -> list[str]:
        """What each command prints, standard error after standard output, then a status that is not 0."""
        work, binaries = folder / "work", folder / "bin"
        for directory in (work, binaries):
            directory.mkdir(parents=True)
        for name, text in self.files.items():
            (work / name).write_text(text)
        shim = binaries / "minikctl"
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m minikctl "$@"\n')
        shim.chmod(0o755)
        env = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "MINIKCTL_HOME": str(folder / "home"),
            "MINIKCTL_CLOCK": "frozen:2026-01-02T03:04:05Z",
            "MINIKCTL_SEED": "7",
            "TZ": "UTC",
        }
        answers = []
        for command, _ in self.steps:
            done = subprocess.run(
                ["bash", "-c", command], cwd=work, env=env, capture_output=True, text=True, timeout=60
            )
            text = (done.stdout + done.stderr).replace(str(folder), "/tmp").rstrip("\n")
            if done.returncode:
                text = f"{text}\n? {done.returncode}" if text else f"? {done.returncode}"
            answers.append(text)
        return answers

    def rewrite(self, answers: list[str]) -> None:
        blocks = [f"$ {c}\n{a}\n" if a else f"$ {c}\n" for (c, _), a in zip(self.steps, answers, strict=True)]
        self.path.write_text(self.head + "-- commands --\n" + "\n".join(blocks))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_prints_what_it_says(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    script = Script(path)
    answers = script.run(tmp_path / "first")
    if request.config.getoption("--rewrite"):
        script.rewrite(answers)
        return
    for (command, expected), answer in zip(script.steps, answers, strict=True):
        assert answer == expected, f"$ {command}"


def test_two_runs_print_identical_bytes(tmp_path: Path) -> None:
    script = Script(HERE / "getting-started.txt")
    assert script.run(tmp_path / "first") == script.run(tmp_path / "second")
