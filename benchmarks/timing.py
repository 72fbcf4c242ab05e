"""What the benchmarks share: whole commands timed in turns, so that a noisy machine hits both alike."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import minikctl

BASELINE = [sys.executable, "-c", "import click, sqlite3, json"]
MINIKCTL = [sys.executable, "-m", "minikctl"]


def environment(home: Path, **extra: str) -> dict[str, str]:
    """The environment of a run with a home of its own; byte code is kept, as after an installation."""
    compileall.compile_dir(str(Path(minikctl.__file__).parent), quiet=2)
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("MINIKCTL", "KUBE", "PYTHONDONTWRITE"))}
    return {**keep, "MINIKCTL_HOME": str(home), "HOME": str(home), **extra}


def run(command: Sequence[str], env: dict[str, str]) -> float:
    """Seconds of wall time of one command, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


class Samples:
    """Times of one thing measured again and again."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def __str__(self) -> str:
        low, middle, high = min(self.seconds), statistics.median(self.seconds), max(self.seconds)
        return f"{low * 1e3:.1f} / {middle * 1e3:.1f} / {high * 1e3:.1f} ms (min / median / max of {len(self.seconds)})"


def ratio(a: Samples, b: Samples) -> str:
    """How many times longer a takes than b: by the fastest runs, and by the medians."""
    by_minimum = min(a.seconds) / min(b.seconds)
    by_median = statistics.median(a.seconds) / statistics.median(b.seconds)
    return f"{by_minimum:.2f} (by the medians {by_median:.2f})"
