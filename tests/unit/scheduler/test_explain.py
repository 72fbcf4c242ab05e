"""explain: every node's refusal or scores, the choice, and what preemption would do; nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest
from schedulerlab import FakeApi, environment, start

from minikctl.scheduler.explain import explain


@pytest.fixture
def api(node: Any) -> FakeApi:
    api = FakeApi()
    start(api)
    api.put("nodes", node("cp", taints=[{"key": "cp", "effect": "NoSchedule"}]))
    api.put("nodes", node("a"))
    api.put("nodes", node("b"))
    return api


def status_of(api: FakeApi, pod: dict[str, Any], settings: Any = None) -> dict[str, Any]:
    before = api.version
    found: dict[str, Any] = explain(environment(api, settings), pod)["status"]
    assert api.version == before
    return found


def verdicts(status: dict[str, Any]) -> dict[str, Any]:
    return {
        node["name"]: (node["verdict"], node.get("plugin", ""), *node.get("reasons", ())) for node in status["nodes"]
    }


def test_a_pod_that_fits(api: FakeApi, pod: Any) -> None:
    api.put("pods", pod("old", cpu="2", nodeName="a"))
    status = status_of(api, pod("new", cpu="1"))
    assert status["choice"] == "b"
    assert verdicts(status) == {
        "cp": ("Filtered", "TaintToleration", "node(s) had untolerated taint(s)"),
        "a": ("Feasible", ""),
        "b": ("Chosen", ""),
    }
    scores = {node["name"]: {s["plugin"]: s for s in node["scores"]} for node in status["nodes"] if "scores" in node}
    assert scores["b"]["NodeResourcesFit"] == {
        "plugin": "NodeResourcesFit", "raw": 86, "normalized": 86, "weight": 1, "score": 86,
    }  # fmt: skip
    totals = {node["name"]: node["score"] for node in status["nodes"] if "scores" in node}
    assert totals == {name: sum(s["score"] for s in by_plugin.values()) for name, by_plugin in scores.items()}


def test_the_explanation_agrees_with_the_scheduler(api: FakeApi, pod: Any) -> None:
    for number in range(6):
        waiting = pod(f"p{number}", cpu="500m")
        expected = status_of(api, waiting)["choice"]
        api.put("pods", waiting)
        api.settle()
        assert api.node_of(f"p{number}") == expected


def test_a_placed_pod_is_looked_at_as_if_it_were_not_there(api: FakeApi, pod: Any) -> None:
    placed = api.put("pods", pod("only", cpu="4", nodeName="a"))
    status = status_of(api, placed)
    assert status["node"] == "a"
    assert verdicts(status)["a"] == ("Feasible", "")  # it fills the node, and so does not stand in its own way


def test_a_pod_that_fits_nowhere(api: FakeApi, pod: Any) -> None:
    api.put("pods", pod("filler", cpu="3", nodeName="a"))
    status = status_of(api, pod("big", cpu="4", nodeSelector={"kubernetes.io/hostname": "a"}, priority=7))
    assert status["message"] == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint(s)."
    )
    assert status["preemption"] == {
        "node": "a", "victims": [{"namespace": "demo", "name": "filler", "priority": 0}],
    }  # fmt: skip
    status = status_of(api, pod("big", cpu="9"))
    assert status["preemption"] == {"message": "0/3 nodes are available: 3 Preemption is not helpful for scheduling."}
    assert status_of(api, pod("meek", cpu="9", preemptionPolicy="Never"))["preemption"] == {
        "message": "not eligible due to preemptionPolicy=Never."
    }


def test_a_refusal_of_the_pod_as_a_whole(api: FakeApi, pod: Any) -> None:
    claim = [{"name": "data", "persistentVolumeClaim": {"claimName": "missing"}}]
    status = status_of(api, pod("stateful", volumes=claim))
    assert status["refusedBy"] == "VolumeRestrictions"
    assert status["message"] == '0/3 nodes are available: persistentvolumeclaim "missing" not found.'


def test_a_node_that_is_kept_free(api: FakeApi, pod: Any) -> None:
    urgent = pod("urgent", cpu="4", priority=9)
    urgent["status"]["nominatedNodeName"] = "b"
    api.objects.setdefault("pods", {})["demo", "urgent"] = urgent
    status = status_of(api, pod("later", cpu="1"))
    assert verdicts(status)["b"] == ("Nominated", "")
    assert status["choice"] == "a"
    assert status_of(api, urgent)["choice"] == "b"


def test_gates_and_unknown_schedulers(api: FakeApi, pod: Any) -> None:
    assert status_of(api, pod("gated", schedulingGates=[{"name": "quota"}]))["gates"] == ["quota"]
    status = status_of(api, pod("other", schedulerName="volcano"))
    assert status == {"scheduler": "volcano", "message": 'no scheduler has a profile named "volcano"'}


def test_a_cluster_without_nodes(pod: Any) -> None:
    api = FakeApi()
    start(api)
    assert status_of(api, pod("lonely"))["message"] == "no nodes available to schedule pods"
