"""Defaults of the core kinds other than pods and what carries pod templates.

Counterparts: `pkg/apis/core/v1/defaults.go` and the hand-written conversions next to it.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.quantities import resource_lists

_NAME_LABEL = "kubernetes.io/metadata.name"
_AFFINITY_SECONDS = 10800


def _namespace(obj: Obj, version: str) -> None:
    name = obj["metadata"].get("name")
    if name:
        labels = obj["metadata"].get("labels")
        if labels is None:
            labels = obj["metadata"]["labels"] = {}
        labels[_NAME_LABEL] = name
    status = _part(obj, "status")
    if not status.get("phase"):
        status["phase"] = "Active"


def _part(obj: dict[str, Any], name: str) -> dict[str, Any]:
    part = obj.get(name)
    if part is None:
        part = obj[name] = {}
    return part


def _service(obj: Obj, version: str) -> None:
    spec = _part(obj, "spec")
    if not spec.get("sessionAffinity"):
        spec["sessionAffinity"] = "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        _client_ip_affinity(spec)
    if not spec.get("type"):
        spec["type"] = "ClusterIP"
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    kind = spec["type"]
    exposed = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if exposed and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer") and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer":
        if spec.get("allocateLoadBalancerNodePorts") is None:
            spec["allocateLoadBalancerNodePorts"] = True
        for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip") and ingress.get("ipMode") is None:
                ingress["ipMode"] = "VIP"


def _client_ip_affinity(spec: dict[str, Any]) -> None:
    client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP")
    if client_ip is None or client_ip.get("timeoutSeconds") is None:
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}


def _secret(obj: Obj, version: str) -> None:
    if not obj.get("type"):
        obj["type"] = "Opaque"
    texts = obj.pop("stringData", None)
    if texts:
        from binascii import b2a_base64

        data = _part(obj, "data")
        for key, value in texts.items():
            data[key] = b2a_base64((value or "").encode(), newline=False).decode()


def _volume(obj: Obj, version: str) -> None:
    spec, status = _part(obj, "spec"), _part(obj, "status")
    if not status.get("phase"):
        status["phase"] = "Pending"
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    resource_lists(spec, "capacity")
    _volume_sources(spec)


def _volume_sources(spec: dict[str, Any]) -> None:
    for source, values in _SOURCE_DEFAULTS.items():
        settings = spec.get(source)
        if settings is not None:
            for key, value in values.items():
                if settings.get(key) in (None, ""):
                    settings[key] = value


_SOURCE_DEFAULTS: dict[str, dict[str, Any]] = {
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
}


def _claim(obj: Obj, version: str) -> None:
    status = _part(obj, "status")
    if not status.get("phase"):
        status["phase"] = "Pending"
    spec = _part(obj, "spec")
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    resource_lists(_part(spec, "resources"), "requests", "limits")
    resource_lists(status, "capacity", "allocatedResources")


def _endpoints(obj: Obj, version: str) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def _limit_range(obj: Obj, version: str) -> None:
    for item in (obj.get("spec") or {}).get("limits") or ():
        resource_lists(item, "max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        if item.get("type") != "Container":
            continue
        default, request = dict(item.get("default") or {}), dict(item.get("defaultRequest") or {})
        for key, value in (item.get("max") or {}).items():
            default.setdefault(key, value)
        for amounts in (default, item.get("min") or {}):
            for key, value in amounts.items():
                request.setdefault(key, value)
        if default:
            item["default"] = default
        if request:
            item["defaultRequest"] = request


def _quota(obj: Obj, version: str) -> None:
    resource_lists(obj.get("spec"), "hard")
    resource_lists(obj.get("status"), "hard", "used")


def _node(obj: Obj, version: str) -> None:
    spec, status = _part(obj, "spec"), obj.get("status")
    first, cidrs = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and (not cidrs or cidrs[0] != first):
        spec["podCIDRs"] = [first]
    elif cidrs and not first:
        spec["podCIDR"] = cidrs[0]
    if status:
        if status.get("capacity") and status.get("allocatable") is None:
            status["allocatable"] = dict(status["capacity"])
        resource_lists(status, "capacity", "allocatable")


DEFAULTS = {
    "namespaces": _namespace,
    "services": _service,
    "secrets": _secret,
    "persistentvolumes": _volume,
    "persistentvolumeclaims": _claim,
    "endpoints": _endpoints,
    "limitranges": _limit_range,
    "resourcequotas": _quota,
    "nodes": _node,
}
