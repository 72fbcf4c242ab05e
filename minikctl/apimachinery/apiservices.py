"""APIService objects of what this server serves itself: one per group and version, always available.

A new cluster starts with those of the built-in groups; a CustomResourceDefinition brings its own.
Counterparts: `pkg/controlplane/apiserver/aggregator.go` and kube-aggregator's local available status.
"""

from __future__ import annotations

from minikctl.apimachinery import resources
from minikctl.apimachinery.request import Obj

API_SERVICES = "apiservices.apiregistration.k8s.io"
AUTO_MANAGED = "kube-aggregator.kubernetes.io/automanaged"
AVAILABLE = {
    "type": "Available",
    "status": "True",
    "reason": "Local",
    "message": "Local APIServices are always available",
}
_CUSTOM = (1000, 100)
# (group priority, version priority); what is not here has no APIService of its own (apiregistration.k8s.io).
_PRIORITIES = {
    "v1": (18000, 1),
    "apps/v1": (17800, 15),
    "events.k8s.io/v1": (17750, 15),
    "authentication.k8s.io/v1": (17700, 15),
    "authorization.k8s.io/v1": (17600, 15),
    "autoscaling/v1": (17500, 15),
    "autoscaling/v2": (17500, 30),
    "batch/v1": (17400, 15),
    "certificates.k8s.io/v1": (17300, 15),
    "certificates.k8s.io/v1beta1": (17300, 9),
    "networking.k8s.io/v1": (17200, 15),
    "policy/v1": (17100, 15),
    "rbac.authorization.k8s.io/v1": (17000, 15),
    "storage.k8s.io/v1": (16800, 15),
    "apiextensions.k8s.io/v1": (16700, 15),
    "admissionregistration.k8s.io/v1": (16700, 15),
    "admissionregistration.k8s.io/v1beta1": (16700, 12),
    "scheduling.k8s.io/v1": (16600, 15),
    "coordination.k8s.io/v1": (16500, 15),
    "node.k8s.io/v1": (16300, 15),
    "discovery.k8s.io/v1": (16200, 15),
    "flowcontrol.apiserver.k8s.io/v1": (16100, 21),
    "coordination.k8s.io/v1beta1": (16500, 13),
    "internal.apiserver.k8s.io/v1alpha1": (16000, 10),
    "resource.k8s.io/v1": (15900, 20),
    "storagemigration.k8s.io/v1beta1": (15800, 12),
}


def builtin(now: str, switched: frozenset[str] = frozenset()) -> list[Obj]:
    """The APIServices of the built-in groups, and of API versions that are switched on."""
    return [
        _local(group, version, _PRIORITIES[key], "onstart", now)
        for group, versions in resources.ResourceSet(switched=switched).groups().items()
        for version in versions
        if (key := f"{group}/{version}" if group else version) in _PRIORITIES
    ]


def custom(group: str, version: str, now: str) -> Obj:
    """The APIService of a group and version that CustomResourceDefinitions define."""
    return _local(group, version, _CUSTOM, "true", now)


def _local(group: str, version: str, priorities: tuple[int, int], managed: str, now: str) -> Obj:
    meta: Obj = {"name": f"{version}.{group}", "labels": {AUTO_MANAGED: managed}}
    spec: Obj = {"version": version, "groupPriorityMinimum": priorities[0], "versionPriority": priorities[1]}
    if group:
        spec["group"] = group
    status = {"conditions": [{**AVAILABLE, "lastTransitionTime": now}]}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": meta,
        "spec": spec,
        "status": status,
    }
