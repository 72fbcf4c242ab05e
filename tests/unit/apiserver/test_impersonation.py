"""Acting as somebody else: the modes, what each asks, and what is told where none lets it."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import UserInfo
from minikctl.cluster import Cluster

RBAC = "rbac.authorization.k8s.io"
AUTH = "authentication.k8s.io"
ANN = UserInfo("ann", ("system:authenticated",))
Obj = dict[str, Any]


def allow(cluster: Cluster, *rules: tuple[str, str, str], who: str = "ann", name: str = "rights") -> None:
    """Rules as (verb, group, resource), for ann."""
    made = [{"verbs": [verb], "apiGroups": [group], "resources": [resource]} for verb, group, resource in rules]
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": name}}
    client = cluster.client()
    client.create(f"clusterroles.{RBAC}", {**head, "kind": "ClusterRole", "rules": made})
    subject = {"kind": "User", "name": who, "apiGroup": RBAC}
    reference = {"kind": "ClusterRole", "name": name, "apiGroup": RBAC}
    bound = {**head, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference}
    client.create(f"clusterrolebindings.{RBAC}", bound)


def listing(cluster: Cluster, wanted: UserInfo, asker: UserInfo = ANN) -> str:
    """ "" where the asker may list pods as the wanted user, otherwise what it is told."""
    try:
        cluster.client(asker, impersonate=wanted).list("pods", "demo")
    except StatusError as error:
        return error.message
    return ""


def test_the_first_refusal_is_told(cluster: Cluster) -> None:
    told = 'pods is forbidden: User "ann" cannot impersonate-on:user-info:list resource "pods" in API group ""'
    assert listing(cluster, UserInfo("bob")) == f'{told} in the namespace "demo"'
    allow(cluster, ("impersonate-on:user-info:list", "", "pods"))
    told = f'users.{AUTH} "bob" is forbidden: User "ann" cannot impersonate:user-info resource "users" in API group'
    assert listing(cluster, UserInfo("bob")) == f'{told} "{AUTH}" at the cluster scope'


def test_the_right_of_old_is_enough(cluster: Cluster) -> None:
    allow(cluster, ("impersonate", "", "users"))
    allow(cluster, ("list", "", "pods"), who="bob", name="bobs")
    assert listing(cluster, UserInfo("bob")) == ""


def test_constrained_rights_are_for_what_is_done(cluster: Cluster) -> None:
    allow(cluster, ("impersonate-on:user-info:list", "", "pods"), ("impersonate:user-info", AUTH, "users"))
    allow(cluster, ("*", "", "*"), who="bob", name="bobs")
    assert listing(cluster, UserInfo("bob")) == ""
    with pytest.raises(StatusError, match="cannot impersonate-on:user-info:list resource"):
        cluster.client(ANN, impersonate=UserInfo("bob")).list("secrets", "demo")
    told = listing(cluster, UserInfo("bob", ("system:masters",)))
    assert told.endswith("at the cluster scope: impersonating the system:masters group is not allowed")


def test_service_accounts_and_nodes_have_modes_of_their_own(cluster: Cluster) -> None:
    account = UserInfo("system:serviceaccount:demo:robot")
    assert "cannot impersonate-on:serviceaccount:list" in listing(cluster, account)
    assert "cannot impersonate-on:arbitrary-node:list" in listing(cluster, UserInfo("system:node:node-1"))
    agent = UserInfo("system:serviceaccount:demo:agent", extra={"authentication.kubernetes.io/node-name": ["node-1"]})
    assert "cannot impersonate-on:associated-node:list" in listing(cluster, UserInfo("system:node:node-1"), agent)
    rights = (("impersonate-on:associated-node:list", "", "pods"), ("impersonate:associated-node", AUTH, "nodes"))
    allow(cluster, *rights, who=agent.name)
    told = listing(cluster, UserInfo("system:node:node-1"), agent)
    assert told == "" or 'User "system:node:node-1"' in told


def test_an_administrator_is_anybody_with_the_groups_that_come_with_it(cluster: Cluster) -> None:
    def whoami(wanted: UserInfo) -> Obj:
        body = {"apiVersion": f"{AUTH}/v1", "kind": "SelfSubjectReview"}
        client = cluster.client(impersonate=wanted)
        info: Obj = client.create(f"selfsubjectreviews.{AUTH}", body)["status"]["userInfo"]
        return info

    assert whoami(UserInfo("bob"))["groups"] == ["system:authenticated"]
    groups = ["system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"]
    assert whoami(UserInfo("system:serviceaccount:demo:robot"))["groups"] == groups
    assert whoami(UserInfo("system:node:node-1"))["groups"] == ["system:nodes", "system:authenticated"]
    assert whoami(UserInfo("x", ("system:masters",)))["groups"] == ["system:masters", "system:authenticated"]
