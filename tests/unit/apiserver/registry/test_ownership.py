"""Managed fields of objects that several versions have, and of those written through their scale subresource."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import resources
from minikctl.apimachinery.errors import StatusError
from minikctl.cluster import Cluster

Obj = dict[str, Any]
HPA = "horizontalpodautoscalers.autoscaling"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
KITES = "kites.toys.example.com"
MERGE = "application/merge-patch+json"


def entries(obj: Obj) -> dict[str, Any]:
    found = obj["metadata"].get("managedFields") or []
    return {f"{e['manager']} {e['apiVersion']} {e.get('subresource', '')}".strip(): e["fieldsV1"] for e in found}


def autoscaler(percent: int) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    spec = {"maxReplicas": 4, "minReplicas": 1, "scaleTargetRef": target, "targetCPUUtilizationPercentage": percent}
    head = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"}
    return {**head, "metadata": {"name": "h", "namespace": "demo"}, "spec": spec}


def v1_of_autoscalers() -> Any:
    return resources.builtin().by_kind("autoscaling/v1", "HorizontalPodAutoscaler")


def test_an_entry_is_of_the_version_it_was_written_in(cluster: Cluster) -> None:
    made = cluster.client(user_agent="a").create(v1_of_autoscalers(), autoscaler(60))
    fields = ("maxReplicas", "minReplicas", "scaleTargetRef", "targetCPUUtilizationPercentage")
    assert entries(made) == {"a autoscaling/v1": {"f:spec": {f"f:{name}": {} for name in fields}}}


def test_a_change_in_one_version_takes_from_entries_of_another(cluster: Cluster) -> None:
    client = cluster.client(user_agent="a")
    client.create(v1_of_autoscalers(), autoscaler(60))
    half = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    changed = cluster.client(user_agent="b").patch(HPA, "h", {"spec": {"metrics": [half]}}, MERGE, "demo")
    found = entries(changed)
    assert found["b autoscaling/v2"] == {"f:spec": {"f:metrics": {}}}
    assert "f:targetCPUUtilizationPercentage" not in found["a autoscaling/v1"]["f:spec"]
    with pytest.raises(StatusError, match=r'conflict with "b" using autoscaling/v2: \.spec\.metrics'):
        target = {"type": "Utilization", "averageUtilization": 70}
        applied = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        applied["spec"] = {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}
        client.apply(HPA, applied, "c", namespace="demo")


def test_what_an_applier_leaves_out_in_another_version_goes(cluster: Cluster) -> None:
    client = cluster.client()
    client.apply(v1_of_autoscalers(), autoscaler(60), "me")
    applied = autoscaler(60)
    applied["apiVersion"] = "autoscaling/v2"
    del applied["spec"]["targetCPUUtilizationPercentage"], applied["spec"]["minReplicas"]
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 9}},
    }
    applied["spec"]["metrics"] = [memory]
    changed = client.apply(HPA, applied, "me")
    assert changed["spec"]["metrics"] == [memory]
    assert list(entries(changed)) == ["me autoscaling/v2"]


def test_entries_of_versions_that_are_not_there_are_dropped(cluster: Cluster) -> None:
    client = cluster.client(user_agent="a")
    foreign = {"apiVersion": "v7", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:x": {}}}, "manager": "old"}
    meta = {"name": "c", "managedFields": [{**foreign, "operation": "Update"}]}
    made = client.create(
        "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}}, "demo"
    )
    assert list(entries(made)) == ["a v1"]


def kites(*versions: str) -> Obj:
    fields = {"spec": {"type": "object", "properties": {"tail": {"type": "string"}, "count": {"type": "integer"}}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {**fields, "status": {"type": "object"}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": KITES},
        "spec": {
            "group": "toys.example.com",
            "scope": "Namespaced",
            "names": {"plural": "kites", "kind": "Kite"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "schema": schema,
                    "subresources": {"status": {}},
                }
                for version in versions
            ],
        },
    }


def kite(version: str, **spec: Any) -> Obj:
    head = {"apiVersion": f"toys.example.com/{version}", "kind": "Kite", "metadata": {"name": "k", "namespace": "demo"}}
    return {**head, "spec": spec}


def row(cluster: Cluster, version: str) -> Any:
    return cluster.server.resource_set().by_kind(f"toys.example.com/{version}", "Kite")


def test_managers_of_custom_resources_in_two_versions(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, kites("v1", "v2"))
    client.apply(row(cluster, "v1"), kite("v1", tail="red"), "a")
    with pytest.raises(StatusError, match=r'conflict with "a": \.spec\.tail'):
        client.apply(row(cluster, "v2"), kite("v2", tail="blue"), "b")
    changed = client.apply(row(cluster, "v2"), kite("v2", tail="blue"), "b", force=True)
    assert entries(changed) == {"b toys.example.com/v2": {"f:spec": {"f:tail": {}}}}


def test_a_version_that_is_gone_keeps_others_from_applying(cluster: Cluster) -> None:
    client = cluster.client()
    made = client.create(CRDS, kites("v1", "v2"))
    client.apply(row(cluster, "v2"), kite("v2", tail="red"), "a")
    made = client.get(CRDS, KITES)
    made["spec"]["versions"].pop()
    client.update(CRDS, made)
    why = r"request to convert CR to an invalid group/version: toys\.example\.com/v2"
    with pytest.raises(StatusError, match=why):
        client.apply(row(cluster, "v1"), kite("v1", tail="blue"), "b", force=True)
    changed = client.patch(KITES, "k", {"spec": {"tail": "blue"}}, MERGE, "demo")
    assert entries(changed) == {}


def test_a_status_written_whole_in_another_version_takes_the_spec_from_its_owners(cluster: Cluster) -> None:
    client = cluster.client(user_agent="s")
    client.create(CRDS, kites("v1", "v2"))
    made = client.apply(row(cluster, "v1"), kite("v1", tail="red"), "a")
    status = {**kite("v2"), "status": {"count": 3}}
    del status["spec"]
    status["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    changed = client.update(row(cluster, "v2"), status, subresource="status")
    assert changed["spec"] == {"tail": "red"}
    assert "a toys.example.com/v1" not in entries(changed)


def test_an_applied_null_is_a_value(cluster: Cluster) -> None:
    client = cluster.client(user_agent="a")
    head: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "demo"}}
    client.create("configmaps", {**head, "data": {"x": "1"}})
    with pytest.raises(StatusError, match=r'conflict with "a" using v1: \.data\.x'):
        client.apply("configmaps", {**head, "data": {"x": None}}, "me")
    changed = client.apply("configmaps", {**head, "data": {"x": None}}, "me", force=True)
    assert changed["data"] == {"x": ""}
    assert entries(changed)["me v1"] == {"f:data": {"f:x": {}}}


def test_a_null_of_a_custom_resource_is_owned(cluster: Cluster) -> None:
    client = cluster.client(user_agent="a")
    crd = kites("v1")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    client.create(CRDS, crd)
    made = client.create(KITES, kite("v1", tail=None))
    assert entries(made) == {"a toys.example.com/v1": {"f:spec": {".": {}, "f:tail": {}}}}
    other = cluster.client(user_agent="b")
    assert list(entries(other.patch(KITES, "k", {"spec": {"tail": "x"}}, MERGE, "demo"))) == [
        "a toys.example.com/v1",
        "b toys.example.com/v1",
    ]
    back = [{"op": "replace", "path": "/spec/tail", "value": None}]
    changed = client.patch(KITES, "k", back, "application/json-patch+json", "demo")
    assert entries(changed) == {"a toys.example.com/v1": {"f:spec": {".": {}, "f:tail": {}}}}


def test_times_of_entries_alone_change_nothing(cluster: Cluster) -> None:
    client = cluster.client()
    spec = {"hard": {"pods": "2000m"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "demo"}, "spec": spec}
    first = client.apply("resourcequotas", quota, "me")
    cluster.advance(5)
    assert (
        client.apply("resourcequotas", quota, "me")["metadata"] == client.get("resourcequotas", "q", "demo")["metadata"]
    )
    assert (
        client.get("resourcequotas", "q", "demo")["metadata"]["managedFields"][0]["time"]
        == (first["metadata"]["managedFields"][0]["time"])
    )


def test_who_owned_parts_of_what_is_atomic_now_owns_it(cluster: Cluster) -> None:
    client = cluster.client()
    crd = kites("v1")
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    item = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    properties["tails"] = {"type": "array", "items": item, "x-kubernetes-list-type": "map"}
    properties["tails"]["x-kubernetes-list-map-keys"] = ["name"]
    properties["marks"] = {"type": "object", "additionalProperties": {"type": "string"}}
    client.create(CRDS, crd)
    client.apply(KITES, kite("v1", tails=[{"name": "a"}], marks={"x": "y"}), "a")
    made = client.get(CRDS, KITES)
    properties = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["tails"] = {"type": "array", "items": item}
    properties["marks"]["x-kubernetes-map-type"] = "atomic"
    client.update(CRDS, made)
    changed = client.patch(KITES, "k", {"metadata": {"labels": {"p": "q"}}}, MERGE, "demo")
    assert entries(changed)["a toys.example.com/v1"] == {"f:spec": {"f:marks": {}, "f:tails": {}}}
    with pytest.raises(StatusError, match=r'conflict with "a": \.spec\.tails'):
        client.apply(KITES, kite("v1", tails=[{"name": "a"}, {"name": "b"}]), "b")


def test_what_is_applied_is_brought_into_form_before_it_is_seen_in_another_version(cluster: Cluster) -> None:
    client = cluster.client()
    client.apply(v1_of_autoscalers(), autoscaler(60), "me")
    applied = {**autoscaler(60), "apiVersion": "autoscaling/v2"}
    applied["spec"] = {**applied["spec"], "metrics": [None]}
    del applied["spec"]["targetCPUUtilizationPercentage"]
    with pytest.raises(StatusError, match=r"spec\.metrics\[0\]\.type: Required value"):
        client.apply(HPA, applied, "me")
