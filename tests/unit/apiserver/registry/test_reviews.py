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
            'metadata: Invalid value: {"name":"x"}: must be empty',
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
