"""metrics.k8s.io: what top asks for, where there is a metrics server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster
from minikctl.kubectl import usage


def pod(name: str, cpu: str, **labels: str) -> dict[str, Any]:
    meta = {"name": name, "labels": labels, "annotations": {"minikctl.dev/cpu": cpu, "minikctl.dev/memory": "64Mi"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "a", "image": "x"}]}}


@pytest.fixture
def metered(make_cluster: Callable[..., Cluster]) -> Cluster:
    cluster = make_cluster("metered", profile="default")
    for name, cpu in (("one", "250m"), ("two", "500m")):
        cluster.client().create("pods", pod(name, cpu, app=name), "default")
    cluster.settle()
    return cluster


def row(cluster: Cluster, plural: str) -> Any:
    return cluster.server.resource_set().by_path("metrics.k8s.io", "v1beta1", plural)


def test_pods_report_what_their_containers_use(metered: Cluster) -> None:
    client = metered.client()
    listed = client.list(row(metered, "pods"), "default", label_selector="app=two")
    (found,) = listed["items"]
    assert (listed["kind"], found["metadata"]["name"]) == ("PodMetricsList", "two")
    assert found["containers"] == [{"name": "a", "usage": {"cpu": "500000000n", "memory": "65536Ki"}}]
    assert client.get(row(metered, "pods"), "one", "default")["window"] == "15s"


def test_nodes_report_what_their_pods_use_together(metered: Cluster) -> None:
    nodes = metered.client().list(row(metered, "nodes"))["items"]
    total = sum(int(node["usage"]["cpu"].removesuffix("n")) for node in nodes)
    pods = metered.client().list("pods")["items"]
    used = [usage.of_pod(each, metered.present()) for each in pods]
    assert total == sum(found.total.cpu for found in used if found) * 1_000_000


def test_what_is_not_there(metered: Cluster, cluster: Cluster) -> None:
    with pytest.raises(StatusError, match=r'^pods "none" not found$'):
        metered.client().get(row(metered, "pods"), "none", "default")
    pending = pod("three", "1m")
    pending["spec"]["nodeSelector"] = {"no": "where"}
    metered.client().create("pods", pending, "default")
    metered.settle()
    with pytest.raises(StatusError, match=r'^podmetrics\.metrics\.k8s\.io "default/three" not found$'):
        metered.client().get(row(metered, "pods"), "three", "default")
    assert row(cluster, "pods") is None  # the bare profile has no metrics server
