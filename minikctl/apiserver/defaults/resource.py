"""Defaults of resource.k8s.io (dynamic resource allocation)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.quantities import canonical_field

_GROUP = "resource.k8s.io"


def _request(request: dict[str, Any]) -> None:
    if not request.get("allocationMode"):
        request["allocationMode"] = "ExactCount"
    if request["allocationMode"] == "ExactCount" and not request.get("count"):
        request["count"] = 1
    for toleration in request.get("tolerations") or ():
        if not toleration.get("operator"):
            toleration["operator"] = "Equal"


def _claim_spec(spec: Any) -> None:
    for request in ((spec or {}).get("devices") or {}).get("requests") or ():
        if request.get("exactly") is not None:
            _request(request["exactly"])
        for choice in request.get("firstAvailable") or ():
            _request(choice)


def _claim(obj: Obj, version: str) -> None:
    _claim_spec(obj.get("spec"))


def _claim_template(obj: Obj, version: str) -> None:
    _claim_spec((obj.get("spec") or {}).get("spec"))


def _slice(obj: Obj, version: str) -> None:
    spec = obj.get("spec") or {}
    counters = [part for shared in spec.get("sharedCounters") or () for part in (shared.get("counters") or {}).values()]
    for device in spec.get("devices") or ():
        counters += (device.get("capacity") or {}).values()
        for consumed in device.get("consumesCounters") or ():
            counters += (consumed.get("counters") or {}).values()
    for counter in counters:
        canonical_field(counter, "value")


DEFAULTS = {
    f"resourceclaims.{_GROUP}": _claim,
    f"resourceclaimtemplates.{_GROUP}": _claim_template,
    f"resourceslices.{_GROUP}": _slice,
}
