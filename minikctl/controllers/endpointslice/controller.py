"""EndpointSlices of services with a selector (upstream's `pkg/controller/endpointslice`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    selector_of,
    target_port,
    trigger_time,
)
from minikctl.controllers.endpointslice import topology
from minikctl.controllers.endpointslice.slices import (
    MANAGED_BY,
    RESOURCE,
    SERVICE_LABEL,
    Planned,
    Reconciliation,
    ports_key,
)
from minikctl.controllers.ownership import controller_ref
from minikctl.controllers.selectedpods import SelectedPods, SelectedPodsCache

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

CONTROLLER = "endpointslice-controller.k8s.io"
_HINTS_DISABLED = "TopologyAwareHintsDisabled"


class _Backend(NamedTuple):
    """What one pod is among the endpoints of a Service: addresses by family, ports, the endpoint without its zone."""

    addresses: dict[str, str]
    ports: list[Obj]
    endpoint: Obj


class EndpointSliceController(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._backends = SelectedPodsCache(env, _backend, selector_of)

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        service = self.client.peek("services", name, namespace)
        if service is None or "deletionTimestamp" in service["metadata"]:
            self.env.state.delete(key)
            self.env.state.delete(topology.POPULATED + key)
            self._backends.forget(key)
            return None
        spec = service["spec"]
        if spec.get("type") == "ExternalName" or spec.get("selector") is None:
            return None
        backends = self._backends.changed(key, service)
        if backends is None:
            return self.clock.now()
        own = from_set({SERVICE_LABEL: name, MANAGED_BY: CONTROLLER})
        mine = self.client.items(RESOURCE, namespace, label_selector=own, shared=True)
        trigger = trigger_time(self.env, key, service, backends)

        def new_slice(address_type: str, ports: list[Obj]) -> Obj:
            return _new_slice(service, address_type, ports)

        told: list[tuple[str, str, str]] = []

        def hint(plan: list[Planned]) -> None:
            told.extend(self._assign_hints(key, plan))

        by_topology = topology.enabled(service)
        if not by_topology:
            told += self._forget_hints(key)
        try:
            reconciliation = Reconciliation(self.client, new_slice, trigger, hint if by_topology else None)
            reconciliation.run(mine, self._wanted(service, backends))
        except StatusError as error:
            if pods.namespace_terminating(error):
                return None
            message = f"Error updating Endpoint Slices for Service {namespace}/{name}: {error.message}"
            self.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
            raise
        for type_, reason, message in told:
            self.recorder.event(service, type_, reason, message)
        backends.written()
        return None

    def _assign_hints(self, key: str, plan: list[Planned]) -> list[tuple[str, str, str]]:
        """Spread a Service's endpoints over the zones; what is to be said of it."""
        told = []
        known: dict[str, dict[str, int]] = self.env.state.get(topology.POPULATED + key) or {}
        parts = topology.ratios(self.client.items("nodes"))
        for family in dict.fromkeys(str(one.template["addressType"]) for one in plan):
            mine = [one for one in plan if one.template["addressType"] == family]
            # New slices come first, as upstream goes through them.
            changed = sorted((one for one in mine if not one.stays), key=lambda one: one.slice is not None)
            unchanged = [one.endpoints for one in mine if one.stays]
            zones, problem = topology.assign([one.endpoints for one in changed], unchanged, parts)
            if problem:
                known.pop(family, None)
                told.append(("Warning", _HINTS_DISABLED, f"{problem}, addressType: {family}"))
            else:
                if not known:
                    message = f"Topology Aware Hints has been enabled, addressType: {family}"
                    told.append(("Normal", "TopologyAwareHintsEnabled", message))
                known[family] = zones
        if known:
            self.env.state.put(topology.POPULATED + key, known)
        else:
            self.env.state.delete(topology.POPULATED + key)
        return told

    def _forget_hints(self, key: str) -> list[tuple[str, str, str]]:
        known = self.env.state.get(topology.POPULATED + key)
        if not known:
            return []
        self.env.state.delete(topology.POPULATED + key)
        message = f"Topology Aware Hints has been disabled, addressType: {next(iter(known))}"
        return [("Warning", _HINTS_DISABLED, message)]

    def _wanted(self, service: Obj, backends: SelectedPods[_Backend]) -> dict[str, tuple[str, list[Obj], list[Obj]]]:
        """Endpoints by address type and ports; one empty group where a type has none."""
        zones: dict[str, str] = {}
        views = backends.views()
        wanted: dict[str, tuple[str, list[Obj], list[Obj]]] = {}
        for family in service["spec"].get("ipFamilies") or ("IPv4",):
            any_of_family = False
            for backend in views:
                address = backend.addresses.get(family)
                if address is None:
                    continue
                entry = wanted.setdefault(ports_key(family, backend.ports), (family, backend.ports, []))
                entry[2].append(self._endpoint(backend, service, address, zones))
                any_of_family = True
            if not any_of_family:
                wanted[ports_key(family, [])] = (family, [], [])
        return wanted

    def _endpoint(self, backend: _Backend, service: Obj, address: str, zones: dict[str, str]) -> Obj:
        endpoint: Obj = {"addresses": [address], **backend.endpoint}
        ready, node = endpoint["conditions"]["ready"], endpoint.get("nodeName")
        if node and (zone := self._zone(node, zones)):
            endpoint["zone"] = zone
        distribution = None if topology.enabled(service) else service["spec"].get("trafficDistribution")
        if ready and endpoint.get("zone") and distribution in ("PreferClose", "PreferSameZone", "PreferSameNode"):
            endpoint["hints"] = {"forZones": [{"name": endpoint["zone"]}]}
        if ready and node and distribution == "PreferSameNode":
            endpoint.setdefault("hints", {})["forNodes"] = [{"name": node}]
        return endpoint

    def _zone(self, node: str, zones: dict[str, str]) -> str:
        if node not in zones:
            found = self.client.peek("nodes", node) or {"metadata": {}}
            zones[node] = (found["metadata"].get("labels") or {}).get(topology.ZONE, "")
        return zones[node]


def _backend(pod: Obj, service: Obj) -> _Backend | None:
    if not belongs(pod, True):
        return None
    serving, terminating = pods.is_ready(pod), "deletionTimestamp" in pod["metadata"]
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    endpoint: Obj = {
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": reference_to(pod),
    }
    if node := pod["spec"].get("nodeName"):
        endpoint["nodeName"] = node
    if hostname := hostname_of(pod, service):
        endpoint["hostname"] = hostname
    return _Backend(_addresses(pod), _ports(pod, service), endpoint)


def _addresses(pod: Obj) -> dict[str, str]:
    """The first address of each family."""
    status = pod["status"]
    found: dict[str, str] = {}
    for entry in status.get("podIPs") or [{"ip": status["podIP"]}]:
        found.setdefault("IPv6" if ":" in entry["ip"] else "IPv4", str(entry["ip"]))
    return found


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
