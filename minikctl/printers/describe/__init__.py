"""`kubectl describe` as text: one small module per kind or family, and a generic describer for the rest.

A describer is a pure function of an object, a Lookup for what it also shows, and the time. Modules
are imported when their kind is first described. Upstream counterpart: kubectl's `pkg/describe`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.printers.describe.lookup import Lookup

# resource key -> MODULE:FUNCTION
DESCRIBERS = {
    "pods": "pod:describe",
    "replicationcontrollers": "workloads:replication_controller",
    "replicasets.apps": "workloads:replica_set",
    "statefulsets.apps": "workloads:stateful_set",
    "daemonsets.apps": "workloads:daemon_set",
    "deployments.apps": "deployment:describe",
    "jobs.batch": "jobs:job",
    "cronjobs.batch": "jobs:cron_job",
    "services": "services:service",
    "endpoints": "services:endpoints",
    "endpointslices.discovery.k8s.io": "services:endpoint_slice",
    "ingresses.networking.k8s.io": "ingress:ingress",
    "ingressclasses.networking.k8s.io": "ingress:ingress_class",
    "networkpolicies.networking.k8s.io": "networkpolicy:describe",
    "servicecidrs.networking.k8s.io": "addresses:service_cidr",
    "ipaddresses.networking.k8s.io": "addresses:ip_address",
    "configmaps": "config:config_map",
    "secrets": "config:secret",
    "serviceaccounts": "config:service_account",
    "namespaces": "namespace:describe",
    "resourcequotas": "namespace:resource_quota",
    "limitranges": "namespace:limit_range",
    "nodes": "node:describe",
    "persistentvolumes": "volume:persistent_volume",
    "persistentvolumeclaims": "claim:describe",
    "storageclasses.storage.k8s.io": "storage:storage_class",
    "volumeattributesclasses.storage.k8s.io": "storage:volume_attributes_class",
    "csinodes.storage.k8s.io": "storage:csi_node",
    "roles.rbac.authorization.k8s.io": "rbac:role",
    "clusterroles.rbac.authorization.k8s.io": "rbac:role",
    "rolebindings.rbac.authorization.k8s.io": "rbac:binding",
    "clusterrolebindings.rbac.authorization.k8s.io": "rbac:binding",
    "horizontalpodautoscalers.autoscaling": "autoscaling:describe",
    "poddisruptionbudgets.policy": "policy:pod_disruption_budget",
    "priorityclasses.scheduling.k8s.io": "policy:priority_class",
    "certificatesigningrequests.certificates.k8s.io": "certificates:describe",
}


def describe(resource_key: str, obj: dict[str, Any], lookup: Lookup, now: float) -> str:
    """The description of an object, as kubectl prints it. `now` is in epoch seconds."""
    module, _, function = DESCRIBERS.get(resource_key, "generic:describe").partition(":")
    text: str = getattr(import_module(f"minikctl.printers.describe.{module}"), function)(obj, lookup, now)
    return text
