"""Nodes that fall silent, their taints, and where their pods go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controllers_world import Obj, World, pod_spec

from minikctl import machines
from minikctl.cluster import Cluster
from minikctl.controllers.node import ttl, zones


def node(name: str, ready: str = "") -> Obj:
    status: Obj = {}
    if ready:
        beat = "2026-01-02T03:04:05Z"
        entry = {"type": "Ready", "status": ready, "lastHeartbeatTime": beat, "reason": "Pretend", "message": ""}
        status = {"conditions": [entry], "allocatable": {"pods": "10"}, "capacity": {"pods": "10"}}
    labels = {"kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def pod(name: str, **spec: Any) -> Obj:
    meta = {"name": name, "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {**pod_spec(), **spec}}


def taints(world: World, name: str) -> list[str]:
    spec = world.get("nodes", name, "").get("spec") or {}
    return [f"{t['key'].rpartition('/')[2]}:{t['effect']}" for t in spec.get("taints") or ()]


def test_a_silent_node_turns_unknown_and_loses_its_pods(world: World) -> None:
    world.create("nodes", node("edge", ready="True"))
    assert taints(world, "edge") == []
    world.create("pods", pod("stays", nodeName="edge", terminationGracePeriodSeconds=30))
    world.cluster.advance(49)
    assert world.conditions("nodes", "edge", "")["Ready"] == "True Pretend"
    world.cluster.advance(1)
    assert world.conditions("nodes", "edge", "") == {
        "Ready": "Unknown NodeStatusUnknown",
        "MemoryPressure": "Unknown NodeStatusNeverUpdated",
        "DiskPressure": "Unknown NodeStatusNeverUpdated",
        "PIDPressure": "Unknown NodeStatusNeverUpdated",
    }
    assert taints(world, "edge") == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    world.cluster.advance(299)
    assert "deletionTimestamp" not in world.get("pods", "stays")["metadata"]
    world.cluster.advance(1)
    assert "deletionTimestamp" in world.get("pods", "stays")["metadata"]
    assert world.events("Pod", "stays")[-1] == "TaintManagerEviction: Marking for deletion Pod demo/stays"
    world.delete("nodes", "edge", "")
    world.cluster.advance(40)
    assert world.names("pods") == []


def test_a_heartbeat_keeps_a_node(world: World) -> None:
    world.create("nodes", node("edge", ready="True"))
    world.cluster.advance(40)
    entry = {**world.status("nodes", "edge", "")["conditions"][0], "lastHeartbeatTime": "2026-01-02T03:04:45Z"}
    world.client.patch(
        "nodes", "edge", {"status": {"conditions": [entry]}}, "application/merge-patch+json", "", "status"
    )
    world.cluster.settle()
    world.cluster.advance(40)
    assert world.conditions("nodes", "edge", "")["Ready"] == "True Pretend"
    world.cluster.advance(10)
    assert world.conditions("nodes", "edge", "")["Ready"] == "Unknown NodeStatusUnknown"


def test_emulated_nodes_are_heard_for_ever(world: World) -> None:
    world.cluster.advance(3600)
    assert world.conditions("nodes", "node-1", "")["Ready"] == "True KubeletReady"
    machines.stop(world.cluster, "node-1", 0)
    world.cluster.advance(49)
    assert world.conditions("nodes", "node-1", "")["Ready"] == "True KubeletReady"
    world.cluster.advance(1)
    assert world.conditions("nodes", "node-1", "")["Ready"] == "Unknown NodeStatusUnknown"


def test_a_lease_renewed_by_hand_keeps_a_node(world: World) -> None:
    world.create("nodes", node("edge", ready="True"))
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "edge"}}
    spec = {"holderIdentity": "edge", "leaseDurationSeconds": 40, "renewTime": "2026-01-02T03:04:05.000000Z"}
    leases, namespace = "leases.coordination.k8s.io", "kube-node-lease"
    world.client.create(leases, {**lease, "spec": spec}, namespace)
    world.cluster.advance(40)
    world.merge(leases, "edge", {"spec": {"renewTime": "2026-01-02T03:04:45.000000Z"}}, namespace)
    world.cluster.advance(49)
    assert world.conditions("nodes", "edge", "")["Ready"] == "True Pretend"
    world.cluster.advance(1)
    assert world.conditions("nodes", "edge", "")["Ready"] == "Unknown NodeStatusUnknown"


def test_conditions_and_cordons_become_taints(world: World) -> None:
    world.merge("nodes", "node-1", {"spec": {"unschedulable": True}}, "")
    assert taints(world, "node-1") == ["unschedulable:NoSchedule"]
    world.merge("nodes", "node-1", {"spec": {"unschedulable": False}}, "")
    assert taints(world, "node-1") == []
    assert world.settles()


def test_pods_leave_a_tainted_node_when_their_patience_ends(world: World) -> None:
    patient = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 12}]
    for name, tolerations in (("now", []), ("later", patient), ("never", [{"operator": "Exists"}])):
        world.create("pods", pod(name, nodeName="node-2", tolerations=tolerations))
    world.merge("nodes", "node-2", {"spec": {"taints": [{"key": "broken", "effect": "NoExecute"}]}}, "")
    assert world.names("pods") == ["later", "never"]
    world.cluster.advance(11)
    assert world.names("pods") == ["later", "never"]
    world.cluster.advance(1)
    assert world.names("pods") == ["never"]


def test_a_cure_cancels_the_eviction(world: World) -> None:
    patient = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    world.create("pods", pod("p", nodeName="node-2", tolerations=patient))
    world.merge("nodes", "node-2", {"spec": {"taints": [{"key": "broken", "effect": "NoExecute"}]}}, "")
    world.merge("nodes", "node-2", {"spec": {"taints": None}}, "")
    world.cluster.advance(120)
    assert world.names("pods") == ["p"]
    assert world.events("Pod", "p")[-1] == "TaintManagerEviction: Cancelling deletion of Pod demo/p"


def test_nodes_are_told_how_long_to_keep_configuration(make_cluster: Callable[..., Cluster]) -> None:
    def told(world: World) -> set[str]:
        return {node["metadata"]["annotations"][ttl.ANNOTATION] for node in world.client.items("nodes")}

    small = World(make_cluster("small"))
    small.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "bare-metal"}})
    assert told(small) == {"0"}
    large = World(make_cluster("large", nodes=100))
    assert told(large) == {"0"}
    large.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "bare-metal"}})
    assert told(large) == {"15"}
    assert large.settles()
    assert told(World(make_cluster("larger", nodes=101))) == {"15"}
    assert [ttl.step_for(count, 1) for count in (89, 90, 500, 501, 5000)] == [0, 1, 1, 2, 4]


def test_nodes_get_ranges_and_old_labels(world: World) -> None:
    for name in ("x", "y"):
        world.create("nodes", node(name))
    ranges = [world.get("nodes", name, "")["spec"]["podCIDR"] for name in ("node-2", "x", "y")]
    assert ranges == ["10.244.2.0/24", "10.244.3.0/24", "10.244.4.0/24"]
    assert world.get("nodes", "x", "")["metadata"]["labels"]["beta.kubernetes.io/os"] == "linux"


def silence(world: World, *names: str) -> None:
    for name in names:
        machines.stop(world.cluster, name, 0)
    world.cluster.settle()


def evicting(world: World) -> list[str]:
    """Nodes with the NoExecute taint of silence."""
    return sorted(n["metadata"]["name"] for n in world.client.items("nodes") if zones.no_execute(n))


def test_one_node_in_ten_seconds_is_given_up(world: World) -> None:
    silence(world, "node-1", "node-2")
    world.cluster.advance(50)
    assert world.conditions("nodes", "node-2", "")["Ready"] == "Unknown NodeStatusUnknown"
    assert evicting(world) == ["node-1"]
    world.cluster.advance(9)
    assert evicting(world) == ["node-1"]
    world.cluster.advance(1)
    assert evicting(world) == ["node-1", "node-2"]


def test_nothing_is_evicted_where_no_node_is_heard(world: World) -> None:
    silence(world, "node-1")
    world.cluster.advance(60)
    assert evicting(world) == ["node-1"]
    silence(world, "node-2", "control-plane-1")
    world.cluster.advance(3600)
    assert evicting(world) == []
    assert taints(world, "node-1") == ["unreachable:NoSchedule"]
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-02T04:30:00Z", "reason": "Back"}
    status = world.status("nodes", "node-2", "")
    others = [entry for entry in status["conditions"] if entry["type"] != "Ready"]
    patch = {"status": {"conditions": [*others, ready]}}
    world.client.patch("nodes", "node-2", patch, "application/merge-patch+json", "", "status")
    world.cluster.settle()
    assert evicting(world) == []
    world.cluster.advance(10)
    assert len(evicting(world)) == 1
    world.cluster.advance(10)
    assert evicting(world) == ["control-plane-1", "node-1"]


def test_a_small_zone_that_is_mostly_silent_keeps_its_pods(world: World) -> None:
    silence(world, "node-1")
    world.cluster.advance(50)
    for name in ("a", "b", "c"):
        world.create("nodes", node(name, ready="True"))
    world.cluster.advance(600)  # four of six are silent
    assert evicting(world) == ["node-1"]
    other = {"topology.kubernetes.io/zone": "other"}
    world.merge("nodes", "a", {"metadata": {"labels": other}}, "")
    world.merge("nodes", "b", {"metadata": {"labels": other}}, "")
    assert evicting(world) == ["a", "node-1"]
    world.cluster.advance(9)
    assert evicting(world) == ["a", "node-1"]
    world.cluster.advance(1)
    assert evicting(world) == ["a", "b", "c", "node-1"]


def test_zone_states_and_rates() -> None:
    assert zones.state_of([True] * 3) == "Normal"
    assert zones.state_of([False] * 2 + [True]) == "Normal"
    assert zones.state_of([False] * 11 + [True] * 9) == "PartialDisruption"
    assert zones.state_of([False]) == "FullDisruption"
    assert [zones.rate_of("PartialDisruption", size) for size in (50, 51)] == [0.0, 0.01]
    assert zones.rate_of("FullDisruption", 5) == 0.1
