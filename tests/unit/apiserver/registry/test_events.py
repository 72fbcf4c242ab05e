"""The short way of components' Events: it stores what the long way stores, and refuses what that refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apiserver.registry.kinds.events import EventStrategy
from minikctl.apiserver.registry.strategy import Strategy
from minikctl.cluster import Cluster

LABELS = {"app": "web"}
ENV = [{"name": "N", "valueFrom": {"configMapKeyRef": {"name": "missing", "key": "k"}}}]
CONTAINER = {"name": "c", "image": "nginx", "env": ENV}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}},
    },
}
GREEDY = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "greedy", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "100"}}}]},
}


def events_of(cluster: Cluster) -> list[Any]:
    """What components say about pods that wait for a ConfigMap, and about one that no node can take."""
    client = cluster.client()
    client.create("deployments.apps", DEPLOYMENT)
    client.create("pods", GREEDY)
    cluster.settle()
    found: list[Any] = client.list("events", "default")["items"]
    return found


def test_the_short_way_stores_what_the_long_way_stores(
    make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = events_of(make_cluster("short"))
    monkeypatch.setattr(EventStrategy, "create_trusted", Strategy.create_trusted)
    assert events_of(make_cluster("long")) == short
    assert {event["source"].get("component", event["reportingComponent"]) for event in short} == {
        "deployment-controller", "replicaset-controller", "default-scheduler", "kubelet",
    }  # fmt: skip


def event(namespace: str = "default") -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": namespace, "name": "p", "uid": "u", "apiVersion": "v1"}
    meta = {"name": "p.1", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": about, "source": {}}


def test_a_taken_name_is_refused(cluster: Cluster) -> None:
    client = cluster.client()
    client.create("events", event(), trusted=True)
    with pytest.raises(StatusError) as refused:
        client.create("events", event(), trusted=True)
    assert refused.value.reason == "AlreadyExists"


def test_a_taken_name_costs_no_quota(cluster: Cluster) -> None:
    client = cluster.client()
    quota = {"metadata": {"name": "some", "namespace": "demo"}, "spec": {"hard": {"count/events": "3"}}}
    client.create("resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", **quota})
    cluster.settle()
    client.create("events", event("demo"), trusted=True)
    with pytest.raises(StatusError) as refused:
        client.create("events", event("demo"), trusted=True)
    assert refused.value.reason == "AlreadyExists"
    assert client.get("resourcequotas", "some", "demo")["status"]["used"] == {"count/events": "1"}


def test_nothing_is_said_in_a_namespace_that_goes(cluster: Cluster) -> None:
    client = cluster.client()
    client.create("configmaps", {"metadata": {"name": "stays", "namespace": "demo", "finalizers": ["x.example/y"]}})
    client.delete("namespaces", "demo")
    with pytest.raises(StatusError) as refused:
        client.create("events", event("demo"), trusted=True)
    assert "is being terminated" in refused.value.message


def test_quotas_count_events(cluster: Cluster) -> None:
    client = cluster.client()
    quota = {"metadata": {"name": "few", "namespace": "demo"}, "spec": {"hard": {"count/events": "1"}}}
    client.create("resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", **quota})
    cluster.settle()
    client.create("events", event("demo"), trusted=True)
    with pytest.raises(StatusError, match="exceeded quota"):
        client.create("events", event("demo"), trusted=True)
    with pytest.raises(StatusError) as refused:
        client.create("events", {**event("demo"), "metadata": {"name": "p.2", "namespace": "demo"}}, trusted=True)
    assert "exceeded quota: few, requested: count/events=1, used: count/events=1" in refused.value.message


def test_policies_see_events(cluster: Cluster) -> None:
    client = cluster.client()
    group = "admissionregistration.k8s.io"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["events"]}]
    spec = {"matchConstraints": {"resourceRules": rules}, "validations": [{"expression": "false", "message": "no"}]}
    client.create(f"validatingadmissionpolicies.{group}", {"metadata": {"name": "quiet"}, "spec": spec})
    binding = {"policyName": "quiet", "validationActions": ["Deny"]}
    client.create(f"validatingadmissionpolicybindings.{group}", {"metadata": {"name": "quiet"}, "spec": binding})
    with pytest.raises(StatusError) as refused:
        client.create("events", event(), trusted=True)
    assert refused.value.message.endswith("denied request: no")
