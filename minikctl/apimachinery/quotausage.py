"""What an object costs a ResourceQuota, and which quotas it falls under.

One set of rules for admission, which charges, and the controller, which counts. Counterpart of
upstream's `pkg/quota/v1/evaluator/core` and `quota/v1/generic`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.podresources import aggregate_quantities
from minikctl.apimachinery.quantity import Quantity, of_int, parse
from minikctl.apimachinery.request import Obj

Usage = dict[str, Quantity]

# Kinds that are counted under their own plural, beside "count/PLURAL.GROUP" that every kind has.
_COUNTED = {
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
}
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_STORAGE_SUFFIX = ".storageclass.storage.k8s.io/"
_DEVICE_CLAIMS, _DEVICES_SUFFIX = "resourceclaims.resource.k8s.io", ".deviceclass.resource.k8s.io/devices"
# The most results an allocation can have, which is what "All" may come to.
_MOST_DEVICES = 32
_POD_SCOPES = {
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
}


def usage(resource_key: str, obj: Obj, now: float = 0.0) -> Usage:
    """Everything one object costs, by quota resource name."""
    one = of_int(1)
    found: Usage = {f"count/{resource_key}": one}
    if resource_key == "pods":
        found.update(_pod_usage(obj, now))
    elif resource_key in _COUNTED:
        found[resource_key] = one
    if resource_key == "services":
        found.update(_service_usage(obj))
    elif resource_key == "persistentvolumeclaims":
        found.update(_claim_usage(obj))
    elif resource_key == _DEVICE_CLAIMS:
        found.update(_device_usage(obj))
    return found


def resource_of(name: str) -> str:
    """The resource key whose objects a hard limit is about."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name in _COUNTED:
        return name
    if name.startswith("services."):
        return "services"
    if name == "requests.storage" or _STORAGE_SUFFIX in name or name.endswith(".storageclass.storage.k8s.io"):
        return "persistentvolumeclaims"
    return _DEVICE_CLAIMS if name.endswith(_DEVICES_SUFFIX) else "pods"


def concerns(quota: Obj, resource_key: str) -> list[str]:
    """The hard limits of a quota that objects of this kind count against."""
    return [name for name in (quota["spec"].get("hard") or {}) if resource_of(name) == resource_key]


def in_scope(quota: Obj, resource_key: str, obj: Obj) -> bool:
    """Whether the object matches every scope of the quota."""
    requirements = scope_requirements(quota)
    return all(_matches(requirement, resource_key, obj) for requirement in requirements)


def scope_requirements(quota: Obj) -> list[Obj]:
    """`scopes` and `scopeSelector` as one list of requirements."""
    spec = quota["spec"]
    found: list[Obj] = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    found += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return found


