"""Who may ask for administrator's access to devices, and who writes what into the status of claims."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, UserInfo
from minikctl.cluster import ADMIN, Cluster

CLAIMS = "resourceclaims.resource.k8s.io"
TEMPLATES = "resourceclaimtemplates.resource.k8s.io"
ROLES = "clusterroles.rbac.authorization.k8s.io"
BINDINGS = "clusterrolebindings.rbac.authorization.k8s.io"
RBAC = "rbac.authorization.k8s.io/v1"
VERSION = "resource.k8s.io/v1"
Obj = dict[str, Any]
UNMARKED = (
    "Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label"
    " on the containing namespace"
)
RESULT = {"request": "one", "driver": "d.example.com", "pool": "p", "device": "a"}
TERM = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
ON_NODE = {"nodeSelectorTerms": [TERM]}
ALLOCATED = {"allocation": {"devices": {"results": [RESULT]}, "nodeSelector": ON_NODE}}
SAID = {"driver": "d.example.com", "pool": "p", "device": "a"}


def claim(admin: bool = False) -> Obj:
    exactly: Obj = {"deviceClassName": "big"}
    if admin:
        exactly["adminAccess"] = True
    spec = {"devices": {"requests": [{"name": "one", "exactly": exactly}]}}
    return {"apiVersion": VERSION, "kind": "ResourceClaim", "metadata": {"name": "c"}, "spec": spec}


def template(admin: bool) -> Obj:
    spec = {"spec": claim(admin)["spec"]}
    return {"apiVersion": VERSION, "kind": "ResourceClaimTemplate", "metadata": {"name": "t"}, "spec": spec}


def permit(cluster: Cluster, user: str, *rules: tuple[str, str]) -> None:
    """Let a user do these: verb and resource, over the whole cluster."""
    listed = [{"apiGroups": ["resource.k8s.io"], "resources": [name], "verbs": [verb]} for verb, name in rules]
    client = cluster.client()
    role = {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "devices"}, "rules": listed}
    subjects = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "devices"}
    binding: Obj = {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": "devices"}}
    client.create(ROLES, role)
    client.create(BINDINGS, {**binding, "roleRef": ref, "subjects": subjects})


def causes(found: StatusError) -> list[str]:
    return [f"{cause['field']}: {cause['message']}" for cause in found.details["causes"]]


def test_admin_access_is_for_marked_namespaces(cluster: Cluster) -> None:
    client = cluster.client()
    for key, obj in ((CLAIMS, claim(True)), (TEMPLATES, template(True))):
        with pytest.raises(StatusError) as refused:
            client.create(key, obj, "default")
        assert causes(refused.value) == [f"spec.devices.requests[0].adminAccess: {UNMARKED}"]
    label = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
    client.patch("namespaces", "default", label, MERGE_PATCH)
    for key, obj in ((CLAIMS, claim(True)), (TEMPLATES, template(True))):
        assert client.create(key, obj, "default")


def test_allocations_with_admin_access_too(cluster: Cluster) -> None:
    client = cluster.client()
    client.create(CLAIMS, claim(), "default")
    status = {"allocation": {"devices": {"results": [{**RESULT, "adminAccess": True}]}}}
    with pytest.raises(StatusError) as refused:
        client.patch(CLAIMS, "c", {"status": status}, MERGE_PATCH, "default", subresource="status")
    assert causes(refused.value) == [f"status.allocation.devices.results[0].adminAccess: {UNMARKED}"]


def write_status(cluster: Cluster, user: UserInfo, status: Obj) -> Obj:
    client = cluster.client(user)
    return client.patch(CLAIMS, "c", {"status": status}, MERGE_PATCH, "default", subresource="status")


@pytest.mark.parametrize(
    "node, verbs", [("n1", "associated-node:patch arbitrary-node:patch"), ("n2", "arbitrary-node:patch")]
)
def test_statuses_of_claims_take_permissions_of_their_parts(cluster: Cluster, node: str, verbs: str) -> None:
    extra = {"authentication.kubernetes.io/node-name": [node]}
    driver = UserInfo("system:serviceaccount:default:driver", ("system:authenticated",), extra=extra)
    permit(cluster, driver.name, ("patch", "resourceclaims/status"))
    cluster.client().create(CLAIMS, claim(), "default")
    with pytest.raises(StatusError) as refused:
        write_status(cluster, driver, {**ALLOCATED, "devices": [SAID]})
    who, group = f'User "{driver.name}" cannot', 'in API group "resource.k8s.io"'
    assert causes(refused.value) == [
        "status: Forbidden: changing status.allocation or status.reservedFor requires"
        ' resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: '
        f'{who} patch resource "resourceclaims/binding" {group} at the cluster scope',
        'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver",'
        f' verb="[{verbs}]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: '
        f'{who} {verbs.split()[0]} resource "resourceclaims/driver" {group} in the namespace "default"',
    ]


def test_drivers_say_what_they_may_of_devices(cluster: Cluster) -> None:
    permit(cluster, "ann", ("patch", "resourceclaims/status"), ("arbitrary-node:patch", "resourceclaims/driver"))
    cluster.client().create(CLAIMS, claim(), "default")
    write_status(cluster, ADMIN, ALLOCATED)
    ann = UserInfo("ann", ("system:authenticated",))
    assert write_status(cluster, ann, {"devices": [SAID]})["status"]["devices"] == [SAID]
    assert "devices" not in write_status(cluster, ADMIN, {"allocation": None}).get("status", {})
