"""`top`, the metrics API, autoscalers and kubelets read one model of usage: they agree at every point of a curve."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

NOW = "2026-01-02T03:04:05Z"
FILES = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {minikctl.dev/cpu: "0s=100m,10m=400m", minikctl.dev/memory: 64Mi}
    spec:
      nodeSelector: {kubernetes.io/hostname: node-1}
      containers:
      - name: main
        image: nginx
        resources: {requests: {cpu: "1", memory: 128Mi}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 1
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 90}}}
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
"""


@pytest.fixture
def metered(make_shell: Callable[..., Any]) -> Any:
    shell = make_shell(MINIKCTL_CLOCK=f"frozen:{NOW}", MINIKCTL_SEED="1")
    shell.ok("apply", "-f", "-", stdin=FILES)
    return shell


def measured(shell: Any) -> dict[str, tuple[str, int, int]]:
    """By who says so: the pod, thousandths of cpu and bytes of memory."""
    name, cpu, memory = shell.ok("top", "pod", "--no-headers").split()
    found = {"top": (name, int(cpu.removesuffix("m")), int(memory.removesuffix("Mi")) << 20)}
    path = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"
    (item,) = json.loads(shell.ok("get", "--raw", path))["items"]
    usage = item["containers"][0]["usage"]
    amounts = int(usage["cpu"].removesuffix("n")) // 10**6, int(usage["memory"].removesuffix("Ki")) << 10
    found["metrics"] = (item["metadata"]["name"], *amounts)
    summary = json.loads(shell.ok("get", "--raw", "/api/v1/nodes/node-1/proxy/stats/summary"))
    (pod,) = [pod for pod in summary["pods"] if pod["podRef"]["namespace"] == "default"]
    container = pod["containers"][0]
    amounts = container["cpu"]["usageNanoCores"] // 10**6, container["memory"]["workingSetBytes"]
    found["kubelet"] = (pod["podRef"]["name"], *amounts)
    current = json.loads(shell.ok("get", "hpa", "web", "-o", "json"))["status"]["currentMetrics"]
    cpu, memory = (metric["resource"]["current"]["averageValue"] for metric in current)
    found["autoscaler"] = (name, int(cpu.removesuffix("m")), int(memory))
    return found


def test_all_agree_along_a_curve(metered: Any) -> None:
    for wait, thousandths in (("2m", 160), ("3m", 250), ("5m", 400)):
        metered.ok("clock", "advance", wait)
        found = measured(metered)
        assert {amounts[1:] for amounts in found.values()} == {(thousandths, 64 << 20)}, found
        assert len({amounts[0] for amounts in found.values()}) == 1