def is_finished(pod: Obj, now: float) -> bool:
    """Whether a pod no longer holds compute resources: ended, or past its time to terminate."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    deleted = pod["metadata"].get("deletionTimestamp")
    if not deleted or not now or not pod["metadata"].get("deletionGracePeriodSeconds"):
        return False
    from minikctl.apimachinery.clock import parse_time

    return parse_time(deleted) < now


def total(objects: Iterable[Usage], names: Iterable[str]) -> Usage:
    """The sum of several usages, of these names only; zero where nothing uses one."""
    names = list(names)
    sums = dict.fromkeys(names, of_int(0))
    for one in objects:
        for name in names:
            if name in one:
                sums[name] = sums[name] + one[name]
    return sums


def _pod_usage(pod: Obj, now: float) -> Usage:
    if is_finished(pod, now):
        return {}
    found: Usage = {"pods": of_int(1)}
    spec = pod["spec"]
    for kind, prefix in (("requests", "requests."), ("limits", "limits.")):
        amounts = aggregate_quantities(spec, kind)
        for name, text in ((spec.get("resources") or {}).get(kind) or {}).items():
            amounts[name] = parse(text)
        for name, text in (spec.get("overhead") or {}).items():
            if kind == "requests" or name in amounts:
                amounts[name] = amounts[name] + parse(text) if name in amounts else parse(text)
        for name, quantity in amounts.items():
            if kind == "requests" and (name in _COMPUTE or name.startswith("hugepages-")):
                found[name] = quantity
            if kind == "requests" or name in _COMPUTE:
                found[prefix + name] = quantity
    return found


def _service_usage(service: Obj) -> Usage:
    spec = service["spec"]
    kind, ports = spec.get("type", "ClusterIP"), len(spec.get("ports") or ())
    balanced = kind == "LoadBalancer"
    node_ports = 0
    if kind == "NodePort" or (balanced and spec.get("allocateLoadBalancerNodePorts", True)):
        node_ports = ports
    elif balanced:
        node_ports = sum(1 for port in spec.get("ports") or () if port.get("nodePort"))
    return {"services.loadbalancers": of_int(int(balanced)), "services.nodeports": of_int(node_ports)}


def _claim_usage(claim: Obj) -> Usage:
    spec = claim["spec"]
    found: Usage = {}
    class_ = (claim["metadata"].get("annotations") or {}).get("volume.beta.kubernetes.io/storage-class")
    class_ = class_ or spec.get("storageClassName") or ""
    if class_:
        found[f"{class_}{_STORAGE_SUFFIX}persistentvolumeclaims"] = of_int(1)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is not None:
        found["requests.storage"] = parse(storage)
        if class_:
            found[f"{class_}{_STORAGE_SUFFIX}requests.storage"] = parse(storage)
    return found


def _device_usage(claim: Obj) -> Usage:
    """The devices of each class that a claim may take; of alternatives the one that takes most."""
    found: Usage = {}
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        most: dict[str, int] = {}
        for one in request.get("firstAvailable") or [request.get("exactly") or {}]:
            name, count = f"{one.get('deviceClassName', '')}{_DEVICES_SUFFIX}", _devices(one)
            most[name] = max(count, most.get(name, 0))
        for name, count in most.items():
            found[name] = found[name] + of_int(count) if name in found else of_int(count)
    return found


def _devices(request: Obj) -> int:
    if request.get("allocationMode") == "All":
        return _MOST_DEVICES
    return int(request.get("count") or 1)


def _matches(requirement: Obj, resource_key: str, obj: Obj) -> bool:
    scope, operator = requirement["scopeName"], requirement.get("operator", "Exists")
    values = requirement.get("values") or []
    if resource_key == "persistentvolumeclaims" and scope == "VolumeAttributesClass":
        return _selects(operator, values, _attribute_classes(obj))
    if resource_key != "pods" or scope not in _POD_SCOPES:
        return False
    spec: dict[str, Any] = obj["spec"]
    if scope in ("Terminating", "NotTerminating"):
        limited = spec.get("activeDeadlineSeconds") is not None
        return limited is (scope == "Terminating")
    if scope in ("BestEffort", "NotBestEffort"):
        return _is_best_effort(spec) is (scope == "BestEffort")
    if scope == "CrossNamespacePodAffinity":
        return _crosses_namespaces(spec)
    name = spec.get("priorityClassName")
    return _selects(operator, values, {name} if name else set())


def _attribute_classes(claim: Obj) -> set[str]:
    status = claim.get("status") or {}
    names = (
        claim["spec"].get("volumeAttributesClassName"),
        status.get("currentVolumeAttributesClassName"),
        (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
    )
    return {name for name in names if name}


def _selects(operator: str, values: list[str], names: set[str]) -> bool:
    if operator == "Exists":
        return bool(names)
    if operator == "DoesNotExist":
        return not names
    return bool(names & set(values)) == (operator == "In")


def _is_best_effort(spec: dict[str, Any]) -> bool:
    parts = [spec, *spec.get("containers", ()), *(spec.get("initContainers") or ())]
    for part in parts:
        resources = part.get("resources") or {}
        for kind in ("requests", "limits"):
            if any(name in ("cpu", "memory") and parse(text) for name, text in (resources.get(kind) or {}).items()):
                return False
    return True


def _crosses_namespaces(spec: dict[str, Any]) -> bool:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(kind) or {}
        terms = list(part.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        weighted = part.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [entry["podAffinityTerm"] for entry in weighted]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
