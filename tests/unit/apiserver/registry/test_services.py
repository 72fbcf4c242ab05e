"""Addresses and families of Services on a cluster with IPv4 only."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

Obj = dict[str, Any]


def create(cluster: Cluster, name: str = "web", **spec: Any) -> Obj:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }
    return cluster.client().create("services", body, "demo")


def refused(cluster: Cluster, **spec: Any) -> str:
    with pytest.raises(StatusError) as caught:
        create(cluster, **spec)
    return caught.value.message.partition("is invalid: ")[2]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack'
            " services",
        ),
        ({"ipFamilies": ["IPv6"]}, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
        (
            {"ipFamilies": ["IPv4", "IPv6"]},
            "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when"
            " multiple IP families are specified",
        ),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"clusterIP": "192.168.1.1"},
            'spec.clusterIPs: Invalid value: ["192.168.1.1"]: failed to allocate IP 192.168.1.1: the provided network'
            " does not match the current range",
        ),
        (
            {"type": "ExternalName", "externalName": "example.com", "clusterIP": "10.96.0.9"},
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        ),
        (
            {"clusterIP": "10.96.0", "ports": [{"port": 0}]},
            'spec.clusterIPs[0]: Invalid value: "10.96.0": must be a valid IP address, (e.g. 10.9.8.7 or'
            " 2001:db8::ffff)",
        ),
    ],
)
def test_what_cannot_be_allocated_is_said_before_all_else(cluster: Cluster, spec: Obj, told: str) -> None:
    assert refused(cluster, **spec) == told


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4"]),
        ({"clusterIP": "None"}, "RequireDualStack", ["IPv4", "IPv6"]),
        ({"clusterIP": "None", "selector": {"a": "b"}}, "SingleStack", ["IPv4"]),
    ],
)
def test_families_are_settled(cluster: Cluster, spec: Obj, policy: str, families: list[str]) -> None:
    made = create(cluster, **spec)["spec"]
    assert (made["ipFamilyPolicy"], made["ipFamilies"]) == (policy, families)


def test_an_address_stays_and_is_given_back(cluster: Cluster) -> None:
    client = cluster.client()
    create(cluster, clusterIP="10.96.0.9")
    assert refused(cluster, name="other", clusterIP="10.96.0.9").endswith("provided IP is already allocated")

    def patch(**spec: Any) -> Obj:
        return client.patch("services", "web", {"spec": spec}, "application/merge-patch+json", "demo")

    with pytest.raises(StatusError) as caught:
        patch(clusterIP="10.96.0.10")
    assert 'spec.clusterIPs[0]: Invalid value: ["10.96.0.10"]: may not change once set' in caught.value.message
    assert "clusterIP" not in patch(type="ExternalName", externalName="example.com")["spec"]
    assert create(cluster, "other", clusterIP="10.96.0.9")["spec"]["clusterIPs"] == ["10.96.0.9"]


def replaced(cluster: Cluster, name: str = "web", **spec: Any) -> Obj:
    """The Service after an update that sets these fields of the spec (None takes one away)."""
    client = cluster.client()
    body = client.get("services", name, "demo")
    body["spec"] = {key: value for key, value in {**body["spec"], **spec}.items() if value is not None}
    return client.update("services", body)


def node_ports(service: Obj) -> list[int]:
    return [port.get("nodePort", 0) for port in service["spec"]["ports"]]


DNS = [{"name": "udp", "port": 53, "protocol": "UDP"}, {"name": "tcp", "port": 53}]


def test_a_port_served_over_two_protocols_has_one_node_port(cluster: Cluster) -> None:
    first, second = node_ports(create(cluster, type="NodePort", ports=DNS))
    assert first == second
    ports = [{**DNS[0], "nodePort": 30053}, DNS[1]]
    assert node_ports(create(cluster, "asked", type="NodePort", ports=ports)) == [30053, 30053]


def test_a_node_port_is_taken_for_all_protocols(cluster: Cluster) -> None:
    create(cluster, type="NodePort", ports=[{"port": 53, "protocol": "UDP", "nodePort": 30053}])
    told = "spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated"
    assert refused(cluster, name="other", type="NodePort", ports=[{"port": 80, "nodePort": 30053}]) == told
    twice = [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81, "nodePort": 30080}]
    told = "spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated"
    assert refused(cluster, name="other", type="NodePort", ports=twice) == told


def test_a_cluster_ip_service_has_no_node_ports(cluster: Cluster) -> None:
    told = "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    assert refused(cluster, ports=[{"port": 80, "nodePort": 5}]) == told


def test_node_ports_follow_the_names_of_ports(cluster: Cluster) -> None:
    before = node_ports(create(cluster, type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}]))
    after = replaced(cluster, ports=[{"name": "b", "port": 90}, {"name": "a", "port": 80}])
    assert node_ports(after) == before[::-1]


def test_a_type_that_is_left_takes_its_fields_along(cluster: Cluster) -> None:
    made = create(cluster, type="LoadBalancer", externalTrafficPolicy="Local")
    assert made["spec"]["healthCheckNodePort"]
    client = cluster.client()
    made["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}
    client.update("services", made, "status")
    left = replaced(cluster, type="ClusterIP")
    assert left["status"] == {"loadBalancer": {}}
    gone = {"healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"}
    assert not gone & set(left["spec"])
    assert node_ports(left) == [0]
    name = replaced(cluster, type="ExternalName", externalName="example.com")["spec"]
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(name)
    assert replaced(cluster, type="ClusterIP", externalName=None)["spec"]["clusterIP"]


def test_the_port_of_the_health_check_stays(cluster: Cluster) -> None:
    made = create(cluster, type="LoadBalancer", externalTrafficPolicy="Local")["spec"]["healthCheckNodePort"]
    assert replaced(cluster, healthCheckNodePort=None)["spec"]["healthCheckNodePort"] == made
    with pytest.raises(StatusError) as caught:
        create(cluster, "other", type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=made)
    assert caught.value.message == (
        f"Internal error occurred: failed to allocate requested HealthCheck NodePort {made}: provided port is already"
        " allocated"
    )
    with pytest.raises(StatusError) as caught:
        replaced(cluster, ports=[{"port": 80, "nodePort": made}])
    assert caught.value.message.endswith(
        f"spec.ports[0].nodePort: Invalid value: {made}: provided port is already allocated"
    )


def test_load_balancers_may_go_without_node_ports(cluster: Cluster) -> None:
    assert node_ports(create(cluster, type="LoadBalancer", allocateLoadBalancerNodePorts=False)) == [0]


def test_an_update_creates_a_service_that_is_not_there(cluster: Cluster) -> None:
    meta = {"name": "new", "namespace": "demo"}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}}
    assert cluster.client().update("services", body)["spec"]["clusterIP"]


def test_a_dry_run_promises_nothing(cluster: Cluster) -> None:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "dry"}}
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]

    def tried(**spec: Any) -> Obj:
        return cluster.client().create("services", {**body, "spec": {"ports": ports, **spec}}, "demo", dryRun=["All"])

    made = tried(type="LoadBalancer", externalTrafficPolicy="Local")
    assert made["spec"]["clusterIP"] == "10.96.0.0"
    assert [*node_ports(made), made["spec"]["healthCheckNodePort"]] == [32769, 32770, 32771]
    create(cluster, clusterIP="10.96.0.9")
    assert tried(clusterIP="10.96.0.9")["spec"]["clusterIPs"] == ["10.96.0.9"]
    with pytest.raises(StatusError) as caught:
        tried(clusterIP="10.0.0.9")
    assert caught.value.message.endswith(
        "the provided IP (10.0.0.9) is not in the valid range. The range of valid IPs is 10.96.0.0/12"
    )


def test_an_update_that_asks_for_a_port_twice_fails_without_a_reason(cluster: Cluster) -> None:
    create(cluster, type="NodePort", ports=[{"name": "a", "port": 80}])
    twice = [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81, "nodePort": 30080}]
    with pytest.raises(StatusError) as caught:
        replaced(cluster, ports=twice)
    assert (caught.value.message, caught.value.reason) == ("duplicate nodePort: {TCP 30080}", "")


def test_addresses_come_from_every_range_that_is_ready(cluster: Cluster) -> None:
    client = cluster.client()
    meta = {"name": "more"}
    more = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": meta}
    client.create("servicecidrs.networking.k8s.io", {**more, "spec": {"cidrs": ["192.168.7.0/30", "2001:db8::/64"]}})
    assert create(cluster, "one", clusterIP="192.168.7.1")["spec"]["clusterIPs"] == ["192.168.7.1"]
    told = "failed to allocate IP 192.168.7.3: the provided network does not match the current range"
    assert refused(cluster, name="two", clusterIP="192.168.7.3").endswith(told)
    assert client.get("ipaddresses.networking.k8s.io", "192.168.7.1")["spec"]["parentRef"]["name"] == "one"
