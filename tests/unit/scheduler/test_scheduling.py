"""Where pods go, and what is said where they cannot."""

from __future__ import annotations

from typing import Any

import pytest

NO_HELP = (
    "no new claims to deallocate, preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
)
TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


@pytest.fixture
def three(api: Any, node: Any) -> Any:
    api.put("nodes", node("cp", taints=[TAINT]))
    api.put("nodes", node("node-1"))
    api.put("nodes", node("node-2"))
    return api


def test_spreads_equal_pods(three: Any, pod: Any) -> None:
    for index in range(4):
        three.put("pods", pod(f"p{index}"))
    three.settle()
    assert sorted(three.node_of(f"p{index}") for index in range(4)) == ["node-1", "node-1", "node-2", "node-2"]
    assert ("p0", "Normal", "Scheduled", f"Successfully assigned demo/p0 to {three.node_of('p0')}") in three.events


def test_node_selector_that_nobody_matches(three: Any, pod: Any, node: Any) -> None:
    three.put("pods", pod("db", nodeSelector={"disktype": "ssd"}))
    three.settle()
    reasons = "1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector"
    expected = f"0/3 nodes are available: {reasons}. {NO_HELP.format(3)}"
    assert three.message("db") == expected
    assert three.events == [("db", "Warning", "FailedScheduling", expected)]
    three.put("nodes", node("node-1", labels={"disktype": "ssd"}))
    three.settle()
    assert three.node_of("db") == "node-1"


def test_cordoned_node(three: Any, pod: Any, node: Any) -> None:
    three.put("nodes", node("node-2", unschedulable=True))
    three.put("pods", pod("p", nodeSelector={"kubernetes.io/hostname": "node-2"}))
    three.settle()
    assert "1 node(s) were unschedulable" in three.message("p")


def test_request_above_allocatable_is_not_worth_preempting(three: Any, pod: Any) -> None:
    three.put("pods", pod("p", cpu="5"))
    three.settle()
    assert three.message("p") == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. " + NO_HELP.format(3)
    )


def test_full_node_without_victims(three: Any, pod: Any) -> None:
    three.put("pods", pod("a", cpu="3", nodeName="node-1"))
    three.put("pods", pod("b", cpu="3", nodeName="node-2"))
    three.put("pods", pod("p", cpu="2"))
    three.settle()
    assert three.message("p").endswith(
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
    three.delete("pods", "b", "demo")
    three.settle()
    assert three.node_of("p") == "node-2"


def test_host_ports(three: Any, pod: Any) -> None:
    ports = [{"containerPort": 80, "hostPort": 80}]
    for name in ("a", "b", "c"):
        three.put("pods", pod(name, ports=ports))
    three.settle()
    assert "2 node(s) didn't have free ports for the requested pod ports" in three.message("c")


def test_pod_anti_affinity(three: Any, pod: Any) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    for index in range(3):
        three.put("pods", pod(f"w{index}", labels={"app": "web"}, affinity=affinity))
    three.settle()
    assert {three.node_of("w0"), three.node_of("w1")} == {"node-1", "node-2"}
    assert three.message("w2") == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules. "
        "no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
    three.put("pods", pod("other", labels={"app": "web"}))
    three.settle()
    assert "2 node(s) didn't satisfy existing pods anti-affinity rules" in three.message("other")


def test_pod_affinity_waits_for_its_friend(three: Any, pod: Any) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    three.put("pods", pod("lonely", affinity=affinity))
    three.settle()
    assert "2 node(s) didn't match pod affinity rules" in three.message("lonely")
    three.put("pods", pod("db", labels={"app": "db"}, nodeName="node-2"))
    three.settle()
    assert three.node_of("lonely") == "node-2"


def test_preferred_anti_affinity(three: Any, pod: Any) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    three.put("pods", pod("db", labels={"app": "db"}, nodeName="node-1"))
    three.put(
        "pods", pod("p", affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}})
    )
    three.settle()
    assert three.node_of("p") == "node-2"


def test_topology_spread_counts_the_tainted_node(three: Any, pod: Any) -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    for index in range(3):
        three.put("pods", pod(f"w{index}", labels={"app": "web"}, topologySpreadConstraints=[constraint]))
    three.settle()
    assert "2 node(s) didn't match pod topology spread constraints." in three.message("w2")


