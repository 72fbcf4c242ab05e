"""The roles and bindings a cluster starts with, as finished objects. Called once per cluster.

Counterpart of the `rbac/bootstrap-roles` post-start hook; the aggregated roles (view, edit, admin)
come with the rules that the aggregation controller would give them.
"""

from __future__ import annotations

from collections.abc import Iterable

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.authorization import bootstrap_roles as data

_GROUP = "rbac.authorization.k8s.io"
_AGGREGATE_TO = f"{_GROUP}/aggregate-to-"
_CONTROLLER = "system:controller:"


def objects(gates: Iterable[str] = ()) -> list[Obj]:
    """Every bootstrap role and binding, in order of creation; `gates` that are open bring theirs."""
    controllers = dict(data.CONTROLLER_ROLES)
    for gate in gates:
        controllers |= data.GATED_CONTROLLER_ROLES.get(gate, {})
    rules: dict[str, list[Obj]] = {name: _rules(texts) for name, texts in data.CLUSTER_ROLES.items()}
    for name in data.AGGREGATED:
        parts = sorted(part for part, whole in data.AGGREGATE_TO.items() if whole == name)
        rules[name] = _distinct(rule for part in parts for rule in rules[part])
    for name, texts in controllers.items():
        rules[_CONTROLLER + name] = _rules(texts)
    found = [_cluster_role(name, rules[name]) for name in sorted(rules)]
    found += [_binding("ClusterRole", name, subjects) for name, subjects in data.CLUSTER_ROLE_BINDINGS.items()]
    for name in controllers:
        found.append(_binding("ClusterRole", _CONTROLLER + name, (f"ServiceAccount kube-system/{name}",)))
    for (namespace, name), texts in data.ROLES.items():
        found.append({**_head("Role", name, namespace), "rules": _rules(texts)})
    for (namespace, name), (role, subjects) in data.ROLE_BINDINGS.items():
        found.append(_binding("Role", role, subjects, name, namespace))
    return found


def node_rules() -> list[Obj]:
    """What kubelets may do, within the bounds of the Node authorizer."""
    return _rules(data.CLUSTER_ROLES["system:node"])


def _head(kind: str, name: str, namespace: str = "") -> Obj:
    meta: Obj = {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": meta}


def _cluster_role(name: str, rules: list[Obj]) -> Obj:
    role = _head("ClusterRole", name)
    if name in data.AGGREGATE_TO:
        role["metadata"]["labels"][_AGGREGATE_TO + data.AGGREGATE_TO[name]] = "true"
    if name in data.AGGREGATED:
        role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {_AGGREGATE_TO + name: "true"}}]}
    role["rules"] = rules
    return role


def _rules(texts: tuple[str, ...]) -> list[Obj]:
    return [_rule(text) for text in texts]


def _rule(text: str) -> Obj:
    verbs, groups, *rest = text.split(" ")
    rule: Obj = {}
    if groups == "url":
        rule["nonResourceURLs"] = sorted(rest[0].split(","))
    else:
        rule["apiGroups"] = sorted("" if group == "core" else group for group in groups.split(","))
        rule["resources"] = sorted(rest[0].split(","))
        if len(rest) > 1:
            rule["resourceNames"] = sorted(rest[1].split(","))
    rule["verbs"] = sorted(verb for word in verbs.split(",") for verb in data.VERBS.get(word, word).split(","))
    return rule


def _distinct(rules: Iterable[Obj]) -> list[Obj]:
    found: list[Obj] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return found


def _binding(kind: str, role: str, subjects: tuple[str, ...], name: str = "", namespace: str = "") -> Obj:
    binding = _head("RoleBinding" if namespace else "ClusterRoleBinding", name or role, namespace)
    binding["roleRef"] = {"apiGroup": _GROUP, "kind": kind, "name": role}
    if subjects:
        binding["subjects"] = [_subject(subject) for subject in subjects]
    return binding


def _subject(text: str) -> Obj:
    kind, _, name = text.partition(" ")
    if kind == "ServiceAccount":
        where, _, account = name.partition("/")
        return {"kind": kind, "name": account, "namespace": where}
    return {"apiGroup": _GROUP, "kind": kind, "name": name}
