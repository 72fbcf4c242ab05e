"""Services, Endpoints and EndpointSlices.

Upstream counterpart: the describers of these names, and formatEndpointSlices.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import NONE, UNSET, Writer, boolean, flat, head

Obj = dict[str, Any]

_SERVICE_NAME = "kubernetes.io/service-name"
_SHOWN_ENDPOINTS = 3


def service(service: Obj, lookup: Lookup, now: float) -> str:
    """A Service: its addresses, its ports and the endpoints behind each."""
    spec = service["spec"]
    out = head(service)
    out.field("Selector", flat(spec.get("selector")))
    out.field("Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy") is not None:
        out.field("IP Family Policy", spec["ipFamilyPolicy"])
    out.field("IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    out.field("IP", spec.get("clusterIP", ""))
    out.field("IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    if spec.get("externalIPs"):
        out.field("External IPs", ",".join(spec["externalIPs"]))
    if spec.get("loadBalancerIP"):
        out.field("Desired LoadBalancer IP", spec["loadBalancerIP"])
    if spec.get("externalName"):
        out.field("External Name", spec["externalName"])
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if ingress:
        out.field("LoadBalancer Ingress", ", ".join([_ingress_point(point) for point in ingress]))
    if spec.get("ports"):
        slices = endpoint_slices(service["metadata"].get("namespace", ""), service["metadata"]["name"], lookup)
        for port in spec["ports"]:
            _port(out, port, slices)
    _traffic(out, spec)
    return finish(out, service, lookup, now)


def _ingress_point(point: Obj) -> str:
    if point.get("ip"):
        return f"{point['ip']} ({point['ipMode']})" if point.get("ipMode") is not None else str(point["ip"])
    return str(point.get("hostname", ""))


def _port(out: Writer, port: Obj, slices: list[Obj]) -> None:
    name, protocol = port.get("name") or "", port.get("protocol", "")
    out.row("Port:", name or UNSET, f"{port.get('port') or 0}/{protocol}")
    out.field("TargetPort", f"{port.get('targetPort', 0)}/{protocol}")
    if port.get("appProtocol") is not None:
        out.field("AppProtocol", port["appProtocol"])
    if port.get("nodePort"):
        out.row("NodePort:", name or UNSET, f"{port['nodePort']}/{protocol}")
    out.field("Endpoints", format_endpoints(slices, name))


def _traffic(out: Writer, spec: Obj) -> None:
    out.field("Session Affinity", spec.get("sessionAffinity", ""))
    for label, key in (
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
        ("HealthCheck NodePort", "healthCheckNodePort"),
    ):
        if spec.get(key):
            out.field(label, spec[key])
    if spec.get("loadBalancerSourceRanges"):
        out.field("LoadBalancer Source Ranges", ",".join(spec["loadBalancerSourceRanges"]))
    if spec.get("trafficDistribution") is not None:
        out.field("Traffic Distribution", spec["trafficDistribution"])


def endpoint_slices(namespace: str, service_name: str, lookup: Lookup) -> list[Obj]:
    """The EndpointSlices of a Service; none where they cannot be read."""
    try:
        return lookup.list("endpointslices.discovery.k8s.io", namespace, f"{_SERVICE_NAME}={service_name}")
    except StatusError:
        return []


def format_endpoints(slices: list[Obj], port_name: str) -> str:
    """The first ready addresses behind the port of this name, and how many more there are."""
    if not slices:
        return NONE
    shown: list[str] = []
    count, more = 0, False
    for each in slices:
        ports = each.get("ports")
        chosen = [port for port in ports if (port.get("name") or "") == port_name] if ports else [None]
        for port in chosen:
            for endpoint in each.get("endpoints") or ():
                more = more or len(shown) == _SHOWN_ENDPOINTS
                if (endpoint.get("conditions") or {}).get("ready") is False:
                    continue
                count += 1
                if not more:
                    address = endpoint["addresses"][0]
                    shown.append(address if port is None else _host_port(address, port.get("port") or 0))
    text = ",".join(shown)
    return f"{text} + {count - _SHOWN_ENDPOINTS} more..." if more else text


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoints(endpoints: Obj, lookup: Lookup, now: float) -> str:
    """An Endpoints object, subset by subset."""
    out = head(endpoints)
    out.line("Subsets:")
    for subset in endpoints.get("subsets") or ():
        for label, key in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            out.field(label, ",".join([address.get("ip", "") for address in subset.get(key) or ()]) or NONE, 1)
        if subset.get("ports"):
            out.line("Ports:", 1)
            out.heading("Name", "Port", "Protocol", level=2)
            for port in subset["ports"]:
                out.row(port.get("name") or UNSET, port.get("port") or 0, port.get("protocol", ""), level=2)
        out.line("")
    return finish(out, endpoints, lookup, now)


def endpoint_slice(endpoint_slice: Obj, lookup: Lookup, now: float) -> str:
    """An EndpointSlice: its ports and endpoints."""
    out = head(endpoint_slice)
    out.field("AddressType", endpoint_slice.get("addressType", ""))
    if endpoint_slice.get("ports"):
        out.line("Ports:")
        out.heading("Name", "Port", "Protocol", level=1)
        for port in endpoint_slice["ports"]:
            number = UNSET if port.get("port") is None else port["port"]
            out.row(port.get("name") or UNSET, number, port.get("protocol", ""), level=1)
    else:
        out.line("Ports: <unset>")
    if endpoint_slice.get("endpoints"):
        out.line("Endpoints:")
        for endpoint in endpoint_slice["endpoints"]:
            _endpoint(out, endpoint)
    else:
        out.line("Endpoints: <none>")
    return finish(out, endpoint_slice, lookup, now)


def _endpoint(out: Writer, endpoint: Obj) -> None:
    out.field("- Addresses", ", ".join(endpoint.get("addresses") or ()) or NONE, 1)
    out.line("Conditions:", 2)
    ready = (endpoint.get("conditions") or {}).get("ready")
    out.field("Ready", UNSET if ready is None else boolean(ready), 3)
    out.field("Hostname", endpoint.get("hostname", UNSET), 2)
    target = endpoint.get("targetRef")
    if target is not None:
        out.field("TargetRef", f"{target.get('kind', '')}/{target.get('name', '')}", 2)
    out.field("NodeName", endpoint.get("nodeName", UNSET), 2)
    out.field("Zone", endpoint.get("zone", UNSET), 2)
