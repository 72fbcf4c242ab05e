"""EndpointSlices for Endpoints that somebody else keeps (upstream's `pkg/controller/endpointslicemirroring`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.selectors import from_set
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.endpoints import TRIGGER
from minikctl.controllers.endpointslice.slices import MANAGED_BY, RESOURCE, SERVICE_LABEL, Reconciliation, ports_key
from minikctl.controllers.ownership import controller_ref

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

CONTROLLER = "endpointslicemirroring-controller.k8s.io"

_SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = (TRIGGER, "kubectl.kubernetes.io/last-applied-configuration")
_PER_SUBSET = 1000


class EndpointSliceMirroringController(Controller):
    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        selector = from_set({SERVICE_LABEL: name, MANAGED_BY: CONTROLLER})
        mine = self.client.items(RESOURCE, namespace, label_selector=selector)
        endpoints = self.client.peek("endpoints", name, namespace)
        service = self.client.peek("services", name, namespace)
        if endpoints is None or service is None or not _is_mirrored(endpoints, service):
            for slice_ in mine:
                self.client.delete(RESOURCE, slice_["metadata"]["name"], namespace)
            return None

        def new_slice(address_type: str, ports: list[Obj]) -> Obj:
            return _new_slice(endpoints, address_type, ports)

        trigger = (endpoints["metadata"].get("annotations") or {}).get(TRIGGER)
        Reconciliation(self.client, new_slice, trigger).run(mine, _wanted(endpoints))
        return None


def _is_mirrored(endpoints: Obj, service: Obj) -> bool:
    meta = endpoints["metadata"]
    if (meta.get("labels") or {}).get(_SKIP) == "true" or _LEADER in (meta.get("annotations") or {}):
        return False
    return service["spec"].get("selector") is None and "deletionTimestamp" not in meta


def _wanted(endpoints: Obj) -> dict[str, tuple[str, list[Obj], list[Obj]]]:
    wanted: dict[str, tuple[str, list[Obj], list[Obj]]] = {}
    for subset in endpoints.get("subsets") or ():
        ports = [{"name": "", "protocol": "TCP", **port} for port in subset.get("ports") or ()]
        listed = [(address, True) for address in subset.get("addresses") or ()]
        listed += [(address, False) for address in subset.get("notReadyAddresses") or ()]
        for address, ready in listed[:_PER_SUBSET]:
            family = "IPv6" if ":" in address["ip"] else "IPv4"
            entry = wanted.setdefault(ports_key(family, ports), (family, ports, []))
            endpoint: Obj = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
            for field in ("hostname", "nodeName", "targetRef"):
                if address.get(field):
                    endpoint[field] = address[field]
            entry[2].append(endpoint)
    return wanted


def _new_slice(endpoints: Obj, address_type: str, ports: list[Obj]) -> Obj:
    meta = endpoints["metadata"]
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in _NOT_COPIED}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": {**(meta.get("labels") or {}), SERVICE_LABEL: meta["name"], MANAGED_BY: CONTROLLER},
            "annotations": notes,
            "ownerReferences": [controller_ref("v1", "Endpoints", endpoints)],
        },
        "addressType": address_type,
        "endpoints": [],
        "ports": ports,
    }
