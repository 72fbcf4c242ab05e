"""The kubelet's own HTTP routes, through the proxy subresource of nodes."""

from __future__ import annotations

import json
from typing import Any

import pytest

PROXY = "/api/v1/nodes/{}/proxy/"
POD = """
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {minikctl.dev/cpu: 250m, minikctl.dev/memory: 64Mi, minikctl.dev/logs: hello}
spec:
  nodeName: node-1
  containers: [{name: main, image: nginx}]
"""


@pytest.fixture
def ask(shell: Any) -> Any:
    """Asks the kubelet of a node, which is running one pod."""
    shell.ok("apply", "-f", "-", stdin=POD)
    return lambda node, path: shell.run("get", "--raw", PROXY.format(node) + path)


def test_a_kubelet_tells_its_health_and_its_pods(ask: Any) -> None:
    assert ask("node-1", "healthz").out == "ok"
    for path in ("pods", "runningpods/"):
        listed = json.loads(ask("node-1", path).out)
        assert (listed["kind"], [pod["metadata"]["name"] for pod in listed["items"]]) == ("PodList", ["web"])
    assert json.loads(ask("node-2", "pods").out)["items"] == []


def test_the_summary_reads_the_model_of_usage(ask: Any) -> None:
    summary = json.loads(ask("node-1", "stats/summary").out)
    (pod,) = summary["pods"]
    assert pod["podRef"]["name"] == "web"
    for figures in (summary["node"], pod, pod["containers"][0]):
        assert figures["cpu"]["usageNanoCores"] == 250_000_000
        assert figures["memory"]["workingSetBytes"] == 64 << 20


def test_logs_are_those_of_the_nodes_own_pods(ask: Any) -> None:
    assert ask("node-1", "containerLogs/default/web/main").out == "hello\n"
    assert ask("node-1", "containerLogs/default/web/main?previous=false").out == "hello\n"
    assert "not found" in ask("node-1", "containerLogs/default/web/main?previous=true").err
    assert "NotFound" in ask("node-2", "containerLogs/default/web/main").err
    assert "NotFound" in ask("node-1", "containerLogs/default/web").err


def test_what_no_kubelet_serves_is_not_found(ask: Any) -> None:
    assert "(NotFound): the server could not find the requested resource" in ask("node-1", "nothing").err


def test_a_node_that_is_off_is_not_reached(shell: Any, ask: Any) -> None:
    shell.ok("node", "stop", "node-1")
    assert "(ServiceUnavailable): error trying to reach service: dial tcp " in ask("node-1", "healthz").err
