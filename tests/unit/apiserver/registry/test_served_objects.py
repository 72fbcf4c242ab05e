"""Objects the apiserver keeps itself: APIServices, flow control's, Events in two groups."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.apimachinery.resources import by_kind
from minikctl.cluster import Cluster

SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
SERVICES = "apiservices.apiregistration.k8s.io"
Obj = dict[str, Any]


def dangling(cluster: Cluster, name: str) -> str:
    cluster.settle()
    (condition,) = cluster.client().get(SCHEMAS, name)["status"]["conditions"]
    return f"{condition['status']} {condition['reason']}"


def test_every_served_group_has_an_available_api_service(cluster: Cluster) -> None:
    found = {item["metadata"]["name"]: item for item in cluster.client().list(SERVICES)["items"]}
    assert {"v1.", "v1.apps", "v2.autoscaling"} < set(found)
    assert all(item["status"]["conditions"][0]["status"] == "True" for item in found.values())


def test_definitions_bring_and_take_their_api_services(cluster: Cluster) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.toys.example.com"},
        "spec": {
            "group": "toys.example.com",
            "scope": "Cluster",
            "names": {"plural": "kites", "kind": "Kite"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    client = cluster.client()
    client.create("customresourcedefinitions.apiextensions.k8s.io", crd)
    cluster.settle()
    service = client.get(SERVICES, "v1.toys.example.com")
    assert service["spec"]["groupPriorityMinimum"] == 1000
    client.delete("customresourcedefinitions.apiextensions.k8s.io", "kites.toys.example.com")
    cluster.settle()
    assert client.find(SERVICES, "v1.toys.example.com") is None


def test_flow_schemas_say_whether_their_level_exists(cluster: Cluster) -> None:
    client = cluster.client()
    spec = {"priorityLevelConfiguration": {"name": "robots"}}
    meta = {"name": "robots"}
    version = "flowcontrol.apiserver.k8s.io/v1"
    client.create(SCHEMAS, {"apiVersion": version, "kind": "FlowSchema", "metadata": meta, "spec": spec})
    assert dangling(cluster, "robots") == "True NotFound"
    limited = {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    level = {"apiVersion": version, "kind": "PriorityLevelConfiguration", "metadata": meta, "spec": limited}
    client.create(LEVELS, level)
    assert dangling(cluster, "robots") == "False Found"


def test_deleted_flow_control_objects_come_back_within_a_minute(cluster: Cluster) -> None:
    client = cluster.client()
    client.delete(SCHEMAS, "probes")
    cluster.settle()
    assert client.find(SCHEMAS, "probes") is None
    cluster.advance(61)
    assert client.find(SCHEMAS, "probes") is not None


@pytest.mark.parametrize(
    ("resource", "name", "patch", "told"),
    [
        (SCHEMAS, "catch-all", {"matchingPrecedence": 9}, "spec of 'catch-all' must equal the fixed value"),
        (LEVELS, "exempt", {"exempt": {"lendablePercent": 50}}, ""),
        (LEVELS, "catch-all", {"limited": {"lendablePercent": 1}}, "spec of 'catch-all' must equal the fixed value"),
    ],
)
def test_mandatory_flow_control_objects_keep_their_specs(
    cluster: Cluster, resource: str, name: str, patch: Obj, told: str
) -> None:
    def change() -> None:
        cluster.client().patch(resource, name, {"spec": patch}, "application/merge-patch+json")

    if told:
        with pytest.raises(StatusError, match=told):
            change()
    else:
        change()


def test_events_are_the_same_objects_in_both_groups(cluster: Cluster) -> None:
    client = cluster.client()
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "rung"},
        "involvedObject": {"kind": "ConfigMap", "namespace": "demo", "name": "bell"},
        "reason": "Rang",
    }
    client.create("events", event, "demo")
    row = by_kind("events.k8s.io/v1", "Event")
    assert row is not None
    (found,) = client.list(row, "demo", field_selector="reason=Rang,regarding.name=bell")["items"]
    assert found["regarding"]["name"] == "bell"
    client.delete(row, "rung", "demo")
    assert client.find("events", "rung", "demo") is None


def test_new_style_events_are_checked_strictly(cluster: Cluster) -> None:
    row = by_kind("events.k8s.io/v1", "Event")
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "x"}, "type": "Odd"}
    assert row is not None
    with pytest.raises(StatusError) as caught:
        cluster.client().create(row, event, "demo")
    assert "eventTime: Required value" in caught.value.message
    assert 'type: Invalid value: "": has invalid value: Odd' in caught.value.message


def test_an_api_behind_a_service_says_what_is_missing(cluster: Cluster) -> None:
    client = cluster.client()
    spec = {"group": "bells.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}
    reference = {"service": {"namespace": "demo", "name": "bell"}}
    service = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": {**spec, **reference}}
    client.create(SERVICES, {**service, "metadata": {"name": "v1.bells.example.com"}})

    def told() -> str:
        cluster.settle()
        (condition,) = client.get(SERVICES, "v1.bells.example.com")["status"]["conditions"]
        return f"{condition['status']} {condition['reason']}: {condition['message']}"

    assert told() == 'False ServiceNotFound: service/bell in "demo" is not present'
    bell = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bell"}, "spec": {"ports": [{"port": 80}]}}
    client.create("services", bell, "demo")
    assert told() == 'False ServicePortError: service/bell in "demo" is not listening on port 443'
    client.patch("services", "bell", {"spec": {"ports": [{"port": 443}]}}, "application/merge-patch+json", "demo")
    assert told() == 'False EndpointsNotFound: cannot find endpointslices for service/bell in "demo"'
    client.delete("services", "bell", "demo")
    assert told().startswith("False ServiceNotFound")


def stored(cluster: Cluster, key: str, api_version: str, **fields: Any) -> Obj:
    meta = {"name": "x", "namespace": "demo", **fields.pop("metadata", {})}
    return cluster.client().create(key, {"apiVersion": api_version, "metadata": meta, **fields})


def test_slices_lose_the_old_topology_and_count_their_labels(cluster: Cluster) -> None:
    key, endpoint = "endpointslices.discovery.k8s.io", {"addresses": ["10.0.0.1"], "deprecatedTopology": {"a": "b"}}
    made = stored(cluster, key, "discovery.k8s.io/v1", addressType="IPv4", endpoints=[endpoint])
    assert "deprecatedTopology" not in made["endpoints"][0]
    made["metadata"]["labels"] = {"a": "b"}
    assert cluster.client().update(key, made)["metadata"]["generation"] == 2


def test_leases_are_not_coordinated(cluster: Cluster) -> None:
    spec = {"strategy": "OldestEmulationVersion", "preferredHolder": "a", "holderIdentity": "b"}
    made = stored(cluster, "leases.coordination.k8s.io", "coordination.k8s.io/v1", spec=spec)
    assert made["spec"] == {"holderIdentity": "b"}


@pytest.mark.parametrize(
    ("key", "api_version", "fields"),
    [
        ("limitranges", "v1", {"spec": {"limits": []}}),
        (
            "events.events.k8s.io",
            "events.k8s.io/v1",
            {
                "eventTime": "2026-01-01T00:00:00.000000Z",
                "type": "Normal",
                "reason": "R",
                "action": "A",
                "reportingController": "example.com/c",
                "reportingInstance": "i",
                "regarding": {"kind": "Pod", "name": "p", "namespace": "demo"},
            },
        ),
        ("roles.rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1", {"rules": []}),
    ],
)
def test_updates_that_create(cluster: Cluster, key: str, api_version: str, fields: Obj) -> None:
    meta = {"name": "new", "namespace": "demo"}
    body = {"apiVersion": api_version, "metadata": meta, **fields}
    assert cluster.client().update(key, body)["metadata"]["uid"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ({}, "the name of the object (x based on URL) was undeterminable: name must be provided"),
        ({"name": "y"}, "the name of the object (y) does not match the name on the URL (x)"),
        (
            {"name": "x", "namespace": "other"},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_an_update_is_of_the_object_it_names(cluster: Cluster, there: bool, meta: Obj, told: str) -> None:
    client, body = cluster.client(), {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": []}}
    if there:
        client.create("limitranges", {**body, "metadata": {"name": "x"}}, "demo")
    with pytest.raises(StatusError) as caught:
        client.request("update", "limitranges", namespace="demo", name="x", body={**body, "metadata": meta})
    assert (caught.value.reason, caught.value.message) == ("BadRequest", told)


def test_some_kinds_must_say_which_version_they_replace(cluster: Cluster) -> None:
    body = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "x"}, "handler": "runc"}
    client = cluster.client()
    client.create("runtimeclasses.node.k8s.io", body)
    with pytest.raises(StatusError) as caught:
        client.update("runtimeclasses.node.k8s.io", body)
    assert caught.value.message.endswith("metadata.resourceVersion: Invalid value: 0: must be specified for an update")


def test_accounts_keep_the_names_of_their_secrets(cluster: Cluster) -> None:
    secret = {"kind": "Secret", "namespace": "other", "name": "pull"}
    assert stored(cluster, "serviceaccounts", "v1", secrets=[secret])["secrets"] == [{"name": "pull"}]


def test_drivers_count_their_changes(cluster: Cluster) -> None:
    key, client = "csidrivers.storage.k8s.io", cluster.client()
    made = client.create(key, {"apiVersion": "storage.k8s.io/v1", "metadata": {"name": "d.example.com"}, "spec": {}})
    assert "generation" not in made["metadata"]
    made["spec"]["requiresRepublish"] = True
    assert client.update(key, made)["metadata"]["generation"] == 1


def test_taints_of_devices_are_dated(cluster: Cluster) -> None:
    key, taint = "resourceslices.resource.k8s.io", {"key": "example.com/x", "effect": "NoSchedule"}
    spec = {
        "driver": "d.example.com",
        "nodeName": "node-1",
        "pool": {"name": "p", "resourceSliceCount": 1},
        "devices": [{"name": "a", "taints": [taint]}],
    }
    body = {"apiVersion": "resource.k8s.io/v1", "metadata": {"name": "x"}, "spec": spec}
    made = cluster.client().create(key, body)
    assert made["spec"]["devices"][0]["taints"][0]["timeAdded"] == made["metadata"]["creationTimestamp"]


def test_generations_are_the_servers_own(cluster: Cluster) -> None:
    stored(cluster, "configmaps", "v1")
    client = cluster.client()
    changed = client.patch("configmaps", "x", {"metadata": {"generation": 7}}, MERGE_PATCH, "demo")
    assert "generation" not in changed["metadata"]


def test_metadata_can_be_written_through_the_status_of_some_kinds(cluster: Cluster) -> None:
    client, body = cluster.client(), {"metadata": {"labels": {"a": "b"}}}
    spec = {"attacher": "d.example.com", "source": {"persistentVolumeName": "pv"}, "nodeName": "node-1"}
    attachment = {"apiVersion": "storage.k8s.io/v1", "metadata": {"name": "x"}, "spec": spec}
    key = "volumeattachments.storage.k8s.io"
    client.create(key, attachment)
    assert "labels" not in client.patch(key, "x", body, MERGE_PATCH, subresource="status")["metadata"]
    labels = client.patch("nodes", "node-1", body, MERGE_PATCH, subresource="status")["metadata"]["labels"]
    assert labels["a"] == "b"


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"uid": "u"}, 'metadata.uid: Invalid value: "u": field is immutable'),
        (
            {"deletionTimestamp": "2026-01-01T00:00:00Z"},
            'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
        ),
        (
            {"deletionGracePeriodSeconds": 0},
            "metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable",
        ),
    ],
)
def test_patches_cannot_change_what_is_the_systems(cluster: Cluster, changed: Obj, said: str) -> None:
    stored(cluster, "configmaps", "v1")
    with pytest.raises(StatusError) as caught:
        cluster.client().patch("configmaps", "x", {"metadata": changed}, MERGE_PATCH, "demo")
    assert caught.value.message == f'ConfigMap "x" is invalid: {said}'


def test_what_updates_say_of_the_systems_metadata(cluster: Cluster) -> None:
    stored(cluster, "configmaps", "v1")
    client = cluster.client()
    body = {"metadata": {"uid": None, "creationTimestamp": "2020-01-01T00:00:00Z", "selfLink": "/x"}}
    meta = client.patch("configmaps", "x", body, MERGE_PATCH, "demo")["metadata"]
    assert meta["uid"] and meta["creationTimestamp"] > "2020-01-02" and "selfLink" not in meta
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "uid": "u", "resourceVersion": "1"}}
    with pytest.raises(StatusError) as caught:
        client.update("configmaps", other)
    assert f"UID in precondition: u, UID in object meta: {meta['uid']}" in caught.value.message


def test_applying_with_a_uid_creates_nothing(cluster: Cluster) -> None:
    meta = {"name": "x", "namespace": "default", "uid": "u"}
    with pytest.raises(StatusError) as caught:
        cluster.client().apply("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}, "me")
    assert caught.value.message == (
        'Operation cannot be fulfilled on configmaps "x": uid mismatch: the provided object specified uid u, and no'
        " existing object was found"
    )


def test_names_that_the_server_chooses(cluster: Cluster) -> None:
    client = cluster.client()
    space = client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "a-"}})
    assert space["metadata"]["labels"] == {"kubernetes.io/metadata.name": space["metadata"]["name"]}
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {}, "spec": {"limits": []}}
    assert len(client.create("limitranges", limits, "demo")["metadata"]["name"]) == 36


def test_nodes_are_not_configured_through_the_server(cluster: Cluster) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"configSource": {}}}
    made = cluster.client().create("nodes", {**node, "status": {"config": {}}})
    assert "configSource" not in made["spec"]
    assert "config" not in made["status"]
