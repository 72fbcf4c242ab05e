"""Defaults of APIServices."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def _api_service(obj: Obj, version: str) -> None:
    service = (obj.get("spec") or {}).get("service")
    if service and service.get("port") is None:
        service["port"] = 443


DEFAULTS = {"apiservices.apiregistration.k8s.io": _api_service}
