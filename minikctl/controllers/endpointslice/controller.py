"""EndpointSlices of services with a selector (upstream's `pkg/controller/endpointslice`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.selectors import from_set
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller
from minikctl.controllers.endpoints import (
    HEADLESS_LABEL,
    belongs,
    hostname_of,
    is_headless,
    port_of,
    reference_to,
    target_port,
    trigger_time,
)
from minikctl.controllers.endpointslice.slices import MANAGED_BY, RESOURCE, SERVICE_LABEL, Reconciliation, ports_key
from minikctl.controllers.ownership import controller_ref

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

CONTROLLER = "endpointslice-controller.k8s.io"
_ZONE = "topology.kubernetes.io/zone"


class EndpointSliceController(Controller):
    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        service = self.client.peek("services", name, namespace)
        if service is None or "deletionTimestamp" in service["metadata"]:
            self.env.state.delete(key)
            return None
        spec = service["spec"]
        if spec.get("type") == "ExternalName" or spec.get("selector") is None:
            return None
        mine = self.client.items(
            RESOURCE, namespace, label_selector=from_set({SERVICE_LABEL: name, MANAGED_BY: CONTROLLER})
        )
        members = self.client.items("pods", namespace, label_selector=from_set(spec["selector"]))
        trigger = trigger_time(self, key, service, members)

        def new_slice(address_type: str, ports: list[Obj]) -> Obj:
            return _new_slice(service, address_type, ports)

        try:
            Reconciliation(self.client, new_slice, trigger).run(mine, self._wanted(service, members))
        except StatusError as error:
            if pods.namespace_terminating(error):
                return None
            message = f"Error updating Endpoint Slices for Service {namespace}/{name}: {error.message}"
            self.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
            raise
        return None

    def _wanted(self, service: Obj, members: list[Obj]) -> dict[str, tuple[str, list[Obj], list[Obj]]]:
        """Endpoints by address type and ports; one empty group where a type has none."""
        zones: dict[str, str] = {}
        wanted: dict[str, tuple[str, list[Obj], list[Obj]]] = {}
        for family in service["spec"].get("ipFamilies") or ("IPv4",):
            any_of_family = False
            for pod in members:
                address = _address(pod, family) if belongs(pod, True) else ""
                if not address:
                    continue
                ports = _ports(pod, service)
                entry = wanted.setdefault(ports_key(family, ports), (family, ports, []))
                entry[2].append(self._endpoint(pod, service, address, zones))
                any_of_family = True
            if not any_of_family:
                wanted[ports_key(family, [])] = (family, [], [])
        return wanted

    def _endpoint(self, pod: Obj, service: Obj, address: str, zones: dict[str, str]) -> Obj:
        serving, terminating = pods.is_ready(pod), "deletionTimestamp" in pod["metadata"]
        ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
        endpoint: Obj = {
            "addresses": [address],
            "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            "targetRef": reference_to(pod),
        }
        node = pod["spec"].get("nodeName")
        if node:
            endpoint["nodeName"] = node
            if zone := self._zone(node, zones):
                endpoint["zone"] = zone
        if hostname := hostname_of(pod, service):
            endpoint["hostname"] = hostname
        distribution = service["spec"].get("trafficDistribution")
        if ready and endpoint.get("zone") and distribution in ("PreferClose", "PreferSameZone", "PreferSameNode"):
            endpoint["hints"] = {"forZones": [{"name": endpoint["zone"]}]}
        if ready and node and distribution == "PreferSameNode":
            endpoint.setdefault("hints", {})["forNodes"] = [{"name": node}]
        return endpoint

    def _zone(self, node: str, zones: dict[str, str]) -> str:
        if node not in zones:
            found = self.client.peek("nodes", node) or {"metadata": {}}
            zones[node] = (found["metadata"].get("labels") or {}).get(_ZONE, "")
        return zones[node]


def _address(pod: Obj, family: str) -> str:
    status = pod["status"]
    for entry in status.get("podIPs") or [{"ip": status["podIP"]}]:
        if (":" in entry["ip"]) == (family == "IPv6"):
            return str(entry["ip"])
    return ""


def _ports(pod: Obj, service: Obj) -> list[Obj]:
    found = []
    for port in service["spec"].get("ports") or ():
        number = port_of(pod, port)
        if number is not None:
            found.append({"name": "", **target_port(port, number)})
    return found


def _new_slice(service: Obj, address_type: str, ports: list[Obj]) -> Obj:
    meta = service["metadata"]
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k not in (SERVICE_LABEL, MANAGED_BY)}
    labels.pop(HEADLESS_LABEL, None)
    labels |= {SERVICE_LABEL: meta["name"], MANAGED_BY: CONTROLLER}
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [controller_ref("v1", "Service", service)],
        },
        "addressType": address_type,
        "endpoints": [],
        "ports": ports,
    }
