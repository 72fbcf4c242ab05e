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
