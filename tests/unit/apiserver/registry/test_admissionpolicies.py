"""Who may write policies and bindings with parameters."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import UserInfo
from minikctl.cluster import Cluster

GROUP = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"
ANN = UserInfo("ann", ("dev", "system:authenticated"), extra={"b": ["1", "2"], "a": ["x"]})
SHOWN = "&{ann  [dev system:authenticated] map[a:[x] b:[1 2]]}"
WRITES = {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["create", "update"]}
Obj = dict[str, Any]


def permit(cluster: Cluster, *rules: Obj) -> None:
    client = cluster.client()
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [WRITES, *rules]}
    client.create(f"clusterroles.{RBAC}", role)
    binding: Obj = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "r"}}
    binding["roleRef"] = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "r"}
    binding["subjects"] = [{"apiGroup": RBAC, "kind": "User", "name": "ann"}]
    client.create(f"clusterrolebindings.{RBAC}", binding)


def policy(kind: str = "ConfigMap", mutating: bool = False) -> Obj:
    rule: Obj = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    spec: Obj = {"paramKind": {"apiVersion": "v1", "kind": kind}, "matchConstraints": {"resourceRules": [rule]}}
    if mutating:
        patch = {"expression": "Object{}"}
        spec["mutations"] = [{"patchType": "ApplyConfiguration", "applyConfiguration": patch}]
        spec["reinvocationPolicy"] = "Never"
    else:
        spec["validations"] = [{"expression": "true"}]
    name = "MutatingAdmissionPolicy" if mutating else "ValidatingAdmissionPolicy"
    return {"apiVersion": f"{GROUP}/v1", "kind": name, "metadata": {"name": "p"}, "spec": spec}


def binding(mutating: bool = False, **reference: Any) -> Obj:
    spec: Obj = {"policyName": "p", "paramRef": {"parameterNotFoundAction": "Deny", **reference}}
    if not mutating:
        spec["validationActions"] = ["Deny"]
    name = "MutatingAdmissionPolicyBinding" if mutating else "ValidatingAdmissionPolicyBinding"
    return {"apiVersion": f"{GROUP}/v1", "kind": name, "metadata": {"name": "b"}, "spec": spec}


def refusal(cluster: Cluster, obj: Obj, verb: str = "create") -> str:
    """What Ann hears when she writes the object; empty where she may."""
    plural = obj["kind"].lower().replace("policybinding", "policybindings").removesuffix("policy")
    plural = plural if plural.endswith("bindings") else f"{plural}policies"
    try:
        getattr(cluster.client(ANN), verb)(f"{plural}.{GROUP}", obj)
    except StatusError as error:
        return "; ".join(f"{cause['field']}: {cause['message']}" for cause in error.details["causes"])
    return ""


@pytest.mark.parametrize("mutating", [False, True])
def test_policies_take_get_on_all_parameters(cluster: Cluster, mutating: bool) -> None:
    permit(cluster, {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    assert refusal(cluster, policy(mutating=mutating)) == (
        f'spec.paramKind: Forbidden: user {SHOWN} must have "get" permission on all objects of the referenced'
        " paramKind (kind=ConfigMap, apiVersion=v1)"
    )
    assert not refusal(cluster, policy("Secret", mutating))


def test_an_update_is_judged_where_the_kind_changes(cluster: Cluster) -> None:
    permit(cluster)
    stored = cluster.client().create(f"validatingadmissionpolicies.{GROUP}", policy())
    stored["spec"]["validations"][0]["message"] = "other"
    assert not refusal(cluster, stored, "update")
    del stored["metadata"]["resourceVersion"]
    stored = cluster.client().get(f"validatingadmissionpolicies.{GROUP}", "p")
    stored["spec"]["paramKind"]["kind"] = "Secret"
    assert "(kind=Secret, apiVersion=v1)" in refusal(cluster, stored, "update")


def test_bindings_take_get_on_a_parameter_and_list_on_several(cluster: Cluster) -> None:
    permit(cluster, {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["c"], "verbs": ["get"]})
    cluster.client().create(f"validatingadmissionpolicies.{GROUP}", policy())
    cluster.client().create(f"mutatingadmissionpolicies.{GROUP}", policy(mutating=True))
    text = 'spec.paramRef: Forbidden: user {} does not have "{}" permission on the object referenced by paramRef'
    assert refusal(cluster, binding(name="d", namespace="default")) == text.format(SHOWN, "get")
    assert refusal(cluster, binding(selector={})) == text.format(SHOWN, "list")
    assert refusal(cluster, binding(True, selector={})) == text.format("list", SHOWN)
    assert not refusal(cluster, binding(name="c", namespace="default"))


def test_bindings_to_what_is_not_known_take_everything(cluster: Cluster) -> None:
    permit(cluster)
    text = f'to determine minimum required permissions and user {SHOWN} does not have "get" permission for all groups,'
    text += " versions and resources"
    assert refusal(cluster, binding(name="c")) == f"spec.paramRef: Forbidden: unable to get policy p {text}"
    cluster.client().create(f"validatingadmissionpolicies.{GROUP}", policy("Nothing"))
    expected = f"spec.paramRef: Forbidden: unable to resolve paramKind &{{v1 Nothing}} {text}"
    assert refusal(cluster, binding(name="c")) == expected
