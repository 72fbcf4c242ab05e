from __future__ import annotations

from typing import Any

from minikctl.apimachinery.resources import ResourceSet, builtin, from_crd
from minikctl.apiserver import discovery

CRD = {
    "spec": {
        "group": "sky.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Telescope", "plural": "telescopes", "singular": "telescope", "shortNames": ["tel"]},
        "versions": [
            {"name": "v1beta1", "served": True, "storage": True},
            {"name": "v1", "served": True, "storage": False, "subresources": {"status": {}}},
        ],
    }
}


def document(path: str, **options: Any) -> dict[str, Any]:
    found = discovery.document(ResourceSet(from_crd(CRD)), path, **options)
    assert found is not None, path
    return found


def test_groups_come_in_order_of_their_priority() -> None:
    groups = document("/apis")["groups"]
    shown = [
        f"{g['name']}={g['preferredVersion']['version']}/{'+'.join(v['version'] for v in g['versions'])}"
        for g in groups
    ]
    assert shown == [
        "apiregistration.k8s.io=v1/v1", "apps=v1/v1", "events.k8s.io=v1/v1", "authentication.k8s.io=v1/v1",
        "authorization.k8s.io=v1/v1", "autoscaling=v2/v2+v1", "batch=v1/v1", "certificates.k8s.io=v1/v1",
        "networking.k8s.io=v1/v1", "policy=v1/v1", "rbac.authorization.k8s.io=v1/v1", "storage.k8s.io=v1/v1",
        "admissionregistration.k8s.io=v1/v1", "apiextensions.k8s.io=v1/v1", "scheduling.k8s.io=v1/v1",
        "coordination.k8s.io=v1/v1", "node.k8s.io=v1/v1", "discovery.k8s.io=v1/v1", "resource.k8s.io=v1/v1",
        "flowcontrol.apiserver.k8s.io=v1/v1", "sky.example.com=v1/v1+v1beta1",
    ]  # fmt: skip


def test_core_versions() -> None:
    assert document("/api")["versions"] == ["v1"]


def test_one_group() -> None:
    assert document("/apis/apps") == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": "apps",
        "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
        "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
    }


def test_resources_of_a_version_with_their_subresources() -> None:
    listed = document("/apis/apps/v1")
    assert listed["groupVersion"] == "apps/v1"
    assert [row["name"] for row in listed["resources"]] == [
        "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
        "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
        "statefulsets/scale", "statefulsets/status",
    ]  # fmt: skip
    assert listed["resources"][3] == {
        "name": "deployments",
        "singularName": "deployment",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["deploy"],
        "categories": ["all"],
        "storageVersionHash": "8aSe+NMegvE=",
    }
    assert listed["resources"][4] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }


def test_custom_resources_are_listed() -> None:
    first = document("/apis/sky.example.com/v1")["resources"][0]
    assert first["verbs"] == ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    second = document("/apis/sky.example.com/v1beta1")["resources"][0]
    assert first["storageVersionHash"] == second["storageVersionHash"]


def test_hashes_of_what_is_stored_elsewhere() -> None:
    def stored(path: str, name: str) -> str:
        return next(row["storageVersionHash"] for row in document(path)["resources"] if row["name"] == name)

    assert stored("/api/v1", "pods") == "xPOwRZ+Yhw8="
    assert stored("/api/v1", "events") == stored("/apis/events.k8s.io/v1", "events") == "r2yiGXH7wu8="
    assert stored("/apis/autoscaling/v1", "horizontalpodautoscalers") == "qwQve8ut294="
    assert "storageVersionHash" not in document("/api/v1")["resources"][0]


def test_unknown_paths() -> None:
    for path in ("/apis/none", "/apis/extensions/v1beta1", "/api/v2", "/apis/apps/v1/deployments", "/other"):
        assert discovery.document(builtin(), path) is None


def test_aggregated_discovery() -> None:
    core = document("/api", aggregated=True)
    assert (core["kind"], core["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    pods = next(row for row in core["items"][0]["versions"][0]["resources"] if row["resource"] == "pods")
    assert pods["responseKind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert pods["scope"] == "Namespaced"
    eviction = next(sub for sub in pods["subresources"] if sub["subresource"] == "eviction")
    assert eviction["responseKind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    others = document("/apis", aggregated=True)
    assert [item["metadata"]["name"] for item in others["items"]] == [g["name"] for g in document("/apis")["groups"]]
    hpa = next(item for item in others["items"] if item["metadata"]["name"] == "autoscaling")
    assert [version["version"] for version in hpa["versions"]] == ["v2", "v1"]


def test_a_definition_that_is_going_takes_no_new_content() -> None:
    names = {"kind": "Telescope", "plural": "telescopes"}
    scale = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}, "scale": scale}}
    spec = {"group": "sky.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    status = {"acceptedNames": names, "conditions": [{"type": "Terminating", "status": "True"}]}
    (row,) = from_crd({"spec": spec, "status": status})
    shown = discovery.document(ResourceSet([row]), "/apis/sky.example.com/v1")
    assert shown is not None
    assert [resource["name"] for resource in shown["resources"]] == [
        "telescopes",
        "telescopes/status",
        "telescopes/scale",
    ]
    assert shown["resources"][0]["verbs"] == ["delete", "deletecollection", "get", "list", "watch"]
    assert "patch" in row.verbs
