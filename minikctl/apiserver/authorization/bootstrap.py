"""The roles and bindings a cluster starts with."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def objects() -> list[Obj]:
    """Every bootstrap role and binding, finished, in order of creation."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    every = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}]
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}
            for name in ("system:masters", "system:serviceaccounts:kube-system")
        ]
        + [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-scheduler"}],
    }
    return [{**role, "metadata": {"name": "cluster-admin"}, "rules": every}, binding]
