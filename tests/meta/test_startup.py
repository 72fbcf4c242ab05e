"""Start-up is a budget: `get pods` imports what is listed here and nothing else of weight."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# The parts of the package that reading a table of pods needs.
OWN = {
    "minikctl.apimachinery",
    "minikctl.apiserver",
    "minikctl.client",
    "minikctl.cluster",
    "minikctl.kubectl",
    "minikctl.printers",
    "minikctl.store",
}
HEAVY = {
    "argparse", "asyncio", "concurrent", "dataclasses", "decimal", "email", "fractions", "hashlib", "http",
    "jsonschema",
    "logging", "multiprocessing", "orjson", "random", "shutil", "socket", "sqlite_utils", "ssl", "subprocess",
    "tempfile", "urllib.request", "yaml", "zoneinfo",
}  # fmt: skip
MOST_MODULES = 60


def imported(home: Path, *args: str) -> set[str]:
    """The modules that a command line has imported when it ends."""
    script = f"import sys; from minikctl.kubectl.main import run; run(['minikctl', *{args!r}]);"
    script += "print(*sys.modules, file=sys.stderr)"
    env = {"MINIKCTL_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_get_imports_almost_nothing(tmp_path: Path) -> None:
    imported(tmp_path, "get", "pods")  # makes the cluster
    found = imported(tmp_path, "get", "pods")
    baseline = "import sys, click, sqlite3, json; print(*sys.modules)"
    known = set(subprocess.run([sys.executable, "-c", baseline], capture_output=True, text=True).stdout.split())
    new = found - known
    assert not {name for name in new if name in HEAVY or name.split(".")[0] in HEAVY}
    own = {name for name in new if name.startswith("minikctl.")}
    assert {".".join(name.split(".")[:2]) for name in own} <= OWN
    assert len(own) <= MOST_MODULES
    printers = {name.removeprefix("minikctl.printers.") for name in own if name.startswith("minikctl.printers.")}
    assert printers == {"table", "tabwriter"}


def test_reading_wakes_no_component(tmp_path: Path) -> None:
    imported(tmp_path, "get", "pods")
    found = imported(tmp_path, "get", "pods")
    assert not {n for n in found if n.startswith(("minikctl.controllers", "minikctl.scheduler", "minikctl.kubelet"))}


def test_a_new_cluster_needs_neither_migrations_nor_a_shell(tmp_path: Path) -> None:
    found = imported(tmp_path, "get", "pods")
    assert "minikctl.kubelet.kubelet" in found
    assert not {n for n in found if n == "sqlite_utils" or n.startswith("minikctl.kubelet.runtime.shell")}
