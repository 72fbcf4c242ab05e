"""Defaults of discovery.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def _endpoint_slice(obj: Obj, version: str) -> None:
    for endpoint in obj.setdefault("endpoints", None) or ():
        if endpoint.get("conditions") is None:
            endpoint["conditions"] = {}
    for port in obj.setdefault("ports", None) or ():
        if port.get("name") is None:
            port["name"] = ""
        if not port.get("protocol"):
            port["protocol"] = "TCP"


DEFAULTS = {"endpointslices.discovery.k8s.io": _endpoint_slice}
