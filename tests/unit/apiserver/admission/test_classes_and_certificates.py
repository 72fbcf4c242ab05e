"""RuntimeClass, PriorityClass, growing claims, zones, and the certificate plugins."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import x509
from minikctl.apimachinery.request import UserInfo

# CN=amelia, O=pilots
REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIZE1JR0VBZ0VBTUNJeER6QU5CZ05WQkFvTUJuQnBiRzkwY3pFUE1BMEdB"
    "MVVFQXd3R1lXMWxiR2xoTUZrdwpFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRXpiZ0sycVY2MzVWaXJqdjEyR0ttcnZUS0ROVWo5"
    "cFdmCkZIS2toYU9sMW9WTytxaXYvNDJ0bEVqZVVHanR4eTY1VzRTSTZiSGVrSjJOMHlvV0l3SG5zS0FBTUFvR0NDcUcKU000OUJBTUNBMGdB"
    "TUVVQ0lBbTRXRm1FNjZ1ekNwYnlleFJ2eEdHR2hobHFzVVJHczRRM3AxUnhLcWFWQWlFQQpybFFFY3lCM1J5b1FmNWJScE9Ua1ZPVldBRmdV"
    "bmtRUHArejdoT1Y0eGdFPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
)


def runtime_class(api: Any) -> None:
    scheduling = {"nodeSelector": {"sandbox": "yes"}, "tolerations": [{"key": "s", "operator": "Exists"}]}
    api.create(
        {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": "boxed"},
            "handler": "gvisor",
            "overhead": {"podFixed": {"cpu": "50m"}},
            "scheduling": scheduling,
        }
    )


def test_runtime_class_fills_in(api: Any) -> None:
    runtime_class(api)
    spec = api.create(api.pod(runtimeClassName="boxed"))["spec"]
    assert spec["overhead"] == {"cpu": "50m"}
    assert spec["nodeSelector"] == {"sandbox": "yes"}
    assert spec["tolerations"][-1] == {"key": "s", "operator": "Exists"}


def test_an_ingress_gets_the_newest_default_class(api: Any) -> None:
    for name in ("b", "a"):
        notes = {"ingressclass.kubernetes.io/is-default-class": "true"}
        meta = {"name": name, "annotations": notes}
        kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass"}
        api.create({**kind, "metadata": meta, "spec": {"controller": "example.com/x"}})
        api.cluster.advance(1 if name == "b" else 0)
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}}
    assert api.create({**ingress, "spec": {"defaultBackend": backend}})["spec"]["ingressClassName"] == "a"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"runtimeClassName": "none"}, 'pod rejected: RuntimeClass "none" not found'),
        (
            {"overhead": {"cpu": "1"}},
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            {"runtimeClassName": "boxed", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            {"runtimeClassName": "boxed", "nodeSelector": {"sandbox": "no"}},
            "conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no",
        ),
    ],
)
def test_runtime_class_refuses(api: Any, spec: dict[str, Any], message: str) -> None:
    runtime_class(api)
    assert api.refusal(api.create, api.pod(**spec)) == f'pods "p" is forbidden: {message}'


def test_system_priority_classes_stay(api: Any) -> None:
    refused = api.refusal(api.client.delete, "priorityclasses.scheduling.k8s.io", "system-node-critical")
    assert refused.endswith("is forbidden: this is a system priority class and cannot be deleted")


def test_a_pod_made_with_a_node_gets_its_zone(api: Any) -> None:
    labels = {"metadata": {"labels": {"topology.kubernetes.io/zone": "z1"}}}
    api.client.patch("nodes", "node-1", labels, "application/merge-patch+json")
    made = api.create(api.pod(nodeName="node-1"))
    assert made["metadata"]["labels"] == {"topology.kubernetes.io/zone": "z1"}


def test_names_in_a_certificate_request() -> None:
    assert x509.request_subject(REQUEST) == x509.Subject("amelia", ("pilots",))
    assert x509.request_subject("bm90IGEgcmVxdWVzdA==") is None
    assert x509.request_subject("%") is None


def test_signers_have_approvers(api: Any, cluster: Any) -> None:
    rule = {"apiGroups": ["certificates.k8s.io"], "resources": ["*"], "verbs": ["get", "update"]}
    version = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "csr"}}
    api.create({**version, "kind": "ClusterRole", "rules": [rule]})
    subject = {"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "csr"}
    api.create({**version, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference})
    made = api.create(
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": "amelia"},
            "spec": {"request": REQUEST, "signerName": "hangar.example.com/badges", "usages": ["client auth"]},
        }
    )
    made["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "r", "message": "m"}]}
    client = cluster.client(UserInfo("ann", ("system:authenticated",)))
    refused = api.refusal(
        client.update, made_kind := "certificatesigningrequests.certificates.k8s.io", made, "approval"
    )
    why = 'user not permitted to approve requests with signerName "hangar.example.com/badges"'
    assert refused == f'{made_kind} "amelia" is forbidden: {why}'


def test_refusals_of_new_pods_say_what_their_names_begin_with(api: Any) -> None:
    pod = api.pod(priorityClassName="none")
    pod["metadata"] = {"generateName": "web-"}
    assert api.refusal(api.create, pod) == 'pods "web-" is forbidden: no PriorityClass with name none was found'
    refused = api.refusal(api.create, api.pod(preemptionPolicy="Never"))
    assert refused == (
        'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; '
        "priority admission controller computed PreemptLowerPriority from the given PriorityClass name"
    )


def test_the_topology_of_its_node_becomes_a_pods(api: Any) -> None:
    zone = "topology.kubernetes.io/zone"
    api.client.patch("nodes", "node-1", {"metadata": {"labels": {zone: "z1"}}}, "application/merge-patch+json")
    for name, more in (("placed", {"nodeName": "node-1"}), ("bound", {"schedulerName": "none"})):
        pod = api.pod(name, **more)
        pod["metadata"]["labels"] = {zone: "elsewhere", "a": "b"}
        api.create(pod)
    binding = {"metadata": {"name": "bound", "labels": {"c": "d"}}, "target": {"kind": "Node", "name": "node-1"}}
    api.client.create("pods", binding, "demo", subresource="binding", name="bound")
    assert api.client.get("pods", "placed", "demo")["metadata"]["labels"] == {zone: "z1", "a": "b"}
    assert api.client.get("pods", "bound", "demo")["metadata"]["labels"] == {zone: "z1", "a": "b", "c": "d"}
