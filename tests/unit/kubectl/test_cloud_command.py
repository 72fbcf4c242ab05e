"""minikctl cluster cloud, and clusters made with one."""

from __future__ import annotations

from typing import Any

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, ports: [{port: 80}]}
"""


def test_what_the_cloud_has(shell: Any) -> None:
    shell.ok("cluster", "create", "c", "--cloud-provider=emulated", "--profile=bare", "--nodes=2")
    assert "Cloud:     emulated\n" in shell.ok("cluster", "info")
    rows = [line.split() for line in shell.ok("cluster", "cloud").splitlines()]
    assert rows == [
        ["INSTANCE", "ZONE", "STATE"],
        ["control-plane-1", "emulated-a", "Running"],
        ["node-1", "emulated-a", "Running"],
        ["ROUTE", "NODE"],
        ["10.244.0.0/24", "control-plane-1"],
        ["10.244.1.0/24", "node-1"],
    ]
    shell.ok("apply", "-f", "-", stdin=SERVICE)
    assert shell.ok("get", "service", "web").splitlines()[1].split()[3] == "172.18.128.1"
    lines = shell.ok("cluster", "cloud").splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("LOAD BALANCER"))
    assert lines[at + 1].split()[1:] == ["default/web", "172.18.128.1", "80/TCP", "node-1"]


def test_clusters_that_first_use_makes(shell: Any) -> None:
    none = shell.run("cluster", "cloud")
    assert (none.status, none.err) == (
        1, "error: the cluster has no cloud; see `minikctl cluster create --cloud-provider`\n",
    )  # fmt: skip
    assert shell.run("cluster", "create", "x", "--cloud-provider=aws").err == (
        "error: --cloud-provider must be emulated, or empty\n"
    )
    path = str(shell.home / "elsewhere")
    bad = shell.run("get", "nodes", MINIKCTL_HOME=path, MINIKCTL_CLOUD_PROVIDER="aws")
    assert bad.err == "error: MINIKCTL_CLOUD_PROVIDER must be emulated, or empty\n"
    zones = shell.ok(
        "get", "nodes", "-o", "jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}",
        MINIKCTL_HOME=path, MINIKCTL_CLOUD_PROVIDER="emulated",
    )  # fmt: skip
    assert zones == "emulated-a emulated-a emulated-b"
