"""The roles a cluster starts with: complete, finished and as upstream has them."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.authorization import bootstrap
from minikctl.apiserver.authorization.bootstrap_roles import GATED_CONTROLLER_ROLES
from minikctl.controllers.manager import CONTROLLERS

Objects = dict[tuple[str, str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def policy() -> Objects:
    return {(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in bootstrap.objects()}


def test_every_object_is_marked_as_a_default(policy: Objects) -> None:
    for obj in policy.values():
        assert obj["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        assert obj["metadata"]["annotations"] == {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def test_every_binding_names_a_role_that_exists(policy: Objects) -> None:
    for (kind, namespace, _), obj in policy.items():
        if kind.endswith("Binding"):
            reference = obj["roleRef"]
            where = namespace if reference["kind"] == "Role" else ""
            assert (reference["kind"], where, reference["name"]) in policy


def test_rules_are_sorted_lists(policy: Objects) -> None:
    rule = policy["ClusterRole", "", "system:controller:job-controller"]["rules"][0]
    assert rule == {
        "apiGroups": ["batch"],
        "resources": ["jobs"],
        "verbs": ["get", "list", "patch", "update", "watch"],
    }
    for obj in policy.values():
        for rule in obj.get("rules", ()):
            assert all(values == sorted(values) and values for values in rule.values())


def test_aggregated_roles_come_with_their_parts(policy: Objects) -> None:
    view = policy["ClusterRole", "", "view"]
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert view["rules"] == policy["ClusterRole", "", "system:aggregate-to-view"]["rules"]
    admin = policy["ClusterRole", "", "admin"]["rules"]
    assert all(rule in admin for rule in policy["ClusterRole", "", "edit"]["rules"])
    assert admin[-1]["resources"] == ["rolebindings", "roles"]


def test_every_controller_has_a_role() -> None:
    special = {"tokens-controller", "token-cleaner", "bootstrap-signer"}  # an own user; namespaced roles
    names = {obj["metadata"]["name"] for obj in bootstrap.objects(GATED_CONTROLLER_ROLES)}
    for row in CONTROLLERS:
        if row.account not in special and not row.account.startswith("system:"):
            assert f"system:controller:{row.account}" in names


def test_a_closed_gate_brings_no_role(policy: Objects) -> None:
    for roles in GATED_CONTROLLER_ROLES.values():
        assert not any(("ClusterRole", "", f"system:controller:{name}") in policy for name in roles)
