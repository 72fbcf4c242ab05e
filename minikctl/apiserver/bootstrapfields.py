"""Managed fields of what a cluster starts with: who upstream writes each of these objects.

`bootstrap` puts them into the store past the chain that records owners, so that they are recorded here.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi, resources
from minikctl.apimachinery.managedfields import record_update
from minikctl.apimachinery.managedfields.entries import make, put
from minikctl.apimachinery.managedfields.fieldset import Fields
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.strategy import strategy_for

_FLOW = "flowcontrol.apiserver.k8s.io"
_SERVICE_CIDRS = "servicecidrs.networking.k8s.io"
_CIDR_FINALIZERS: Fields = {"f:metadata": {"f:finalizers": {'v:"networking.k8s.io/service-cidr-finalizer"': {}}}}
_DANGLING = ("lastTransitionTime", "message", "reason", "status", "type")
# Who makes the objects of a kind, if not the apiserver.
_MAKERS = {
    f"flowschemas.{_FLOW}": "api-priority-and-fairness-config-producer-v1",
    f"prioritylevelconfigurations.{_FLOW}": "api-priority-and-fairness-config-producer-v1",
    "leases.coordination.k8s.io": "kubelet",
    "nodes": "kubelet",
}
# Fields that the makers do not send: the registry fills them in, or others do later.
_NOT_SENT = {
    "namespaces": ("spec",),
    "services": ("spec.clusterIPs", "spec.ipFamilies"),
    _SERVICE_CIDRS: ("metadata.finalizers",),
}
_LATER_NOTES = frozenset({"node.alpha.kubernetes.io/ttl"})
_LATER_SPEC = frozenset({"podCIDR", "podCIDRs"})


def record(resource_key: str, obj: Obj) -> None:
    """Note in an object of a new cluster who has written what of it."""
    if resource_key == "nodes":
        _record_node(obj)
        return
    not_sent = ("rules",) if "aggregationRule" in obj else _NOT_SENT.get(resource_key, ())
    _write(resource_key, None, obj, _MAKERS.get(resource_key, "kube-apiserver"), not_sent)
    entries = list(obj["metadata"].get("managedFields") or ())
    version, time = obj["apiVersion"], obj["metadata"]["creationTimestamp"]
    if resource_key == _SERVICE_CIDRS:
        entries.append(make("service-cidr-controller", "Apply", version, "", _CIDR_FINALIZERS, time))
    elif "aggregationRule" in obj:
        entries.append(make("clusterrole-aggregation-controller", "Apply", version, "", {"f:rules": {}}, time))
    elif resource_key == f"flowschemas.{_FLOW}" and (obj.get("status") or {}).get("conditions"):
        fields: Fields = {".": {}, **{f"f:{name}": {} for name in _DANGLING}}
        status = {"f:status": {"f:conditions": {'k:{"type":"Dangling"}': fields}}}
        consumer = "api-priority-and-fairness-config-consumer-v1"
        entries.append(make(consumer, "Apply", version, "status", status, time))
    put(obj, entries)


def _record_node(node: Obj) -> None:
    """A kubelet registers itself and reports; the controller manager adds what the cluster gives it."""
    notes = node["metadata"].get("annotations") or {}
    own = {key: value for key, value in notes.items() if key not in _LATER_NOTES}
    spec = {key: value for key, value in (node.get("spec") or {}).items() if key not in _LATER_SPEC}
    given: Obj = {"metadata": {**node["metadata"], "annotations": own}, "spec": spec}
    registered = {**node, **given, "status": {}}
    _write("nodes", None, registered, "kubelet")
    complete = {**node, "metadata": {**node["metadata"], **_managed(registered)}, "status": {}}
    _write("nodes", registered, complete, "kube-controller-manager")
    node["metadata"].update(_managed(complete))
    _write("nodes", complete, node, "kubelet", subresource="status")


def _managed(obj: Obj) -> dict[str, Any]:
    return {"managedFields": obj["metadata"]["managedFields"]}


def _write(
    resource_key: str, old: Obj | None, new: Obj, manager: str, not_sent: tuple[str, ...] = (), subresource: str = ""
) -> None:
    row = resources.lookup(resource_key)
    resets = strategy_for(row).resets(subresource) if row is not None else ()
    version, time = new["apiVersion"], new["metadata"]["creationTimestamp"]
    schema = openapi.schema_for(version, new["kind"])
    record_update(old, new, manager, version, subresource, time, schema, (*resets, *not_sent))
