"""The cloud's controllers on a cluster that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.fixture
def cloudy(make_cluster: Make) -> Any:
    return make_cluster(**{"cloud-provider": "emulated"})


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "protocol": "TCP"}]
    wanted = {"type": "LoadBalancer", "selector": {"app": name}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": wanted}


def create(cluster: Any, **spec: Any) -> Any:
    cluster.client().create("services", service(**spec))
    cluster.settle()
    return cluster.client().get("services", "web", "default")


def change(cluster: Any, patch: dict[str, Any], kind: str = "services", name: str = "web") -> Any:
    namespace = "default" if kind == "services" else ""
    cluster.client().patch(kind, name, patch, "application/merge-patch+json", namespace)
    cluster.settle()
    return cluster.client().find(kind, name, namespace)


def told(cluster: Any, name: str = "web") -> list[tuple[str, str]]:
    """The reasons and messages of the events about an object, as they came."""
    events = [each for each in cluster.client().items("events") if each["involvedObject"]["name"] == name]
    events.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
    return [(each["reason"], each["message"]) for each in events if each["source"]["component"] != "kubelet"]


def test_nodes_learn_where_they_are(cloudy: Any) -> None:
    node = cloudy.client().get("nodes", "node-2")
    assert node["spec"]["providerID"] == "emulated:///emulated-b/node-2" and "taints" not in node["spec"]
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "emulated-b"
    assert ("Synced", "Node synced successfully") in told(cloudy, "node-2")
    control_plane = cloudy.client().get("nodes", "control-plane-1")
    assert [taint["key"] for taint in control_plane["spec"]["taints"]] == ["node-role.kubernetes.io/control-plane"]


def test_routes_follow_the_nodes(cloudy: Any) -> None:
    node = cloudy.client().get("nodes", "node-1")
    entry = node["status"]["conditions"][0]
    assert entry["type"] == "NetworkUnavailable"
    assert (entry["status"], entry["reason"], entry["message"]) == (
        "False", "RouteCreated", "RouteController created a route",
    )  # fmt: skip
    assert sorted(cloudy.cloud().routes())[1] == ("node-1", "10.244.1.0/24")
    cloudy.client().delete("nodes", "node-1")
    cloudy.settle()
    assert [name for name, _ in cloudy.cloud().routes()] == ["control-plane-1", "node-2"]


def test_a_load_balancer_comes_and_goes(cloudy: Any) -> None:
    made = create(cloudy)
    assert made["status"]["loadBalancer"] == {"ingress": [{"ip": "172.18.128.1", "ipMode": "VIP"}]}
    assert made["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    assert told(cloudy) == [
        ("EnsuringLoadBalancer", "Ensuring load balancer"), ("EnsuredLoadBalancer", "Ensured load balancer"),
    ]  # fmt: skip
    (balancer,) = cloudy.cloud().load_balancers().values()
    assert balancer.hosts == ["node-1", "node-2"]
    cloudy.client().delete("services", "web", "default")
    cloudy.settle()
    assert cloudy.client().find("services", "web", "default") is None
    assert cloudy.cloud().load_balancers() == {}
    assert told(cloudy)[2:] == [
        ("DeletingLoadBalancer", "Deleting load balancer"), ("DeletedLoadBalancer", "Deleted load balancer"),
    ]  # fmt: skip


def test_another_type(cloudy: Any) -> None:
    create(cloudy)
    plain = change(cloudy, {"spec": {"type": "ClusterIP"}})
    assert plain["status"] == {"loadBalancer": {}} and "finalizers" not in plain["metadata"]
    assert told(cloudy)[2] == ("Type", "LoadBalancer -> ClusterIP")
    again = change(cloudy, {"spec": {"type": "LoadBalancer"}})
    assert again["status"]["loadBalancer"]["ingress"][0]["ip"] == "172.18.128.1"
    assert ("Type", "ClusterIP -> LoadBalancer") in told(cloudy)


def test_changes_are_told_and_others_leave_it_alone(cloudy: Any) -> None:
    create(cloudy)
    change(cloudy, {"metadata": {"labels": {"a": "b"}}})
    assert len(told(cloudy)) == 2
    change(cloudy, {"spec": {"loadBalancerSourceRanges": ["10.0.0.0/8"], "externalTrafficPolicy": "Local"}})
    seen = dict(told(cloudy))
    assert seen["LoadBalancerSourceRanges"] == "[] -> [10.0.0.0/8]"
    assert seen["ExternalTrafficPolicy"] == "Cluster -> Local"
    assert seen["HealthCheckNodePort"].startswith("0 -> 3")


def test_a_class_is_somebody_elses(cloudy: Any) -> None:
    made = create(cloudy, loadBalancerClass="example.com/lb")
    assert made["status"] == {"loadBalancer": {}} and told(cloudy) == []


def test_failures_are_tried_again(cloudy: Any) -> None:
    wanted = service()
    wanted["metadata"]["annotations"] = {"minikctl.dev/load-balancer-error": "quota exceeded"}
    cloudy.client().create("services", wanted)
    cloudy.settle()
    failed = ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: quota exceeded")
    assert told(cloudy)[1] == failed
    cloudy.advance(40)  # after 5, 15 and 35 seconds
    (event,) = (each for each in cloudy.client().items("events") if each["reason"] == "SyncLoadBalancerFailed")
    assert event["count"] == 4
    made = change(cloudy, {"metadata": {"annotations": {"minikctl.dev/load-balancer-error": None}}})
    assert made["status"]["loadBalancer"]["ingress"]


def test_hosts_follow_the_nodes(cloudy: Any) -> None:
    create(cloudy)
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    change(cloudy, {"metadata": {"labels": {label: ""}}}, "nodes", "node-2")
    assert next(iter(cloudy.cloud().load_balancers().values())).hosts == ["node-1"]
    assert told(cloudy)[-1] == ("UpdatedLoadBalancer", "Updated load balancer with new hosts")
    change(cloudy, {"metadata": {"labels": {label: ""}}}, "nodes", "node-1")
    change(cloudy, {"spec": {"ports": [{"port": 81}]}})
    assert ("UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer") in told(cloudy)


def test_nodes_without_a_machine_go_and_those_that_are_off_are_marked(cloudy: Any) -> None:
    from minikctl import machines

    cloudy.client().create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}})
    cloudy.settle()
    assert cloudy.client().find("nodes", "ghost") is None
    message = "Deleting node ghost because it does not exist in the cloud provider"
    assert ("DeletingNode", message) in told(cloudy, "ghost")
    machines.stop(cloudy, "node-1", 0)
    cloudy.advance(60)
    keys = [taint["key"] for taint in cloudy.client().get("nodes", "node-1")["spec"]["taints"]]
    assert "node.cloudprovider.kubernetes.io/shutdown" in keys
    machines.start(cloudy, "node-1")
    assert not cloudy.client().get("nodes", "node-1")["spec"].get("taints")


def test_added_machines_are_initialized(cloudy: Any) -> None:
    from minikctl import machines

    machines.add(cloudy, "node-3", {"cpu": "2", "memory": "4Gi"})
    node = cloudy.client().get("nodes", "node-3")
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "emulated-c"
    assert not node["spec"].get("taints")


def test_without_a_cloud_nothing_of_this(make_cluster: Make) -> None:
    plain = make_cluster()
    assert create(plain)["status"] == {"loadBalancer": {}}
    assert "providerID" not in plain.client().get("nodes", "node-1")["spec"]
