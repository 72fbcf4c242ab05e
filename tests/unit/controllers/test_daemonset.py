"""DaemonSets: one pod per fitting node, and updates with and without surge."""

from __future__ import annotations

from typing import Any

from controllers_world import World, new_image, pod_spec, workload

from minikctl.controllers.daemonset import update
from minikctl.controllers.daemonset.placement import tolerations

SETS = "daemonsets.apps"


def nodes_of(world: World) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in world.items("pods"))


def test_every_untainted_node_gets_a_pod(world: World) -> None:
    world.create(SETS, workload("DaemonSet", "agent"))
    assert nodes_of(world) == ["node-1", "node-2"]
    status = world.status(SETS, "agent")
    assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (2, 2)
    assert "numberUnavailable" not in status
    assert world.settles()


def test_tolerations_and_labels_decide(world: World) -> None:
    everywhere = pod_spec(tolerations=[{"operator": "Exists"}])
    world.create(SETS, workload("DaemonSet", "all", pod=everywhere))
    assert nodes_of(world) == ["control-plane-1", "node-1", "node-2"]
    world.delete(SETS, "all")
    world.create(SETS, workload("DaemonSet", "some", pod=pod_spec(nodeSelector={"disk": "ssd"})))
    assert nodes_of(world) == []
    world.merge("nodes", "node-2", {"metadata": {"labels": {"disk": "ssd"}}}, "")
    assert nodes_of(world) == ["node-2"]
    world.merge("nodes", "node-2", {"metadata": {"labels": {"disk": None}}}, "")
    assert nodes_of(world) == []


def test_daemon_pods_bear_a_cordon(world: World) -> None:
    world.create(SETS, workload("DaemonSet", "agent"))
    world.merge("nodes", "node-1", {"spec": {"unschedulable": True}}, "")
    world.delete("pods", world.names("pods")[0])
    assert nodes_of(world) == ["node-1", "node-2"]


def test_updates_replace_every_pod(world: World) -> None:
    for name, strategy in (("a", {}), ("b", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})):
        world.create(SETS, workload("DaemonSet", name, updateStrategy=strategy))
        world.merge(SETS, name, new_image("2"))
        found = world.items("pods", label_selector=f"app={name}")
        assert [pod["spec"]["containers"][0]["image"][-1] for pod in found] == ["2", "2"]
        assert world.status(SETS, name)["updatedNumberScheduled"] == 2


def member(name: str, hash_: str, ready: bool) -> dict[str, Any]:
    condition = {
        "type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return {
        "metadata": {"name": name, "labels": {"controller-revision-hash": hash_}},
        "status": {"conditions": [condition]},
    }


def test_what_is_replaced_at_once() -> None:
    set_: dict[str, Any] = {"metadata": {}, "spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}}
    by_node = {
        "n1": [member("broken", "old", False)],
        "n2": [member("fine-2", "old", True)],
        "n3": [member("fine-3", "old", True)],
        "n4": [member("coming", "new", False)],
    }
    create, delete = update.plan(set_, by_node, 4, "new", 1e12)
    assert (create, [pod["metadata"]["name"] for pod in delete]) == ([], ["broken", "fine-2"])
    set_["spec"]["updateStrategy"]["rollingUpdate"] = {"maxSurge": 1, "maxUnavailable": 0}
    by_node["n4"].append(member("replaced", "old", True))
    create, delete = update.plan(set_, by_node, 4, "new", 1e12)
    assert (create, delete) == (["n1"], [])
    by_node["n4"][0] = member("arrived", "new", True)
    create, delete = update.plan(set_, by_node, 4, "new", 1e12)
    assert (create, [pod["metadata"]["name"] for pod in delete]) == (["n1", "n2"], ["replaced"])


def test_host_network_tolerates_a_missing_network() -> None:
    assert len(tolerations({})) == 6
    assert tolerations({"hostNetwork": True})[-1]["key"] == "node.kubernetes.io/network-unavailable"
