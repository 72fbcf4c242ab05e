"""RBAC decisions: bindings, names, subresources, what is remembered, and the words of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.authorization import Attributes
from minikctl.cluster import Cluster

ANN = UserInfo("ann", ("system:authenticated",))
RBAC = "rbac.authorization.k8s.io"


def grant(cluster: Cluster, name: str, rules: list[dict[str, Any]], kind: str = "Role") -> None:
    client = cluster.client()
    namespace = "demo" if kind == "Role" else ""
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    version = {"apiVersion": f"{RBAC}/v1"}
    client.create(f"{kind.lower()}s.{RBAC}", {**version, "kind": kind, "metadata": meta, "rules": rules}, namespace)
    binding = {
        **version,
        "kind": f"{kind}Binding",
        "metadata": meta,
        "subjects": [{"kind": "User", "name": "ann", "apiGroup": RBAC}],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
    }
    client.create(f"{kind.lower()}bindings.{RBAC}", binding, namespace)


def refusal(cluster: Cluster, user: UserInfo, *get: str) -> str:
    with pytest.raises(StatusError) as caught:
        cluster.client(user).get(*get)
    return caught.value.message


def test_names_are_looked_at_where_a_rule_has_some(cluster: Cluster) -> None:
    grant(cluster, "one", [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]}])
    assert cluster.client(ANN).find("configmaps", "a", "demo") is None
    why = 'configmaps "b" is forbidden: User "ann" cannot get resource "configmaps" in API group ""'
    assert refusal(cluster, ANN, "configmaps", "b", "demo") == why + ' in the namespace "demo"'
    assert cluster.client(ANN).find("configmaps", "a", "demo") is None


def test_a_new_binding_changes_a_remembered_decision(cluster: Cluster) -> None:
    user = UserInfo("ann", ("system:authenticated",))
    assert "cannot get" in refusal(cluster, user, "secrets", "s", "demo")
    grant(cluster, "read", [{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}])
    assert cluster.client(user).find("secrets", "s", "demo") is None
    cluster.client().delete(f"rolebindings.{RBAC}", "read", "demo")
    assert "cannot get" in refusal(cluster, user, "secrets", "s", "demo")


def test_cluster_scope_and_missing_roles(cluster: Cluster) -> None:
    grant(cluster, "nodes", [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}], "ClusterRole")
    assert cluster.client(ANN).get("nodes", "node-1")["kind"] == "Node"
    cluster.client().delete(f"clusterroles.{RBAC}", "nodes")
    message = refusal(cluster, ANN, "nodes", "node-1")
    assert message.endswith('at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "nodes" not found')


@pytest.mark.parametrize(
    ("path", "allowed"), [("/healthz", True), ("/api/v1", True), ("/metrics", False), ("/openapi", True)]
)
def test_everyone_may_discover(cluster: Cluster, path: str, allowed: bool) -> None:
    assert cluster.server.authorizer.decide(Attributes(ANN, "get", path=path)).allowed is allowed


def test_reasons_name_the_binding(cluster: Cluster) -> None:
    decision = cluster.server.authorizer.decide(
        Attributes(ANN, "create", "authorization.k8s.io", "selfsubjectaccessreviews")
    )
    reason = 'RBAC: allowed by ClusterRoleBinding "system:basic-user" of ClusterRole "system:basic-user" to Group '
    assert decision.reason == reason + '"system:authenticated"'
