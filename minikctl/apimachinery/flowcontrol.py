"""API Priority and Fairness's own objects: the mandatory ones and the suggested ones.

A new cluster starts with them and gets them again where they are deleted; validation keeps the mandatory
ones as they are here, but for what the exempt level may change. Counterpart of
`apiserver/pkg/apis/flowcontrol/bootstrap`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj

MANDATORY = ("exempt", "catch-all")
_VERSION = "flowcontrol.apiserver.k8s.io/v1"
_AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
_EVERYBODY = ("Group:system:unauthenticated", "Group:system:authenticated")
_KUBE_SYSTEM = "ServiceAccount:kube-system/"

# (name, nominal shares, lendable percent, (queues, hand size, queue length limit) or () for none)
_LIMITED: tuple[tuple[str, int, int, tuple[int, ...]], ...] = (
    ("catch-all", 5, 0, ()),
    ("system", 30, 33, (64, 6, 50)),
    ("node-high", 40, 25, (64, 6, 50)),
    ("leader-election", 10, 0, (16, 4, 50)),
    ("workload-high", 40, 50, (128, 6, 50)),
    ("workload-low", 100, 90, (128, 6, 50)),
    ("global-default", 20, 50, (128, 6, 50)),
)

_Rule = tuple[str, str, str, str, bool]
_EVERYTHING: tuple[_Rule, ...] = (("*", "*", "*", "*", True),)
_LEASES: _Rule = ("get,create,update", "coordination.k8s.io", "leases", "*", False)
# (name, level, precedence, distinguisher, subjects, resource rules, (verbs, URLs) of other requests)
_FLOWS: tuple[tuple[str, str, int, str, tuple[str, ...], tuple[_Rule, ...], tuple[str, str] | None], ...] = (
    ("exempt", "exempt", 1, "", ("Group:system:masters",), _EVERYTHING, ("*", "*")),
    ("catch-all", "catch-all", 10000, "ByUser", _EVERYBODY, _EVERYTHING, ("*", "*")),
    ("probes", "exempt", 2, "", _EVERYBODY, (), ("get", "/healthz,/readyz,/livez")),
    (
        *("system-leader-election", "leader-election", 100, "ByUser"),
        ("User:system:kube-controller-manager", "User:system:kube-scheduler", _KUBE_SYSTEM + "*"),
        (_LEASES,),
        None,
    ),
    (
        *("endpoint-controller", "workload-high", 150, "ByUser"),
        (
            "User:system:kube-controller-manager",
            _KUBE_SYSTEM + "endpoint-controller",
            _KUBE_SYSTEM + "endpointslicemirroring-controller",
        ),
        (("get,create,update", "", "endpoints", "*", False),),
        None,
    ),
    (
        *("workload-leader-election", "leader-election", 200, "ByUser"),
        (_KUBE_SYSTEM + "*",),
        (("get,create,update", "", "endpoints,configmaps", "*", False), _LEASES),
        None,
    ),
    (
        *("system-node-high", "node-high", 400, "ByUser"),
        ("Group:system:nodes",),
        (("*", "", "nodes,nodes/status", "*", True), ("*", "coordination.k8s.io", "leases", "*", False)),
        None,
    ),
    ("system-nodes", "system", 500, "ByUser", ("Group:system:nodes",), _EVERYTHING, ("*", "*")),
    (
        *("kube-controller-manager", "workload-high", 800, "ByNamespace"),
        *(("User:system:kube-controller-manager",), _EVERYTHING, ("*", "*")),
    ),
    (
        *("kube-scheduler", "workload-high", 800, "ByNamespace"),
        *(("User:system:kube-scheduler",), _EVERYTHING, ("*", "*")),
    ),
    (
        *("kube-system-service-accounts", "workload-high", 900, "ByNamespace"),
        *((_KUBE_SYSTEM + "*",), _EVERYTHING, ("*", "*")),
    ),
    ("service-accounts", "workload-low", 9000, "ByUser", ("Group:system:serviceaccounts",), _EVERYTHING, ("*", "*")),
    ("global-default", "global-default", 9900, "ByUser", _EVERYBODY, _EVERYTHING, ("*", "*")),
)  # fmt: skip


def objects(now: str) -> list[tuple[str, Obj]]:
    """The objects of a new cluster with their resource keys; every schema's level exists at `now`."""
    found = [(LEVELS, _object("PriorityLevelConfiguration", name, spec)) for name, spec in level_specs().items()]
    for name, spec in schema_specs().items():
        schema = _object("FlowSchema", name, spec)
        condition = dangling(spec["priorityLevelConfiguration"]["name"], True)
        schema["status"] = {"conditions": [{**condition, "lastTransitionTime": now}]}
        found.append((SCHEMAS, schema))
    return found


def dangling(level: str, exists: bool) -> Obj:
    """The Dangling condition of a FlowSchema that references the level."""
    what = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
    return {
        "type": "Dangling",
        "status": "False" if exists else "True",
        "reason": "Found" if exists else "NotFound",
        "message": f"{what} and it exists" if exists else f"{what} but there is no such object",
    }


def _object(kind: str, name: str, spec: Obj) -> Obj:
    meta: Obj = {"name": name, "generation": 1, "annotations": {_AUTO_UPDATE: "true"}}
    return {"apiVersion": _VERSION, "kind": kind, "metadata": meta, "spec": spec, "status": {}}


def level_specs() -> dict[str, Obj]:
    """Specs of the priority levels by name."""
    specs: dict[str, Obj] = {
        "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    }
    for name, shares, lendable, queuing in _LIMITED:
        response: dict[str, Any] = {"type": "Reject"}
        if queuing:
            names = ("queues", "handSize", "queueLengthLimit")
            response = {"type": "Queue", "queuing": dict(zip(names, queuing, strict=True))}
        limited = {"nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response}
        specs[name] = {"type": "Limited", "limited": limited}
    return specs


def schema_specs() -> dict[str, Obj]:
    """Specs of the flow schemas by name."""
    specs: dict[str, Obj] = {}
    for name, level, precedence, method, subjects, rules, others in _FLOWS:
        rule: Obj = {"subjects": [_subject(text) for text in subjects]}
        if rules:
            rule["resourceRules"] = [_resource_rule(item) for item in rules]
        if others:
            rule["nonResourceRules"] = [{"verbs": others[0].split(","), "nonResourceURLs": others[1].split(",")}]
        spec: Obj = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence, "rules": [rule]}
        if method:
            spec["distinguisherMethod"] = {"type": method}
        specs[name] = spec
    return specs


def _subject(text: str) -> Obj:
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount":
        namespace, _, account = name.partition("/")
        return {"kind": kind, "serviceAccount": {"namespace": namespace, "name": account}}
    return {"kind": kind, kind.lower(): {"name": name}}


def _resource_rule(rule: _Rule) -> Obj:
    verbs, groups, names, namespaces, cluster_scope = rule
    shown: Obj = {
        "verbs": verbs.split(","),
        "apiGroups": groups.split(","),
        "resources": names.split(","),
        "namespaces": namespaces.split(","),
    }
    return {**shown, "clusterScope": True} if cluster_scope else shown