def test_topology_spread_without_the_label(three: Any, pod: Any) -> None:
    constraint = {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    three.put("pods", pod("p", topologySpreadConstraints=[constraint]))
    three.settle()
    assert "2 node(s) didn't match pod topology spread constraints (missing required label)" in three.message("p")


def test_preemption(three: Any, pod: Any) -> None:
    only = {"kubernetes.io/hostname": "node-1"}
    three.put("pods", pod("low", cpu="3", priority=-10, nodeSelector=only))
    three.settle()
    three.put("pods", pod("never", cpu="2", priority=5, preemptionPolicy="Never", nodeSelector=only))
    three.settle()
    assert three.message("never").endswith(
        "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    )
    three.delete("pods", "never", "demo")
    three.put("pods", pod("high", cpu="2", priority=100, nodeSelector=only))
    three.settle()
    assert three.node_of("high") == "node-1"
    assert ("demo", "low") not in three.objects["pods"]
    assert ("low", "Normal", "Preempted", "Preempted by pod uid-high on node node-1") in three.events
    assert three.message("high") == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint(s)."
    )


def test_preemption_takes_the_least_important(api: Any, node: Any, pod: Any) -> None:
    api.put("nodes", node("n"))
    for name, priority in (("a", 1), ("b", 3), ("c", 2)):
        api.put("pods", pod(name, cpu="1", priority=priority, nodeName="n"))
    api.put("pods", pod("high", cpu="2", priority=10))
    api.settle()
    assert sorted(name for _, name in api.objects["pods"]) == ["b", "c", "high"]


def test_gated_pods_are_left_alone(three: Any, pod: Any) -> None:
    gated = three.put("pods", pod("p", schedulingGates=[{"name": "x"}]))
    three.settle()
    assert not three.events
    del gated["spec"]["schedulingGates"]
    gated["metadata"]["generation"] = 2
    three.put("pods", gated)
    three.settle()
    assert three.node_of("p")


def test_priority_goes_first(api: Any, node: Any, pod: Any) -> None:
    api.put("nodes", node("n", pods="1"))
    api.put("pods", pod("low"))
    api.put("pods", pod("high", priority=1, preemptionPolicy="Never"))
    api.settle()
    assert api.node_of("high") == "n"
    assert "1 Too many pods" in api.message("low")


def test_missing_claim(three: Any, pod: Any) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "x"}}
    three.put("pods", pod("p", volumes=[volume]))
    three.settle()
    assert three.message("p") == '0/3 nodes are available: persistentvolumeclaim "x" not found. not found'


def test_unbound_immediate_claim(three: Any, pod: Any) -> None:
    claim = {"metadata": {"name": "x", "namespace": "demo"}, "spec": {}, "status": {"phase": "Pending"}}
    three.put("persistentvolumeclaims", claim)
    three.put("pods", pod("p", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}]))
    three.settle()
    text = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    assert three.message("p") == text


def test_waiting_claim_is_given_a_node(three: Any, pod: Any) -> None:
    storage_class = {"metadata": {"name": "slow"}, "provisioner": "p", "volumeBindingMode": "WaitForFirstConsumer"}
    three.put("storageclasses.storage.k8s.io", storage_class)
    claim = {"metadata": {"name": "x", "namespace": "demo"}, "spec": {"storageClassName": "slow"}, "status": {}}
    three.put("persistentvolumeclaims", claim)
    three.put("pods", pod("p", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}]))
    three.settle()
    assert not three.node_of("p")
    live = three.find("persistentvolumeclaims", "x", "demo")
    chosen = live["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
    live["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes"
    live["spec"]["volumeName"] = "v"
    required = {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [chosen]}]}
        ]
    }
    three.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": {"nodeAffinity": {"required": required}}})
    three.put("persistentvolumeclaims", live)
    three.settle()
    assert three.node_of("p") == chosen


def test_no_nodes_at_all(api: Any, pod: Any) -> None:
    api.put("pods", pod("p"))
    api.settle()
    assert api.message("p") == "no nodes available to schedule pods"


def test_a_new_process_knows_pending_pods(three: Any, pod: Any, node: Any, restart: Any) -> None:
    three.put("pods", pod("p", nodeSelector={"disktype": "ssd"}))
    three.settle()
    restart(three)
    three.put("nodes", node("node-2", labels={"disktype": "ssd"}))
    three.settle()
    assert three.node_of("p") == "node-2"


