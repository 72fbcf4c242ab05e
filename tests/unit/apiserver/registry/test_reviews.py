"""Access reviews: who may ask what, and what is wrong with a question."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.resources import by_kind
from minikctl.cluster import Cluster

Obj = dict[str, Any]
PODS = {"namespace": "demo", "verb": "list", "resource": "pods"}


def ask(cluster: Cluster, kind: str, spec: Obj, metadata: Obj | None = None) -> Obj:
    row = by_kind("authorization.k8s.io/v1", kind)
    assert row is not None
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": metadata or {}, "spec": spec}
    return cluster.client().request("create", row, namespace="demo" if row.namespaced else "", body=body)


def test_answers(cluster: Cluster) -> None:
    allowed = ask(cluster, "SelfSubjectAccessReview", {"resourceAttributes": PODS})
    assert allowed["status"]["allowed"] is True
    denied = ask(cluster, "SubjectAccessReview", {"user": "bob", "resourceAttributes": PODS})
    assert denied["status"]["allowed"] is False
    denied = ask(cluster, "LocalSubjectAccessReview", {"user": "bob", "resourceAttributes": PODS})
    assert denied["status"]["allowed"] is False


@pytest.mark.parametrize(
    ("kind", "spec", "metadata", "told"),
    [
        (
            "SubjectAccessReview",
            {},
            {},
            "[spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes"
            ' must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
        ),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": PODS, "nonResourceAttributes": {"path": "/x", "verb": "get"}},
            {},
            'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination'
            " with resourceAttributes",
        ),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": {**PODS, "fieldSelector": {"requirements": [{"operator": "In"}]}}},
            {},
            "[spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified,"
            " spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when"
            " `operator` is 'In' or 'NotIn']",
        ),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": PODS},
            {"name": "x"},
            'metadata: Invalid value: {"name":"x","managedFields":[{"manager":"kubectl","operation":"Update",'
            '"apiVersion":"authorization.k8s.io/v1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":'
            '{"f:resourceAttributes":{".":{},"f:namespace":{},"f:resource":{},"f:verb":{}}}}}]}: must be empty',
        ),
        (
            "LocalSubjectAccessReview",
            {"user": "bob", "resourceAttributes": {**PODS, "namespace": "other"}},
            {"namespace": "demo"},
            'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
        ),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": {**PODS, "labelSelector": {}}},
            {},
            "spec.resourceAttributes.labelSelector.requirements: Required value: when"
            " spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required",
        ),
    ],
)
def test_bad_questions(cluster: Cluster, kind: str, spec: Obj, metadata: Obj, told: str) -> None:
    with pytest.raises(StatusError) as caught:
        ask(cluster, kind, spec, metadata)
    assert caught.value.message == f'.authorization.k8s.io "" is invalid: {told}'


def test_selectors_that_cannot_be_read_are_told(cluster: Cluster) -> None:
    fields = [{"key": "a", "operator": "In", "values": ["x"]}, {"key": "b", "operator": "In", "values": ["x", "y"]}]
    spec = {**PODS, "fieldSelector": {"requirements": fields}, "labelSelector": {"rawSelector": "a in ("}}
    review = ask(cluster, "SelfSubjectAccessReview", {"resourceAttributes": spec})
    start = "spec.resourceAttributes"
    assert review["status"] == {
        "allowed": True,
        "evaluationError": f"{start}.fieldSelector partially ignored due to parse error; "
        f"{start}.labelSelector ignored due to parse error",
    }
    readable = {"fieldSelector": {"rawSelector": "a=b"}, "labelSelector": {"rawSelector": "a in (b)"}}
    review = ask(cluster, "SelfSubjectAccessReview", {"resourceAttributes": {**PODS, **readable}})
    assert review["status"] == {"allowed": True}


def test_rules_say_which_roles_are_missing(cluster: Cluster) -> None:
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": "gone"}
    subjects = [{"kind": "Group", "name": "system:masters", "apiGroup": group}]
    head = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": "b"}}
    cluster.client().create(f"rolebindings.{group}", {**head, "subjects": subjects, "roleRef": reference}, "demo")
    status = ask(cluster, "SelfSubjectRulesReview", {"namespace": "demo"})["status"]
    assert (status["incomplete"], status["evaluationError"]) == (False, f'roles.{group} "gone" not found')
