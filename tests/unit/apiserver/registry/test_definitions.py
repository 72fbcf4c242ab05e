"""CustomResourceDefinitions: names, conditions, stored versions, conversion by webhook."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import APPLY_PATCH, MERGE_PATCH
from minikctl.cluster import Cluster

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
KITES = "kites.toys.example.com"
Obj = dict[str, Any]


def definition(plural: str = "kites", group: str = "toys.example.com", **spec: Any) -> Obj:
    kind = spec.pop("kind", plural.capitalize()[:-1])
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [
        {"name": "v1", "served": True, "storage": True, "schema": schema},
        {"name": "v2", "served": True, "storage": False, "schema": schema},
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", **spec.pop("metadata", {})},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, **spec.pop("names", {})},
            "versions": versions,
            **spec,
        },
    }


def kite(name: str = "red", version: str = "v1", **fields: Any) -> Obj:
    head = {"apiVersion": f"toys.example.com/{version}", "kind": "Kite", "metadata": {"name": name}}
    return {**head, **fields}


def conditions(cluster: Cluster, name: str) -> dict[str, str]:
    crd = cluster.client().get(CRDS, name)
    return {c["type"]: f"{c['status']} {c['reason']}: {c['message']}" for c in crd["status"]["conditions"]}


def resource(cluster: Cluster, version: str) -> Any:
    return cluster.server.resource_set().by_kind(f"toys.example.com/{version}", "Kite")


def test_answer_of_create_has_no_conditions_yet(cluster: Cluster) -> None:
    created = cluster.client().create(CRDS, definition())
    assert created["status"] == {
        "storedVersions": ["v1"],
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
    }
    assert (
        conditions(cluster, KITES)["Established"] == "True InitialNamesAccepted: the initial names have been accepted"
    )


def test_last_conflict_of_names_is_told_and_free_names_are_accepted(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    client.create(CRDS, definition("gliders", kind="Glider", names={"singular": "kite", "listKind": "KiteList"}))
    found = conditions(cluster, "gliders.toys.example.com")
    assert found["NamesAccepted"] == 'False ListKindConflict: "KiteList" is already in use'
    assert found["Established"] == "False NotAccepted: not all names are accepted"
    assert client.get(CRDS, "gliders.toys.example.com")["status"]["acceptedNames"] == {
        "plural": "gliders",
        "kind": "Glider",
    }


def test_names_are_free_when_their_definition_is_gone(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    client.create(CRDS, definition("gliders", kind="Glider", names={"shortNames": ["kite"]}))
    assert conditions(cluster, "gliders.toys.example.com")["NamesAccepted"].startswith("False ShortNamesConflict")
    client.delete(CRDS, KITES)
    cluster.settle()
    assert conditions(cluster, "gliders.toys.example.com")["NamesAccepted"] == "True NoConflicts: no conflicts found"


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ("https://example.com/42", "True ApprovedAnnotation: approved in https://example.com/42"),
        ("unapproved, a trial", 'False UnapprovedAnnotation: not approved: "unapproved, a trial"'),
    ],
)
def test_protected_groups_tell_of_their_approval(cluster: Cluster, annotation: str, told: str) -> None:
    metadata = {"annotations": {"api-approved.kubernetes.io": annotation}}
    cluster.client().create(CRDS, definition(group="toys.k8s.io", metadata=metadata))
    assert conditions(cluster, "kites.toys.k8s.io")["KubernetesAPIApprovalPolicyConformant"] == told


def test_objects_are_stored_in_the_storage_version(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    made = client.create(resource(cluster, "v2"), kite(version="v2", spec={"a": 1}), "demo")
    assert made["apiVersion"] == "toys.example.com/v2"
    stored = cluster.server.peek(KITES, "demo", "red")
    assert stored is not None
    assert stored["apiVersion"] == "toys.example.com/v1"
    again = client.update(resource(cluster, "v2"), made, namespace="demo")
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_terminating_definition_takes_no_new_objects(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    client.create(resource(cluster, "v1"), kite(), "demo")
    client.delete(CRDS, KITES)
    with pytest.raises(StatusError) as caught:
        client.create(resource(cluster, "v1"), kite("blue"), "demo")
    assert caught.value.message == (
        'kites.toys.example.com "blue" is forbidden: create not allowed while custom resource definition is terminating'
    )


def converting(cluster: Cluster, hook: Any, **webhook: Any) -> Any:
    """A definition converted by the hook, with one object stored in v1; its v2 resource."""
    client = cluster.client()
    config = {"url": f"https://127.0.0.1:{hook.port}/convert", "caBundle": hook.bundle}
    conversion = {"clientConfig": config, "conversionReviewVersions": ["v1"], **webhook}
    client.create(CRDS, definition(conversion={"strategy": "Webhook", "webhook": conversion}))
    client.create(resource(cluster, "v1"), kite(spec={"colour": "red"}), "demo")
    return resource(cluster, "v2")


def renamed(request: Obj) -> Obj:
    """A converter between spec.colour (v1) and spec.color (v2)."""
    new, old = ("color", "colour") if request["desiredAPIVersion"].endswith("v2") else ("colour", "color")
    converted = [
        {**obj, "apiVersion": request["desiredAPIVersion"], "spec": {new: obj["spec"][old]}}
        for obj in request["objects"]
    ]
    return {"convertedObjects": converted, "result": {"status": "Success"}}


def test_webhook_converts_what_is_read_and_written(cluster: Cluster, hook: Any) -> None:
    hook.answer = renamed
    row = converting(cluster, hook)
    client = cluster.client()
    found = client.get(row, "red", "demo")
    assert found["spec"] == {"color": "red"}
    assert hook.paths == ["/convert?timeout=30s"]
    found["spec"] = {"color": "blue"}
    client.update(row, found, namespace="demo")
    assert client.get(resource(cluster, "v1"), "red", "demo")["spec"] == {"colour": "blue"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"result": {"status": "Failed", "message": "no way"}}, "failed: no way"),
        ({"result": {"status": "Odd"}}, "failed: response.result.status was 'Odd', not 'Success'"),
        ({"uid": "x", "result": {"status": "Success"}}, "failed: expected response.uid="),
        ({"convertedObjects": [], "result": {"status": "Success"}}, "returned 0 objects, expected 1"),
        (
            {"convertedObjects": [kite()], "result": {"status": "Success"}},
            "returned invalid object at index 0: invalid groupVersion (expected toys.example.com/v2, received"
            " toys.example.com/v1)",
        ),
        (
            {"convertedObjects": [kite("blue", "v2")], "result": {"status": "Success"}},
            "returned invalid object: must have the same name: red != blue",
        ),
    ],
)
def test_what_a_webhook_gets_wrong(cluster: Cluster, hook: Any, answer: Obj, told: str) -> None:
    row = converting(cluster, hook)
    hook.answer = lambda request: answer
    with pytest.raises(StatusError) as caught:
        cluster.client().get(row, "red", "demo")
    assert caught.value.code == 500
    assert f"conversion webhook for toys.example.com/v1, Kind=Kite {told}" in caught.value.message


def test_a_webhook_that_is_not_there(cluster: Cluster, hook: Any) -> None:
    service = {"service": {"namespace": "demo", "name": "converter", "path": "/convert"}}
    row = converting(cluster, hook, clientConfig=service)
    with pytest.raises(StatusError) as caught:
        cluster.client().get(row, "red", "demo")
    assert caught.value.message == (
        "conversion webhook for toys.example.com/v1, Kind=Kite failed: Post "
        '"https://converter.demo.svc:443/convert?timeout=30s": service "converter" not found'
    )


def test_added_finalizers_without_a_path_are_warned_of(cluster: Cluster) -> None:
    client, told = cluster.client(), []
    client.on_warning = told.append
    client.create(CRDS, definition())
    red = kite(metadata={"name": "red", "finalizers": ["kites.toys.example.com", "toys.example.com/kites", "kites"]})
    made = client.create(resource(cluster, "v1"), red, "demo")
    client.update(resource(cluster, "v1"), {**made, "spec": 1}, namespace="demo")
    assert told == [
        'metadata.finalizers: "kites": prefer a domain-qualified finalizer name to avoid accidental conflicts with'
        " other finalizer writers",
        'metadata.finalizers: "kites.toys.example.com": prefer a domain-qualified finalizer name including a path (/)'
        " to avoid accidental conflicts with other finalizer writers",
    ]
    cluster.client().patch(
        resource(cluster, "v1"), "red", {"metadata": {"finalizers": None}}, "application/merge-patch+json", "demo"
    )


def test_status_counts_as_content_where_it_is_no_subresource(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    made = client.create(resource(cluster, "v1"), kite(), "demo")
    changed = client.update(resource(cluster, "v1"), {**made, "status": {"ok": True}}, namespace="demo")
    assert changed["metadata"]["generation"] == 2


def test_a_version_without_a_name_is_refused(cluster: Cluster) -> None:
    nameless = definition()
    del nameless["spec"]["versions"][0]["name"]
    with pytest.raises(StatusError, match=r"spec.versions\[0\].name: Invalid value"):
        cluster.client().create(CRDS, nameless)


def test_objects_are_selected_by_the_fields_of_their_version(cluster: Cluster) -> None:
    crd = definition()
    crd["spec"]["versions"][0]["schema"] = {
        "openAPIV3Schema": {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {"colour": {"type": "string"}, "big": {"type": "boolean"}, "n": {"type": "integer"}},
                }
            },
        }
    }
    names = ("colour", "big", "n")
    crd["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": f".spec.{name}"} for name in names]
    client = cluster.client()
    client.create(CRDS, crd)
    for name, spec in (("a", {"colour": "red", "big": True}), ("b", {"colour": "blue", "n": 3}), ("c", {})):
        client.create(resource(cluster, "v1"), kite(name, spec=spec), "demo")

    def chosen(selector: str, version: str = "v1") -> list[str]:
        found = client.list(resource(cluster, version), "demo", field_selector=selector)
        return [one["metadata"]["name"] for one in found["items"]]

    assert chosen("spec.colour=red") == ["a"]
    assert chosen("spec.colour!=red,spec.n=3") == ["b"]
    assert chosen("spec.big=true") == ["a"]
    assert chosen("spec.colour=") == ["c"]
    with pytest.raises(StatusError) as caught:
        chosen("spec.colour=red", "v2")
    assert "field label not supported: spec.colour" in caught.value.message


def test_scaling_a_custom_object_does_not_tell_who_did_it(cluster: Cluster) -> None:
    client, crd = cluster.client(), definition()
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    crd["spec"]["versions"][0]["subresources"] = {"scale": paths}
    client.create(CRDS, crd)
    key = resource(cluster, "v1")
    client.create(key, kite(spec={"size": 1, "tail": 2}), "demo")
    patch = {"spec": {"replicas": 3}}
    client.patch(key, "red", patch, "application/merge-patch+json", "demo", subresource="scale")
    managed = client.get(key, "red", "demo")["metadata"]["managedFields"]
    assert [(entry["fieldsV1"], "time" in entry) for entry in managed] == [
        ({"f:spec": {"f:size": {}}}, False),
        ({"f:spec": {".": {}, "f:tail": {}}}, True),
    ]
    applied = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 4}}
    with pytest.raises(StatusError, match="no corresponding type for autoscaling/v1, Kind=Scale"):
        client.patch(key, "red", applied, "application/apply-patch+yaml", "demo", subresource="scale", fieldManager="m")


def typed(version: str, storage: bool = False, **properties: Obj) -> Obj:
    spec = {"type": "object", "properties": properties}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": version, "served": True, "storage": storage, "schema": schema}


def test_objects_are_read_by_the_schema_of_today(cluster: Cluster) -> None:
    client, text = cluster.client(), {"type": "string"}
    client.create(CRDS, definition(versions=[typed("v1", True, old=text, kept=text)]))
    client.create(resource(cluster, "v1"), kite(spec={"old": "a", "kept": "b"}), "demo")
    versions = [typed("v1", True, kept=text, fresh={**text, "default": "c"})]
    client.patch(CRDS, KITES, {"spec": {"versions": versions}}, "application/merge-patch+json")
    assert client.get(resource(cluster, "v1"), "red", "demo")["spec"] == {"kept": "b", "fresh": "c"}
    (listed,) = client.list(resource(cluster, "v1"), "demo")["items"]
    assert listed["spec"] == {"kept": "b", "fresh": "c"}
    patch = {"metadata": {"labels": {"a": "b"}}}
    patched = client.patch(resource(cluster, "v1"), "red", patch, "application/merge-patch+json", "demo")
    assert (patched["spec"], patched["metadata"]["generation"]) == ({"kept": "b", "fresh": "c"}, 1)


def test_the_answer_of_a_write_is_what_was_stored(cluster: Cluster) -> None:
    client, text = cluster.client(), {"type": "string"}
    both = [typed("v1", True, a=text, fresh={**text, "default": "c"}), typed("v2", a=text, b=text)]
    client.create(CRDS, definition(versions=both))
    made = client.create(resource(cluster, "v2"), kite(version="v2", spec={"a": "1", "b": "2"}), "demo")
    assert (made["apiVersion"], made["spec"]) == ("toys.example.com/v2", {"a": "1", "fresh": "c"})
    patch = {"spec": {"a": "3", "b": "4"}}
    patched = client.patch(resource(cluster, "v2"), "red", patch, "application/merge-patch+json", "demo")
    assert patched["spec"] == {"a": "3", "fresh": "c"}


def test_another_kind_than_that_of_the_path_is_invalid(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    with pytest.raises(StatusError) as caught:
        client.create(resource(cluster, "v1"), {**kite(), "kind": "Bird"}, "demo")
    assert caught.value.message == ('Bird.toys.example.com "red" is invalid: kind: Invalid value: "Bird": must be Kite')


def test_the_scale_of_a_custom_object_without_replicas(cluster: Cluster) -> None:
    client, crd = cluster.client(), definition()
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    crd["spec"]["versions"][0]["subresources"] = {"scale": paths}
    client.create(CRDS, crd)
    key = resource(cluster, "v1")
    client.create(key, kite(), "demo")
    with pytest.raises(StatusError) as caught:
        client.get(key, "red", "demo", subresource="scale")
    assert caught.value.message == 'Internal error occurred: the spec replicas field ".spec.size" does not exist'

    def scale(patch: Obj) -> Obj:
        return client.patch(key, "red", patch, "application/merge-patch+json", "demo", subresource="scale")

    with pytest.raises(StatusError, match=r'the spec replicas field "\.spec\.size" cannot be empty'):
        scale({})
    with pytest.raises(
        StatusError, match=r"^Kite.toys.example.com \"red\" is invalid: .spec.size: Invalid value: -1: "
    ):
        scale({"spec": {"replicas": -1}})
    assert scale({"spec": {"replicas": 2}})["spec"] == {"replicas": 2}
    assert client.get(key, "red", "demo")["spec"] == {"size": 2}


def test_a_part_that_a_custom_kind_does_not_have(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    client.create(resource(cluster, "v1"), kite(), "demo")
    with pytest.raises(StatusError) as caught:
        client.patch(resource(cluster, "v1"), "red", {}, "application/merge-patch+json", "demo", subresource="status")
    assert (caught.value.code, caught.value.message) == (404, 'kites.toys.example.com "red" not found')


def test_a_damaged_status_does_no_harm(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CRDS, definition())
    names = client.get(CRDS, KITES)["status"]["acceptedNames"]
    assert names == {"plural": "kites", "kind": "Kite", "singular": "kite", "listKind": "KiteList"}
    damage: Obj = {"acceptedNames": {"kind": None, "singular": None}, "conditions": [{"status": "True"}]}
    damage["storedVersions"] = None
    client.patch(CRDS, KITES, {"status": damage}, MERGE_PATCH, subresource="status")
    status = client.get(CRDS, KITES)["status"]
    assert status["acceptedNames"] == names
    assert [condition.get("type") for condition in status["conditions"]] == ["", "NamesAccepted", "Established"]
    labelled = client.patch(CRDS, KITES, {"metadata": {"labels": {"a": "b"}}}, MERGE_PATCH)
    assert labelled["status"]["storedVersions"] == ["v1"]
    client.delete(CRDS, KITES)
    cluster.settle()
    assert client.list(CRDS)["items"] == []


def test_what_is_applied_names_its_kind_by_strings(cluster: Cluster) -> None:
    with pytest.raises(StatusError, match="invalid object type: /, Kind="):
        cluster.client().patch(CRDS, KITES, {"apiVersion": 3, "kind": []}, APPLY_PATCH, fieldManager="me")
