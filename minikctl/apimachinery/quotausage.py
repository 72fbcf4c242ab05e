"""What an object costs a ResourceQuota, and which quotas it falls under.

One set of rules for admission, which charges, and the controller, which counts. Counterpart of
upstream's `pkg/quota/v1/evaluator/core` and `quota/v1/generic`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery import devicequota
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
    elif resource_key == devicequota.CLAIMS:
        found.update(devicequota.usage(obj))
    return found


def claim_usage(claim: Obj, extended: devicequota.Extended, pod: Obj | None, now: float = 0.0) -> Usage:
    """Everything a claim for devices costs. `pod` is that of `devicequota.pod_of`, if there is one."""
    found = usage(devicequota.CLAIMS, claim)
    paid = _pod_usage(pod, now) if pod is not None and devicequota.is_for(claim, pod) else {}
    return found | devicequota.extended_usage(found, extended, paid)


def resources_of(name: str, extended: devicequota.Extended) -> tuple[str, ...]:
    """The resource keys whose objects a hard limit is about, where device classes stand for extended resources."""
    if devicequota.counts_claims(name, extended):
        return (resource_of(name), devicequota.CLAIMS)
    return (resource_of(name),)


def resource_of(name: str) -> str:
    """The resource key whose objects a hard limit is about, whatever device classes stand for."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name in _COUNTED:
        return name
    if name.startswith("services."):
        return "services"
    if name == "requests.storage" or _STORAGE_SUFFIX in name or name.endswith(".storageclass.storage.k8s.io"):
        return "persistentvolumeclaims"
    return devicequota.CLAIMS if devicequota.is_by_class(name) else "pods"


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
