"""Rows of nodes, namespaces and the small cluster-wide kinds."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, UNKNOWN, Obj, age, define, name

_ROLE_PREFIX = "node-role.kubernetes.io/"


def _roles(obj: Obj) -> str:
    roles = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key[len(_ROLE_PREFIX) :])
        elif key == "kubernetes.io/role":
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _node_status(obj: Obj) -> str:
    text = "Unknown"
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready":
            text = "Ready" if condition.get("status") == "True" else "NotReady"
    return text + ",SchedulingDisabled" if (obj.get("spec") or {}).get("unschedulable") else text


def _address(obj: Obj, kind: str) -> str:
    for address in (obj.get("status") or {}).get("addresses") or ():
        if address.get("type") == kind:
            return str(address.get("address", ""))
    return NONE


def _node(obj: Obj, now: float) -> list[Any]:
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    return [
        name(obj),
        _node_status(obj),
        _roles(obj),
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [name(obj), (obj.get("status") or {}).get("phase", ""), age(obj, now)]


def _component_status(obj: Obj, now: float) -> list[Any]:
    for condition in obj.get("conditions") or ():
        if condition.get("type") == "Healthy":
            status = "Healthy" if condition.get("status") == "True" else "Unhealthy"
            return [name(obj), status, condition.get("message", ""), condition.get("error", "")]
    return [name(obj), "Unknown", "", ""]


def _lease(obj: Obj, now: float) -> list[Any]:
    return [name(obj), (obj.get("spec") or {}).get("holderIdentity") or "", age(obj, now)]


def _priority_class(obj: Obj, now: float) -> list[Any]:
    policy = obj.get("preemptionPolicy") or ""
    return [name(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now), policy]


def _runtime_class(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("handler", ""), age(obj, now)]


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = (obj.get("spec") or {}).get("service")
    where = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    available = "Unknown"
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Available":
            available = condition.get("status", "")
            if available != "True" and condition.get("reason"):
                available = f"{available} ({condition['reason']})"
            break
    return [name(obj), where, available, age(obj, now)]


TABLES = {
    "nodes": (
        define(
            "Name",
            "Status",
            "Roles",
            "Age",
            "Version",
            "Internal-IP+",
            "External-IP+",
            "OS-Image+",
            "Kernel-Version+",
            "Container-Runtime+",
        ),
        _node,
    ),
    "namespaces": (define("Name", "Status", "Age"), _namespace),
    "componentstatuses": (define("Name", "Status", "Message", "Error"), _component_status),
    "leases.coordination.k8s.io": (define("Name", "Holder", "Age"), _lease),
    "priorityclasses.scheduling.k8s.io": (
        define("Name", "Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"),
        _priority_class,
    ),
    "runtimeclasses.node.k8s.io": (define("Name", "Handler", "Age"), _runtime_class),
    "apiservices.apiregistration.k8s.io": (define("Name", "Service", "Available", "Age"), _api_service),
}
