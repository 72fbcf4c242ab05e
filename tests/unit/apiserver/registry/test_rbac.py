"""RBAC kinds: nobody grants what they do not hold."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import UserInfo
from minikctl.cluster import Cluster

RBAC = "rbac.authorization.k8s.io"
V1 = {"apiVersion": f"{RBAC}/v1"}
ANN = UserInfo("ann", ("dev", "system:authenticated"))
HEAD = (
    'is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not'
    " currently held:\n"
)
Obj = dict[str, Any]
ANY_ROLE = {
    "apiGroups": [RBAC],
    "resources": ["roles", "rolebindings", "clusterroles"],
    "verbs": ["create", "get", "update", "patch"],
}


def cluster_role(name: str, *rules: Obj, **more: Any) -> Obj:
    return {**V1, "kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules), **more}


def role(name: str, *rules: Obj) -> Obj:
    return {**V1, "kind": "Role", "metadata": {"name": name, "namespace": "demo"}, "rules": list(rules)}


def binding(name: str, kind: str, to: str) -> Obj:
    return {
        **V1,
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "demo"},
        "subjects": [{"kind": "User", "name": "bob", "apiGroup": RBAC}],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": to},
    }


def hold(cluster: Cluster, *rules: Obj) -> None:
    """Ann may write RBAC objects and do what the rules say, everywhere."""
    client = cluster.client()
    client.create(f"clusterroles.{RBAC}", cluster_role("anns", ANY_ROLE, *rules))
    bound = binding("anns", "ClusterRole", "anns")
    bound["kind"], bound["metadata"] = "ClusterRoleBinding", {"name": "anns"}
    bound["subjects"][0]["name"] = "ann"
    client.create(f"clusterrolebindings.{RBAC}", bound)


def refusal(action: Any, *args: Any) -> str:
    with pytest.raises(StatusError) as caught:
        action(*args)
    return caught.value.message


def test_what_is_missing_is_listed_rule_by_rule(cluster: Cluster) -> None:
    hold(cluster, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    wanted = [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
        {"nonResourceURLs": ["/x"], "verbs": ["get", "post"]},
    ]
    told = refusal(cluster.client(ANN).create, f"clusterroles.{RBAC}", cluster_role("r", *wanted))
    assert told == f'clusterroles.{RBAC} "r" {HEAD}' + "\n".join(
        [
            '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
            '{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list" "watch"]}',
            '{NonResourceURLs:["/x"], Verbs:["get"]}',
            '{NonResourceURLs:["/x"], Verbs:["post"]}',
        ]
    )


def test_a_change_of_labels_is_looked_at_too_but_not_one_of_finalizers(cluster: Cluster) -> None:
    hold(cluster)
    cluster.client().create(
        f"roles.{RBAC}", role("r", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}), "demo"
    )
    merge = "application/merge-patch+json"
    client = cluster.client(ANN)
    client.patch(f"roles.{RBAC}", "r", {"metadata": {"finalizers": ["a.io/x"]}}, merge, "demo")
    told = refusal(client.patch, f"roles.{RBAC}", "r", {"metadata": {"labels": {"a": "b"}}}, merge, "demo")
    assert told.startswith(f'roles.{RBAC} "r" {HEAD}')


def test_aggregation_needs_everything(cluster: Cluster) -> None:
    hold(cluster)
    rule = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    told = refusal(cluster.client(ANN).create, f"clusterroles.{RBAC}", cluster_role("r", aggregationRule=rule))
    assert told.endswith("is forbidden: must have cluster-admin privileges to use the aggregationRule")


def test_bindings_are_to_roles_that_are_there_and_held(cluster: Cluster) -> None:
    hold(cluster)
    bindings = f"rolebindings.{RBAC}"
    client = cluster.client(ANN)
    assert refusal(client.create, bindings, binding("b", "Role", "gone"), "demo") == f'roles.{RBAC} "gone" not found'
    told = refusal(client.create, bindings, binding("b", "ClusterRole", "cluster-admin"), "demo")
    assert told.startswith(f'{bindings} "b" {HEAD}{{APIGroups:["*"], Resources:["*"], Verbs:["*"]}}\n')


def test_bind_and_escalate_are_rights_of_their_own(cluster: Cluster) -> None:
    hold(
        cluster,
        {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["bind"], "resourceNames": ["view"]},
        {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate"]},
    )
    client = cluster.client(ANN)
    client.create(f"rolebindings.{RBAC}", binding("b", "ClusterRole", "view"), "demo")
    client.create(f"roles.{RBAC}", role("r", {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), "demo")


def test_what_may_not_be_granted_is_refused_before_it_is_looked_at(cluster: Cluster) -> None:
    hold(cluster)
    client = cluster.client(ANN)
    wanted = role("r", {"apiGroups": [""], "resources": ["pods"]})
    assert "verbs must contain at least one value" in refusal(client.create, f"roles.{RBAC}", wanted, "demo")
    wanted["rules"].append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    assert HEAD in refusal(client.create, f"roles.{RBAC}", wanted, "demo")
    generated = {**wanted, "metadata": {"generateName": "r-"}}
    assert refusal(client.create, f"roles.{RBAC}", generated, "demo").startswith(f"roles.{RBAC} {HEAD}")
    told = refusal(client.create, f"rolebindings.{RBAC}", binding("b", "Pod", "view"), "demo")
    assert told == 'unsupported role reference kind: "Pod"'


def test_a_dry_run_grants_nothing_either(cluster: Cluster) -> None:
    hold(cluster)
    wanted = role("r", {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    with pytest.raises(StatusError, match="is attempting to grant"):
        cluster.client(ANN).create(f"roles.{RBAC}", wanted, "demo", dryRun="All")


def test_who_may_escalate_one_role_may_not_make_it(cluster: Cluster) -> None:
    hold(cluster, {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate"], "resourceNames": ["r"]})
    client = cluster.client(ANN)
    wanted = role("r", {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    assert HEAD in refusal(client.create, f"roles.{RBAC}", wanted, "demo")
    client.create(f"roles.{RBAC}", role("r"), "demo")
    client.update(f"roles.{RBAC}", wanted)


def test_an_update_that_makes_a_role_needs_the_right_to_create(cluster: Cluster) -> None:
    admin = cluster.client()
    changer = {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["update", "patch"]}
    admin.create(f"clusterroles.{RBAC}", cluster_role("changer", changer))
    admin.create(f"rolebindings.{RBAC}", {**binding("b", "ClusterRole", "changer")}, "demo")
    client = cluster.client(UserInfo("bob"))
    told = f'roles.{RBAC} "r" is forbidden: User "bob" cannot create resource "roles" in API group "{RBAC}"'
    assert refusal(client.update, f"roles.{RBAC}", role("r")).startswith(told)
    assert refusal(client.apply, f"roles.{RBAC}", role("r"), "me").startswith(told)


def test_roles_that_are_gone_are_told_beside_what_is_missing(cluster: Cluster) -> None:
    hold(cluster)
    lost = binding("lost", "Role", "gone")
    lost["subjects"][0]["name"] = "ann"
    cluster.client().create(f"rolebindings.{RBAC}", lost, "demo")
    wanted = role("r", {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    told = refusal(cluster.client(ANN).create, f"roles.{RBAC}", wanted, "demo")
    assert told.endswith(f'Verbs:["get"]}}; resolution errors: [roles.{RBAC} "gone" not found]')
