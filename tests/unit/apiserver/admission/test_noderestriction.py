"""What a kubelet may read (Node authorizer) and write (NodeRestriction)."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.request import MERGE_PATCH, UserInfo

# CN=amelia, O=pilots
REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIZE1JR0VBZ0VBTUNJeER6QU5CZ05WQkFvTUJuQnBiRzkwY3pFUE1BMEdB"
    "MVVFQXd3R1lXMWxiR2xoTUZrdwpFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRXpiZ0sycVY2MzVWaXJqdjEyR0ttcnZUS0ROVWo5"
    "cFdmCkZIS2toYU9sMW9WTytxaXYvNDJ0bEVqZVVHanR4eTY1VzRTSTZiSGVrSjJOMHlvV0l3SG5zS0FBTUFvR0NDcUcKU000OUJBTUNBMGdB"
    "TUVVQ0lBbTRXRm1FNjZ1ekNwYnlleFJ2eEdHR2hobHFzVVJHczRRM3AxUnhLcWFWQWlFQQpybFFFY3lCM1J5b1FmNWJScE9Ua1ZPVldBRmdV"
    "bmtRUHArejdoT1Y0eGdFPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
)
KUBELET = UserInfo("system:node:node-1", ("system:nodes", "system:authenticated"))


@pytest.fixture
def kubelet(api: Any) -> Any:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "used", "key": "a"}}}]
    api.create(api.pod("mine", [{"name": "c", "image": "x", "env": env}], nodeName="node-1"))
    api.create(api.pod("other", nodeName="node-2"))
    for name in ("used", "unused"):
        api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}})
    return api.cluster.client(KUBELET)


def test_it_reads_what_its_pods_refer_to(api: Any, kubelet: Any) -> None:
    assert kubelet.get("secrets", "used", "demo")["kind"] == "Secret"
    refused = api.refusal(kubelet.get, "secrets", "unused", "demo")
    assert refused == (
        'secrets "unused" is forbidden: User "system:node:node-1" cannot get resource "secrets" in API group "" in the '
        "namespace \"demo\": no relationship found between node 'node-1' and this object"
    )
    assert api.refusal(kubelet.list, "secrets", "demo").endswith(": No Object name found")
    assert api.refusal(kubelet.get, "nodes", "node-2").endswith("cannot read 'node-2', only its own Node object")
    assert len(kubelet.list("pods", field_selector="spec.nodeName=node-1")["items"]) == 1
    assert "can only list/watch pods with spec.nodeName" in api.refusal(kubelet.list, "pods")
    assert "cannot list resource" in api.refusal(kubelet.list, "deployments.apps", "demo")


def test_it_changes_its_own_node(api: Any, kubelet: Any) -> None:
    def patch(name: str, **meta: Any) -> Any:
        return kubelet.patch("nodes", name, {"metadata": meta}, MERGE_PATCH)

    patch("node-1", labels={"kubelet.kubernetes.io/x": "1", "free": "1"})
    refused = api.refusal(patch, "node-1", labels={"node-restriction.kubernetes.io/x": "1"})
    assert refused.endswith(": is not allowed to modify labels: node-restriction.kubernetes.io/x")
    assert api.refusal(patch, "node-2", labels={"a": "b"}).endswith('is not allowed to modify node "node-2"')
    taints = {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
    refused = api.refusal(kubelet.patch, "nodes", "node-1", taints, MERGE_PATCH)
    assert refused.endswith('node "node-1" is not allowed to modify taints')


def test_it_makes_mirror_pods_and_ends_its_own(api: Any, kubelet: Any) -> None:
    refused = api.refusal(kubelet.create, "pods", api.pod("p", nodeName="node-1"), "demo")
    assert 'node "node-1" can only create mirror pods' in refused
    kubelet.delete("pods", "mine", "demo")
    refused = api.refusal(kubelet.delete, "pods", "other", "demo")
    assert refused.endswith('node "node-1" can only delete pods with spec.nodeName set to itself')
    status = {"status": {"message": "m"}}
    refused = api.refusal(kubelet.patch, "pods", "other", status, MERGE_PATCH, "demo", "status")
    assert "can only update pod status for pods with spec.nodeName set to itself" in refused


def test_leases_are_its_own(api: Any, kubelet: Any) -> None:
    leases = "leases.coordination.k8s.io"
    assert kubelet.get(leases, "node-1", "kube-node-lease")["spec"]["holderIdentity"] == "node-1"
    assert "same name as the requesting node" in api.refusal(kubelet.get, leases, "node-2", "kube-node-lease")
    assert 'leases in the "kube-node-lease"' in api.refusal(kubelet.get, leases, "node-1", "demo")


def test_mirror_pods_are_owned_by_their_node_and_name_nothing(api: Any, kubelet: Any) -> None:
    uid = api.client.get("nodes", "node-1")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": uid, "controller": True}

    def mirror(owner: dict[str, Any], **spec: Any) -> dict[str, Any]:
        pod: dict[str, Any] = api.pod("static", nodeName="node-1", **spec)
        pod["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
        pod["metadata"]["ownerReferences"] = [owner]
        return pod

    def refused(owner: dict[str, Any], **spec: Any) -> str:
        told: str = api.refusal(kubelet.create, "pods", mirror(owner, **spec), "demo")
        return told

    start = 'node "node-1"'
    assert refused({**owner, "controller": False}).endswith(
        f"{start} can only create pods with a controller owner reference set to itself"
    )
    assert refused({**owner, "blockOwnerDeletion": True}).endswith(
        f"{start} must not set blockOwnerDeletion on an owner reference"
    )
    assert refused({**owner, "uid": "x"}).endswith(f"node node-1 UID mismatch: expected x got {uid}")
    volumes = [{"name": "v", "configMap": {"name": "c"}}]
    assert refused(owner, volumes=volumes).endswith(f"{start} can not create pods that reference configmaps")
    assert kubelet.create("pods", mirror(owner), "demo")["metadata"]["name"] == "static"


def test_tokens_are_for_its_pods(api: Any, kubelet: Any) -> None:
    def refused(**bound: str) -> str:
        spec = {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", **bound}} if bound else {}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        told: str = api.refusal(kubelet.create, "serviceaccounts", request, "demo", "token", "default")
        return told

    uids = {name: api.client.get("pods", name, "demo")["metadata"]["uid"] for name in ("mine", "other")}
    assert refused().endswith("node requested token not bound to a pod")
    assert refused(name="mine").endswith("node requested token with a pod binding without a uid")
    assert "does not match the UID in record" in refused(name="mine", uid="x")
    assert refused(name="other", uid=uids["other"]).endswith(
        "node requested token bound to a pod scheduled on a different node"
    )


def test_it_tells_of_its_own_devices(api: Any, kubelet: Any) -> None:
    def slice_of(node: str) -> dict[str, Any]:
        spec = {"driver": "d.example.com", "nodeName": node, "pool": {"name": node, "resourceSliceCount": 1}}
        kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice"}
        return {**kind, "metadata": {"name": f"s-{node}"}, "spec": spec}

    kubelet.create("resourceslices.resource.k8s.io", slice_of("node-1"))
    refused = api.refusal(kubelet.create, "resourceslices.resource.k8s.io", slice_of("node-2"))
    assert refused.endswith(": can only create ResourceSlice with the same NodeName as the requesting node")
    api.create(slice_of("node-2"))
    refused = api.refusal(kubelet.delete, "resourceslices.resource.k8s.io", "s-node-2")
    assert refused.endswith(": no relationship found between node 'node-1' and this object")
    assert kubelet.get("resourceslices.resource.k8s.io", "s-node-1")["spec"]["nodeName"] == "node-1"
    refused = api.refusal(kubelet.list, "resourceslices.resource.k8s.io")
    assert refused.endswith(": can only list/watch/deletecollection resourceslices with nodeName field selector")
    own = kubelet.list("resourceslices.resource.k8s.io", field_selector="spec.nodeName=node-1")
    assert [one["metadata"]["name"] for one in own["items"]] == ["s-node-1"]


def test_it_asks_for_certificates_of_its_own_name(api: Any, kubelet: Any) -> None:
    def request(signer: str) -> dict[str, Any]:
        spec = {"request": REQUEST, "signerName": signer, "usages": ["digital signature", "server auth"]}
        kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
        return {**kind, "metadata": {"name": "r"}, "spec": spec}

    requests = "certificatesigningrequests.certificates.k8s.io"
    refused = api.refusal(kubelet.create, requests, request("kubernetes.io/kubelet-serving"))
    assert refused.endswith('"r" is forbidden: can only create a node CSR with CN=system:node:node-1')
    kubelet.create(requests, request("example.com/mine"))


def test_tokens_are_for_whom_the_volumes_say(api: Any, kubelet: Any) -> None:
    source = {"serviceAccountToken": {"audience": "vault", "path": "t"}}
    volumes = [
        {"name": "t", "projected": {"sources": [source]}},
        {"name": "v", "csi": {"driver": "d.example.com"}},
    ]
    plain = {"nodeName": "node-1", "automountServiceAccountToken": False}
    api.create(api.pod("vaulted", volumes=volumes, **plain))
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "d.example.com"}}
    api.create({**driver, "spec": {"tokenRequests": [{"audience": "driver"}], "volumeLifecycleModes": ["Ephemeral"]}})
    uid = api.client.get("pods", "vaulted", "demo")["metadata"]["uid"]

    def ask(*audiences: str) -> Any:
        bound = {"apiVersion": "v1", "kind": "Pod", "name": "vaulted", "uid": uid}
        request = {"spec": {"boundObjectRef": bound, **({"audiences": [*audiences]} if audiences else {})}}
        return kubelet.create("serviceaccounts", request, "demo", "token", "default")

    for audience in ("vault", "driver"):
        assert ask(audience)["status"]["token"]
    assert api.refusal(ask, "other").endswith(': audience "other" not found in pod spec volume')
    assert api.refusal(ask).endswith(': audience "" not found in pod spec volume')
    assert api.refusal(ask, "vault", "driver").endswith(": node may only request 0 or 1 audiences")
    rule = {"apiGroups": [""], "resources": ["other"], "verbs": ["request-serviceaccounts-token-audience"]}
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "audiences"}}
    api.create({**kind, "kind": "ClusterRole", "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "audiences"}
    nodes = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}
    api.create({**kind, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [nodes]})
    assert ask("other")["status"]["token"]
