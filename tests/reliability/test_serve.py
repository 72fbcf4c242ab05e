"""Servers as processes: started in the background, stopped, killed; another goes on where one was killed."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from minikctl.serving import processes

pytest.importorskip("uvicorn")
pytest.importorskip("cryptography")

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SECONDS = 30


@pytest.fixture
def minikctl(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs the command line in a home of its own; whatever serves there is stopped at the end."""
    environ = {**os.environ, "MINIKCTL_HOME": str(tmp_path), "MINIKCTL_PROFILE": "bare"}
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "minikctl", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS)

    yield run
    run("serve", "--stop")


@pytest.fixture
def connect() -> Iterator[Callable[[Path], http.client.HTTPSConnection]]:
    """Opens connections of the administrator's."""
    opened: list[http.client.HTTPSConnection] = []

    def connect(kubeconfig: Path) -> http.client.HTTPSConnection:
        opened.append(_connect(kubeconfig))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def _connect(kubeconfig: Path) -> http.client.HTTPSConnection:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    pair = kubeconfig.with_suffix(".pem")
    pair.write_bytes(b"".join(base64.b64decode(user[f"client-{name}-data"]) for name in ("key", "certificate")))
    context.load_cert_chain(pair)
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    return http.client.HTTPSConnection(host, int(port), context=context, timeout=SECONDS)


def ask(connection: http.client.HTTPSConnection, method: str, path: str, body: Any = None) -> Any:
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    data = json.loads(reply.read())
    assert reply.status < 300, data
    return data


def until(condition: Callable[[], Any]) -> Any:
    """The first true value; the test fails where there is none in time."""
    end = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def deployment(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def available(connection: http.client.HTTPSConnection, name: str) -> bool:
    status = ask(connection, "GET", f"{DEPLOYMENTS}/{name}")["status"]
    return bool(status.get("availableReplicas") == 2)


def test_a_server_in_the_background(minikctl: Any, connect: Any, tmp_path: Path) -> None:
    started = minikctl("serve", "--in-background", "--port=0", f"--kubeconfig-out={tmp_path}/one")
    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[1] == f"export KUBECONFIG={tmp_path}/one"
    connection = connect(tmp_path / "one")
    ask(connection, "POST", DEPLOYMENTS, deployment("web"))
    until(lambda: available(connection, "web"))
    assert "2/2" in minikctl("get", "deployments", "web").stdout
    minikctl("scale", "deployment", "web", "--replicas=0")
    assert ask(connection, "GET", f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 0
    url = started.stdout.split()[2]
    assert f"Served:    {url}\n" in minikctl("cluster", "info").stdout
    refused = minikctl("cluster", "delete", "minikctl")
    assert refused.stderr.startswith('error: cluster "minikctl" is being served; end that first')
    stopped = minikctl("serve", "--stop")
    assert stopped.stdout == f"Stopped serving on {url}\n"
    again = minikctl("serve", "--stop")
    assert (again.returncode, again.stderr) == (1, "error: no server is running for this cluster\n")
    assert minikctl("cluster", "check").stdout == "ok\n"
    minikctl("cluster", "delete", "minikctl")
    assert os.listdir(tmp_path / "clusters") == []


def test_ids_are_random_without_a_seed(minikctl: Any, connect: Any, tmp_path: Path) -> None:
    names = []
    for cluster in ("one", "two"):
        minikctl("cluster", "create", cluster)
        minikctl("serve", "--in-background", "--port=0", f"--kubeconfig-out={tmp_path}/{cluster}")
        connection = connect(tmp_path / cluster)
        ask(connection, "POST", DEPLOYMENTS, deployment("web"))
        until(lambda connection=connection: available(connection, "web"))
        pods = ask(connection, "GET", "/api/v1/namespaces/default/pods")["items"]
        names += [pod["metadata"]["name"] for pod in pods]
        minikctl("serve", "--stop")
    assert len(set(names)) == 4


def test_another_takes_over_from_one_that_is_killed(minikctl: Any, connect: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        minikctl("serve", "--in-background", "--port=0", f"--kubeconfig-out={tmp_path}/{name}")
    first, second = connect(tmp_path / "one"), connect(tmp_path / "two")
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/minikctl-serve"

    def leader() -> str:
        leases = ask(second, "GET", lease.rpartition("/")[0])["items"]
        return next((item["spec"]["holderIdentity"] for item in leases), "")

    running = {process.identity: process for process in processes.running(f"{tmp_path}/clusters/minikctl.db")}
    assert len(running) == 2
    killed = running[until(leader)]
    lost, kept = (first, second) if killed.url.endswith(f":{first.port}") else (second, first)
    second = kept
    acknowledged = [f"web-{number}" for number in range(5)]
    for name in acknowledged:
        ask(lost, "POST", DEPLOYMENTS, deployment(name))
    os.kill(killed.pid, signal.SIGKILL)
    for name in acknowledged:
        until(lambda name=name: available(kept, name))
    assert until(lambda: leader() not in ("", killed.identity))
    minikctl("serve", "--stop")
    assert minikctl("cluster", "check").stdout == "ok\n"
