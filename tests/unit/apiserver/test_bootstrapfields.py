"""Who has written what a cluster starts with."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.cluster import Cluster

ROLES = "clusterroles.rbac.authorization.k8s.io"
FLOWS = "flowschemas.flowcontrol.apiserver.k8s.io"


@pytest.mark.parametrize(
    ("key", "name", "namespace", "managers"),
    [
        ("namespaces", "default", "", ["kube-apiserver Update"]),
        ("services", "kubernetes", "default", ["kube-apiserver Update"]),
        (ROLES, "cluster-admin", "", ["kube-apiserver Update"]),
        (ROLES, "edit", "", ["clusterrole-aggregation-controller Apply", "kube-apiserver Update"]),
        ("nodes", "node-1", "", ["kube-controller-manager Update", "kubelet Update", "kubelet Update status"]),
        (
            FLOWS,
            "exempt",
            "",
            [
                "api-priority-and-fairness-config-consumer-v1 Apply status",
                "api-priority-and-fairness-config-producer-v1 Update",
            ],
        ),
    ],
)
def test_managers(cluster: Cluster, key: str, name: str, namespace: str, managers: list[str]) -> None:
    entries: list[dict[str, Any]] = cluster.client().get(key, name, namespace)["metadata"]["managedFields"]
    told = [f"{e['manager']} {e['operation']} {e.get('subresource', '')}".strip() for e in entries]
    assert told == managers


def test_what_the_registry_fills_in_is_nobodys(cluster: Cluster) -> None:
    client = cluster.client()
    [entry] = client.get("namespaces", "default")["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {"f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}}
    [entry] = client.get("services", "kubernetes", "default")["metadata"]["managedFields"]
    assert "f:clusterIP" in entry["fieldsV1"]["f:spec"]
    assert "f:clusterIPs" not in entry["fieldsV1"]["f:spec"]


def test_the_controller_manager_gives_a_node_its_range(cluster: Cluster) -> None:
    node = cluster.client().get("nodes", "node-1")
    found = node["metadata"]["managedFields"][0]["fieldsV1"]
    assert found == {
        "f:metadata": {"f:annotations": {"f:node.alpha.kubernetes.io/ttl": {}}},
        "f:spec": {"f:podCIDR": {}, "f:podCIDRs": {".": {}, f'v:"{node["spec"]["podCIDR"]}"': {}}},
    }
