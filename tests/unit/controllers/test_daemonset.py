"""DaemonSets: one pod per fitting node, and updates with and without surge."""

from __future__ import annotations

from typing import Any

from controllers_world import World, new_image, pod_spec, workload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikctl.controllers.daemonset import update
from minikctl.controllers.daemonset.fleet import Fleet
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


def test_revisions_in_use_count_against_the_limit(world: World) -> None:
    strategy = {"updateStrategy": {"type": "OnDelete"}, "revisionHistoryLimit": 1}
    world.create("daemonsets.apps", workload("DaemonSet", "ds", **strategy))
    for tag in ("2", "3", "4"):
        world.merge("daemonsets.apps", "ds", new_image(tag))
    # The first one's pods are still there; with it the old ones are too many already.
    assert [revision["revision"] for revision in world.items("controllerrevisions.apps")] in ([1, 4], [4, 1])


def test_updates_replace_every_pod(world: World) -> None:
    for name, strategy in (("a", {}), ("b", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})):
        world.create(SETS, workload("DaemonSet", name, updateStrategy=strategy))
        world.merge(SETS, name, new_image("2"))
        found = world.items("pods", label_selector=f"app={name}")
        assert [pod["spec"]["containers"][0]["image"][-1] for pod in found] == ["2", "2"]
        assert world.status(SETS, name)["updatedNumberScheduled"] == 2


def member(name: str, node: str, hash_: str, ready: bool) -> dict[str, Any]:
    condition = {
        "type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return {
        "metadata": {"name": name, "uid": name, "labels": {"controller-revision-hash": hash_}},
        "spec": {"nodeName": node},
        "status": {"conditions": [condition]},
    }


def fleet_of(rolling: dict[str, Any], *members: dict[str, Any]) -> tuple[dict[str, Any], Fleet]:
    template = {"spec": {"containers": []}}
    set_ = {"metadata": {}, "spec": {"template": template, "updateStrategy": {"rollingUpdate": rolling}}}
    nodes = [{"metadata": {"name": f"n{number}"}, "spec": {}} for number in range(1, 5)]
    return set_, Fleet(set_, "new", nodes, members, 1e12)


def planned(set_: dict[str, Any], fleet: Fleet) -> tuple[list[str], list[str]]:
    create, delete = update.plan(set_, fleet)
    return create, [pod.name for pod in delete]


def test_what_is_replaced_at_once() -> None:
    old = [member("broken", "n1", "old", False), member("fine-2", "n2", "old", True)]
    old.append(member("fine-3", "n3", "old", True))
    coming = member("coming", "n4", "new", False)
    assert planned(*fleet_of({"maxUnavailable": 2}, *old, coming)) == ([], ["broken"])
    assert planned(*fleet_of({"maxUnavailable": 3}, *old, coming)) == ([], ["broken", "fine-2"])
    surge = {"maxSurge": 1, "maxUnavailable": 0}
    set_, fleet = fleet_of(surge, *old, coming, member("replaced", "n4", "old", True))
    assert planned(set_, fleet) == (["n1"], [])
    fleet.drop("coming")
    fleet.put(member("arrived", "n4", "new", True))
    assert planned(set_, fleet) == (["n1", "n2"], ["replaced"])


def test_pods_on_nodes_that_are_closed_go_when_others_serve() -> None:
    """With surge, where new pods do not tolerate a taint that lets the old ones stay."""
    set_, fleet = fleet_of({"maxSurge": 1, "maxUnavailable": 0})
    closed = {"key": "closed", "effect": "NoSchedule"}
    nodes = [{"metadata": {"name": f"n{n}"}, "spec": {"taints": [closed]} if n > 2 else {}} for n in range(1, 5)]
    old = [member("fine-3", "n3", "old", True), member("broken-4", "n4", "old", False)]
    fleet = Fleet(set_, "new", nodes, [member("old-1", "n1", "old", True), *old], 1e12)
    assert planned(set_, fleet) == (["n1"], ["broken-4"])
    fleet.put(member("new-1", "n1", "new", True))
    assert planned(set_, fleet) == ([], ["old-1", "broken-4"])
    fleet.drop("old-1")
    fleet.put(member("new-2", "n2", "new", True))
    assert planned(set_, fleet) == ([], ["broken-4", "fine-3"])


def test_a_surging_set_does_not_wait_for_pods_that_go(world: World) -> None:
    """A node whose only pod is on its way out gets another one at once."""
    for name, strategy in (("a", {}), ("b", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})):
        set_ = workload("DaemonSet", name, updateStrategy=strategy, pod=pod_spec(terminationGracePeriodSeconds=60))
        set_["spec"]["template"]["metadata"]["annotations"] = {"minikctl.dev/stop-seconds": "50"}
        world.create(SETS, set_)
        world.delete("pods", world.names("pods", label_selector=f"app={name}")[0])
    counts = [len(world.names("pods", label_selector=f"app={name}")) for name in ("a", "b")]
    assert counts == [2, 3]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 5), st.booleans(), st.booleans()), max_size=30))
def test_a_fleet_is_what_its_pods_are(changes: list[tuple[int, int, bool, bool]]) -> None:
    """Kept up to date pod by pod it answers as one made of all pods."""
    pods: dict[str, dict[str, Any]] = {}
    set_, fleet = fleet_of({"maxUnavailable": 2})
    for number, node, updated, ready in changes:
        name = f"p{number}"
        if node == 5:
            pods.pop(name, None)
            fleet.drop(name)
        else:
            pods[name] = member(name, f"n{node}", "new" if updated else "old", ready)
            fleet.put(pods[name])
    fresh = fleet_of({"maxUnavailable": 2}, *pods.values())[1]
    assert fleet.counts() == fresh.counts()
    assert planned(set_, fleet) == planned(set_, fresh)
    assert +fleet.hashes == fresh.hashes


def test_host_network_tolerates_a_missing_network() -> None:
    assert len(tolerations({})) == 6
    assert tolerations({"hostNetwork": True})[-1]["key"] == "node.kubernetes.io/network-unavailable"


def test_a_daemons_tolerations_take_the_place_of_the_like_of_them() -> None:
    short = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    other = {"key": "node.kubernetes.io/unreachable", "operator": "Equal", "value": "x", "effect": "NoExecute"}
    found = tolerations({"tolerations": [short, other]})
    assert len(found) == 7
    assert found[0] == {key: value for key, value in short.items() if key != "tolerationSeconds"}
    assert found[1:3] == [other, {"key": other["key"], "operator": "Exists", "effect": "NoExecute"}]


def test_an_adopted_pod_that_waits_for_any_node_is_left_alone(world: World) -> None:
    meta = {"name": "stray", "namespace": "demo", "labels": {"app": "a"}}
    world.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec(nodeSelector={"a": "b"})}
    )
    world.create(SETS, workload("DaemonSet", "a"))
    assert world.get("pods", "stray")["metadata"]["ownerReferences"][0]["name"] == "a"
    assert world.status(SETS, "a")["currentNumberScheduled"] == 2
