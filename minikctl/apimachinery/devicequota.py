"""What claims for devices cost a ResourceQuota: by class, and as the extended resources that classes stand for.

Counterpart of upstream's `pkg/quota/v1/evaluator/core/resource_claims.go`. `Extended` says which extended resource
each device class stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minikctl.apimachinery.quantity import Quantity, of_int
from minikctl.apimachinery.request import Obj

CLAIMS = "resourceclaims.resource.k8s.io"
CLASSES = "deviceclasses.resource.k8s.io"

Extended = Mapping[str, str]

_SUFFIX = ".deviceclass.resource.k8s.io/devices"
_REQUESTS, _IMPLICIT = "requests.", "requests.deviceclass.resource.kubernetes.io/"
_FOR_POD = "resource.kubernetes.io/extended-resource-claim"
# The most results an allocation can have, which is what "All" may come to.
_MOST_DEVICES = 32


def extended_resources(classes: Iterable[Obj]) -> dict[str, str]:
    """Device class -> the extended resource it stands for."""
    named = ((one["metadata"]["name"], (one.get("spec") or {}).get("extendedResourceName")) for one in classes)
    return {name: resource for name, resource in named if resource}


def is_by_class(name: str) -> bool:
    """Whether a hard limit is one of the devices of a class."""
    return name.endswith(_SUFFIX)


def may_be_extended(name: str) -> bool:
    """Whether a hard limit may be one of an extended resource."""
    return name.startswith(_REQUESTS) and "/" in name


def counts_claims(name: str, extended: Extended) -> bool:
    """Whether claims count against a hard limit on an extended resource."""
    if name.startswith(_IMPLICIT):
        return name.removeprefix(_IMPLICIT) in extended
    return may_be_extended(name) and name.removeprefix(_REQUESTS) in extended.values()


def usage(claim: Obj) -> dict[str, Quantity]:
    """The devices of each class that a claim may take; of alternatives the one that takes most."""
    found: dict[str, Quantity] = {}
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        most: dict[str, int] = {}
        for one in request.get("firstAvailable") or [request.get("exactly") or {}]:
            name, count = f"{one.get('deviceClassName', '')}{_SUFFIX}", _devices(one)
            most[name] = max(count, most.get(name, 0))
        for name, count in most.items():
            found[name] = found[name] + of_int(count) if name in found else of_int(count)
    return found


def _devices(request: Obj) -> int:
    if request.get("allocationMode") == "All":
        return _MOST_DEVICES
    return int(request.get("count") or 1)


def extended_usage(
    by_class: Mapping[str, Quantity], extended: Extended, paid: Mapping[str, Quantity]
) -> dict[str, Quantity]:
    """The same devices as extended resources, less what the claim's pod has `paid` for already."""
    found: dict[str, Quantity] = {}
    for name, amount in by_class.items():
        if is_by_class(name) and name != _SUFFIX:
            class_name = name.removesuffix(_SUFFIX)
            found[_IMPLICIT + class_name] = amount
            if class_name in extended:
                found[_REQUESTS + extended[class_name]] = amount
    left = {name: amount - paid[name] if name in paid else amount for name, amount in found.items()}
    return {name: amount for name, amount in left.items() if amount.nanos > 0}


def pod_of(claim: Obj) -> str:
    """The name of the pod for whose extended resources a claim was made; empty for other claims."""
    meta = claim["metadata"]
    if (meta.get("annotations") or {}).get(_FOR_POD) != "true":
        return ""
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller") and (owner.get("kind"), owner.get("apiVersion")) == ("Pod", "v1"):
            return str(owner["name"])
    return ""


def is_for(claim: Obj, pod: Obj) -> bool:
    """Whether that pod is the one, and has no other claim for its extended resources."""
    owners = [owner.get("uid") for owner in claim["metadata"].get("ownerReferences") or () if owner.get("controller")]
    other = ((pod.get("status") or {}).get("extendedResourceClaimStatus") or {}).get("resourceClaimName")
    return owners == [pod["metadata"].get("uid")] and other in (None, claim["metadata"].get("name"))
