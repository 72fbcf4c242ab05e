"""Metadata rules, in upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver import validation
from minikctl.apiserver.validation import metadata, names

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start"
    " and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def created(**meta: Any) -> list[str]:
    meta = {"name": "ok", "namespace": "demo", **meta}
    return [str(e) for e in metadata.validate_object_meta(meta, True, names.subdomain_name)]


def test_names_and_generated_names() -> None:
    assert created() == []
    assert created(name="Bad_Name") == [f'metadata.name: Invalid value: "Bad_Name": {SUBDOMAIN}']
    assert created(generateName="web-") == []
    assert created(name="") == ["metadata.name: Required value: name or generateName is required"]
    assert created(name="s" * 254)[0].endswith("must be no more than 253 characters")


def test_labels_and_annotations() -> None:
    assert created(labels={"example.com/role": "web", "empty": ""}) == []
    assert "a valid label key must consist of" in created(labels={"example.com/a/b": "c"})[0]
    assert created(labels={"a": "v" * 64})[0].endswith("must be no more than 63 bytes")
    assert created(annotations={"UPPER.example/key": "any text at all"}) == []
    assert created(annotations={"big": "x" * 262145}) == [
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    ]


def test_owner_references() -> None:
    good = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": True}
    assert created(ownerReferences=[good]) == []
    errors = created(ownerReferences=[good, {**good, "name": "b"}])
    assert len(errors) == 1
    assert errors[0].endswith('Found "true" in references for ReplicaSet/a and ReplicaSet/b')
    assert created(ownerReferences=[{}]) == [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ]


def test_updates() -> None:
    old = {"name": "a", "uid": "1", "resourceVersion": "5", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    new = {**old, "finalizers": ["x.example/y"], "uid": "2"}
    assert [str(e) for e in metadata.validate_object_meta_update(new, old)] == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted,"
        ' found new finalizers []string{"x.example/y"}',
        'metadata.uid: Invalid value: "2": field is immutable',
    ]


@pytest.mark.parametrize(
    ("key", "name", "problem"),
    [
        ("services", "9lives", ""),
        ("services", "cats.web", "must not contain dots"),
        ("namespaces", "Team.A", "a lowercase RFC 1123 label"),
        ("roles.rbac.authorization.k8s.io", "pod:reader", ""),
        ("roles.rbac.authorization.k8s.io", "pod/reader", "may not contain '/'"),
        ("configmaps", "robot:1", "a lowercase RFC 1123 subdomain"),
    ],
)
def test_each_kind_has_its_name_rule(key: str, name: str, problem: str) -> None:
    errors = metadata.name_check(key)(name, False)
    assert errors[0].startswith(problem) if problem else not errors


def test_finalizers_without_a_domain_are_kubernetes_own() -> None:
    meta = {"name": "x", "namespace": "demo", "finalizers": ["orphan", "mine", "example.com/mine"]}
    told = [
        'metadata.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully'
        " qualified"
    ]
    assert [str(error) for error in validation.create("configmaps", {"metadata": meta})] == told
    assert validation.create("gizmos.example.com", {"metadata": meta}) == []
    assert validation.create("leases.coordination.k8s.io", {"metadata": meta}) == []
    old = {"metadata": {**meta, "resourceVersion": "1", "finalizers": []}}
    new = {"metadata": {**old["metadata"], "finalizers": meta["finalizers"]}}
    assert [str(error) for error in validation.update("configmaps", new, old)] == told
    ended = {**new, "spec": {"finalizers": ["kubernetes", "own"]}}
    told = validation.update("namespaces", {**ended, "metadata": old["metadata"]}, old, "finalize")
    assert [error.field for error in told] == ["spec.finalizers[1]"]


def test_unknown_kinds_get_the_metadata_rules() -> None:
    thing = {"metadata": {"name": "-"}}
    assert [e.field for e in validation.create("gizmos.example.com", thing)] == ["metadata.name"]
    assert validation.warnings("gizmos.example.com", thing) == []