def test_a_new_process_notices_a_friend_that_was_placed(three: Any, pod: Any, restart: Any) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
    three.put(
        "pods", pod("lonely", affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    )
    three.settle()
    restart(three)
    three.put("pods", pod("db", labels={"app": "db"}, nodeName="node-2"))
    three.settle()
    assert three.node_of("lonely") == "node-2"


def test_a_placed_twin_does_not_bind_its_fellows(three: Any, pod: Any) -> None:
    three.put("pods", pod("placed", cpu="3", nodeName="node-1"))
    three.put("pods", pod("free", cpu="3"))
    three.settle()
    assert three.node_of("free") == "node-2"


def test_preemptors_of_one_priority_take_different_nodes(api: Any, node: Any, pod: Any) -> None:
    for name in ("a", "b"):
        api.put("nodes", node(name, cpu="1"))
        api.put("pods", pod(f"old-{name}", cpu="900m", nodeName=name))
    api.keep_terminating = True
    for name in ("first", "second"):
        api.put("pods", pod(name, cpu="800m", priority=5))
    api.settle()
    nominated = {name: api.objects["pods"]["demo", name]["status"]["nominatedNodeName"] for name in ("first", "second")}
    assert sorted(nominated.values()) == ["a", "b"]
    preempted = [event[0] for event in api.events if event[2] == "Preempted"]
    assert sorted(preempted) == ["old-a", "old-b"]


def test_large_clusters_are_searched_in_part(api: Any, node: Any, pod: Any) -> None:
    for number in range(200):
        api.put("nodes", node(f"n{number:03}", labels={"topology.kubernetes.io/zone": f"z{number % 2}"}))
    placed = []
    for number in range(3):
        api.put("pods", pod(f"p{number}", cpu="1"))
        api.settle()
        placed.append(api.node_of(f"p{number}"))
    # 48% of 200 nodes are too few: 100 are looked at, the next pod starts where the last search ended
    assert placed == ["n000", "n100", "n001"]


def _budget(name: str, app: str, allowed: int) -> dict[str, Any]:
    meta = {"name": name, "namespace": "demo", "uid": f"uid-{name}"}
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": meta, "spec": spec, "status": {"disruptionsAllowed": allowed}}


def test_budgets_are_respected_where_that_is_possible(api: Any, node: Any, pod: Any) -> None:
    for name in ("a", "b"):
        api.put("nodes", node(name, cpu="2"))
        api.put("pods", pod(f"guarded-{name}", cpu="1", labels={"app": "db"}, nodeName=name))
    api.put("pods", pod("free", cpu="1", priority=3, labels={"app": "web"}, nodeName="b"))
    api.put("poddisruptionbudgets.policy", _budget("db", "db", 0))
    api.put("pods", pod("urgent", cpu="1500m", priority=9))
    api.settle()
    # on either node a guarded pod would have to go: then the one with less to lose
    assert [event[0] for event in api.events if event[2] == "Preempted"] == ["guarded-a"]
    api.events.clear()
    api.put("pods", pod("small", cpu="1", priority=9, nodeSelector={"kubernetes.io/hostname": "b"}))
    api.settle()
    assert [event[0] for event in api.events if event[2] == "Preempted"] == ["free"]


def test_conflicting_names_of_nodes(three: Any, pod: Any) -> None:
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in ("a", "b")]
    term = {"matchFields": fields}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    three.put("pods", pod("p", affinity={"nodeAffinity": required}))
    three.settle()
    assert three.message("p") == "0/3 nodes are available: pod affinity terms conflict. not found"


def test_namespaces_selected_by_label(three: Any, pod: Any) -> None:
    three.put("namespaces", {"metadata": {"name": "demo", "labels": {}}})
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app": "db"}},
        "namespaceSelector": {"matchLabels": {"team": "x"}},
    }
    near = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    three.put("pods", pod("db", labels={"app": "db"}))
    three.put("pods", pod("web", affinity=near))
    three.settle()
    assert three.node_of("web") == ""
    three.put("namespaces", {"metadata": {"name": "demo", "labels": {"team": "x"}}})
    three.settle()
    assert three.node_of("web") == three.node_of("db")


def test_what_changes_nothing_for_a_pod_is_not_looked_into(three: Any, pod: Any) -> None:
    three.put("pods", pod("huge", cpu="50"))
    three.settle()
    finds = three.finds
    for number in range(3):
        three.put("pods", pod(f"small-{number}", cpu="1"))
    three.settle()
    three.delete("pods", "small-0", "demo")
    three.settle()
    assert three.finds == finds
    assert [event[0] for event in three.events if event[2] == "FailedScheduling"] == ["huge"]


def test_room_that_comes_is_noticed_by_the_first_in_line(api: Any, node: Any, pod: Any) -> None:
    api.put("nodes", node("a", cpu="2"))
    api.put("pods", pod("old", cpu="2", nodeName="a"))
    for name in ("first", "second"):
        api.put("pods", pod(name, cpu="2"))
    api.settle()
    api.delete("pods", "old", "demo")
    api.settle()
    assert [api.node_of("first"), api.node_of("second")] == ["a", ""]
    api.delete("pods", "first", "demo")
    api.settle()
    assert api.node_of("second") == "a"


def test_nodes_declare_what_some_pods_need(three: Any, pod: Any, node: Any) -> None:
    rules = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]
    needing = pod("p")
    needing["spec"]["containers"][0]["restartPolicyRules"] = rules
    three.put("pods", needing)
    three.settle()
    reason = "node declared features check failed - unsatisfied requirements: RestartAllContainersOnContainerExits"
    assert f"1 node(s) had untolerated taint(s), 2 {reason}. {NO_HELP.format(3)}" in three.message("p")
    able = node("node-2")
    able["status"]["declaredFeatures"] = ["Other", "RestartAllContainersOnContainerExits"]
    three.put("nodes", able)
    three.settle()
    assert three.node_of("p") == "node-2"
