"""kill -9 at any moment: what was acknowledged is there, the file is sound, the next run converges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minikctl import clusters
from minikctl.cluster import Cluster

HERE = Path(__file__).parent


def environ(home: Path) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("MINIKCTL", "KUBE"))}
    return {**keep, "MINIKCTL_HOME": str(home), "MINIKCTL_PROFILE": "bare", "HOME": str(home)}


def minikctl(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minikctl", *args]
    return subprocess.run(command, env=environ(home), capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_invocations_lose_nothing_they_acknowledged(tmp_path: Path, seed: int) -> None:
    assert minikctl(tmp_path, "get", "nodes").returncode == 0
    done = subprocess.run(
        [sys.executable, str(HERE / "chaos.py"), str(tmp_path), str(seed), "200"],
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["killed"] > 40
    assert report["failures"] == []
    listed = minikctl(tmp_path, "get", "configmaps,deployments", "-o", "name").stdout.split()
    assert set(report["created"]) - set(report["doubtful"]) <= set(listed)
    assert not set(report["deleted"]) & set(listed)
    path = str(tmp_path / "clusters" / "minikctl.db")
    assert clusters.problems(path) == []
    ready = minikctl(tmp_path, "get", "deployments", "-o", "jsonpath={range .items[*]}{.status.readyReplicas} {end}")
    assert set(ready.stdout.split()) <= {"3"}
    cluster = Cluster.open(path)
    before = cluster.store.revision()
    cluster.reconciler.settle()
    assert cluster.store.revision() == before  # it had come to rest
    cluster.close()


def test_thirty_two_at_once_queue_and_succeed(tmp_path: Path) -> None:
    minikctl(tmp_path, "create", "configmap", "shared", "--from-literal=a=1")
    commands = []
    for number in range(32):
        commands.append(
            [
                ("create", "configmap", f"c{number}", "--from-literal=a=1"),
                ("patch", "configmap", "shared", "--type=merge", "-p", json.dumps({"data": {f"k{number}": "v"}})),
                ("create", "deployment", f"d{number}", "--image=nginx:1.27"),
                ("label", "configmap", "shared", f"l{number}=x"),
            ][number % 4]
        )
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "minikctl", *command],
            env=environ(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for command, process in zip(commands, processes, strict=True):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (command, out, err)
    shared = json.loads(minikctl(tmp_path, "get", "configmap", "shared", "-o", "json").stdout)
    assert {f"k{n}" for n in range(1, 32, 4)} <= set(shared["data"])
    assert {f"l{n}" for n in range(3, 32, 4)} <= set(shared["metadata"]["labels"])
    assert clusters.problems(str(tmp_path / "clusters" / "minikctl.db")) == []
