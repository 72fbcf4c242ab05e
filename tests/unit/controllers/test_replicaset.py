"""ReplicaSets: how many, which go first, adopting and releasing."""

from __future__ import annotations

from typing import Any

from controllers_world import World, workload
from hypothesis import given
from hypothesis import strategies as st

from minikctl.controllers.replicaset import rank

SETS = "replicasets.apps"


def pod(name: str, **fields: Any) -> dict[str, Any]:
    ready = fields.get("ready", "2026-01-01T00:00:00Z")
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}] if ready else []
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": str(fields.get("cost", 0))},
        },
        "spec": {"nodeName": fields.get("node", "n1")},
        "status": {
            "phase": fields.get("phase", "Running"),
            "conditions": conditions,
            "containerStatuses": [{"restartCount": fields.get("restarts", 0)}],
        },
    }


NOW = 1767225600.0 + 10_000


def test_the_least_valuable_pods_go_first() -> None:
    ordered = [
        pod("unassigned", node="", ready=None),
        pod("pending", phase="Pending", ready=None),
        pod("not-ready", ready=None),
        pod("cheap", cost=-5),
        pod("crowded", node="n2"),
        pod("young", ready="2026-01-01T02:30:00Z"),
        pod("restarted", restarts=3),
        pod("good"),
    ]
    found = rank(list(reversed(ordered)), {"n1": 1, "n2": 2}, NOW)
    assert [p["metadata"]["name"] for p in found] == [p["metadata"]["name"] for p in ordered]


@given(st.permutations(range(6)))
def test_ranking_does_not_depend_on_the_order_given(order: list[int]) -> None:
    candidates = [pod(f"p{i}", cost=i % 3, restarts=i % 2) for i in range(6)]
    expected = [p["metadata"]["name"] for p in rank(candidates, {}, NOW)]
    found = [p["metadata"]["name"] for p in rank([candidates[i] for i in order], {}, NOW)]
    # Pods equal in everything that counts keep the order they came in.
    key = {p["metadata"]["name"]: (int(p["metadata"]["annotations"].popitem()[1]),) for p in candidates}
    assert [key[name] for name in found] == [key[name] for name in expected]


def test_scaling_up_and_down(world: World) -> None:
    world.create(SETS, workload("ReplicaSet", "rs", replicas=12))
    assert world.status(SETS, "rs")["readyReplicas"] == 12
    world.merge(SETS, "rs", {"spec": {"replicas": 1}})
    assert len(world.names("pods")) == 1
    events = world.events("ReplicaSet")
    assert sum("(combined from similar events)" in text for text in events) == 2
    assert world.settles()


def test_a_matching_orphan_is_adopted_and_a_relabelled_pod_released(world: World) -> None:
    world.create(SETS, workload("ReplicaSet", "rs", replicas=1))
    lonely = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lonely", "namespace": "demo", "labels": {"app": "other"}},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }
    world.create("pods", lonely)
    assert len(world.names("pods")) == 2
    world.merge("pods", "lonely", {"metadata": {"labels": {"app": "rs"}}})
    assert len(world.names("pods", label_selector="app=rs")) == 1
    (kept,) = world.names("pods", label_selector="app=rs")
    world.merge("pods", kept, {"metadata": {"labels": {"app": "debug"}}})
    assert "ownerReferences" not in world.get("pods", kept)["metadata"]
    assert len(world.names("pods", label_selector="app=rs")) == 1


def test_finished_pods_are_neither_adopted_nor_released(world: World) -> None:
    done = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "done", "namespace": "demo", "labels": {"app": "rs"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x", "command": ["true"]}]},
    }
    world.create("pods", done)
    assert world.status("pods", "done")["phase"] == "Succeeded"
    world.create(SETS, workload("ReplicaSet", "rs", replicas=1))
    world.merge("pods", "done", {"metadata": {"labels": {"more": "x"}}})
    assert "ownerReferences" not in world.get("pods", "done")["metadata"]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "rs",
        "uid": world.get(SETS, "rs")["metadata"]["uid"],
    }
    world.merge("pods", "done", {"metadata": {"ownerReferences": [{**owner, "controller": True}]}})
    world.merge("pods", "done", {"metadata": {"labels": {"app": "debug"}}})
    assert world.get("pods", "done")["metadata"]["ownerReferences"]


def test_refused_pods_are_reported_and_tried_again(world: World) -> None:
    set_ = workload("ReplicaSet", "rs", replicas=2)
    set_["spec"]["template"]["spec"]["serviceAccountName"] = "robot"
    world.create(SETS, set_)
    assert world.conditions(SETS, "rs") == {"ReplicaFailure": "True FailedCreate"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "demo"}}
    world.create("serviceaccounts", account)
    world.cluster.advance(1100)
    assert world.conditions(SETS, "rs") == {}
    assert len(world.names("pods")) == 2


def test_replication_controllers_count_no_terminating_pods(world: World) -> None:
    template = {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "old", "namespace": "demo"},
        "spec": {"replicas": 2, "selector": {"app": "old"}, "template": template},
    }
    world.create("replicationcontrollers", controller)
    status = world.status("replicationcontrollers", "old")
    assert status["readyReplicas"] == 2
    assert "terminatingReplicas" not in status
