"""Rows of services, endpoints and the networking group."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, Obj, age, define, labels, name, selector, shorten


def _balancer_addresses(obj: Obj) -> str:
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({i.get("ip") or i.get("hostname") for i in ingress if i.get("ip") or i.get("hostname")}))


def _external_ip(obj: Obj) -> str:
    spec = obj["spec"]
    external = spec.get("externalIPs") or []
    kind = spec.get("type")
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(external) or NONE
    if kind == "LoadBalancer":
        balancer = _balancer_addresses(obj)
        return ",".join(([balancer] if balancer else []) + external) or "<pending>"
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    return "<unknown>"


def _port(port: Obj) -> str:
    node_port = port.get("nodePort")
    number = f"{port.get('port', 0)}:{node_port}" if node_port else f"{port.get('port', 0)}"
    return f"{number}/{port.get('protocol', '')}"


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    addresses = spec.get("clusterIPs")
    return [
        name(obj),
        spec.get("type", ""),
        addresses[0] if addresses else NONE,
        _external_ip(obj),
        ",".join([_port(port) for port in spec.get("ports") or ()]) or NONE,
        age(obj, now),
        labels(spec.get("selector")),
    ]


def _endpoint_list(subsets: list[Obj] | None) -> str:
    if not subsets:
        return NONE
    listed = []
    for subset in subsets:
        addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
        if not subset.get("ports"):
            listed += addresses
        for port in subset.get("ports") or ():
            listed += [f"[{ip}]:{port['port']}" if ":" in ip else f"{ip}:{port['port']}" for ip in addresses]
    return shorten(listed) if listed else ""


def _endpoints(obj: Obj, now: float) -> list[Any]:
    return [name(obj), _endpoint_list(obj.get("subsets")), age(obj, now)]


def _slice_port(port: Obj) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return "*" if port.get("name") is None else str(port["name"])


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    addresses = [address for e in obj.get("endpoints") or () for address in e.get("addresses") or ()]
    ports = shorten([_slice_port(port) for port in obj.get("ports") or ()])
    return [name(obj), obj.get("addressType", ""), ports, shorten(addresses), age(obj, now)]


def _hosts(rules: list[Obj]) -> str:
    listed: list[str] = []
    more = False
    for rule in rules:
        more = more or len(listed) == 3
        if not more and rule.get("host"):
            listed.append(rule["host"])
    if not listed:
        return "*"
    return ",".join(listed) + (f" + {len(rules) - 3} more..." if more else "")


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    class_name = spec.get("ingressClassName")
    return [
        name(obj),
        NONE if class_name is None else class_name,
        _hosts(spec.get("rules") or []),
        _balancer_addresses(obj),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    given = spec.get("parameters")
    parameters = NONE
    if given is not None:
        group = given.get("apiGroup")
        parameters = given.get("kind", "") + ("" if group is None else f".{group}") + f"/{given.get('name', '')}"
    return [name(obj), spec.get("controller", ""), parameters, age(obj, now)]


def _network_policy(obj: Obj, now: float) -> list[Any]:
    return [name(obj), selector((obj.get("spec") or {}).get("podSelector")), age(obj, now)]


def _service_cidr(obj: Obj, now: float) -> list[Any]:
    return [name(obj), ",".join((obj.get("spec") or {}).get("cidrs") or ()), age(obj, now)]


def _ip_address(obj: Obj, now: float) -> list[Any]:
    parent = (obj.get("spec") or {}).get("parentRef")
    text = NONE
    if parent is not None:
        text = parent.get("resource", "") + (f".{parent['group']}" if parent.get("group") else "")
        text = text.lower()
        if parent.get("namespace"):
            text += f"/{parent['namespace']}"
        text += f"/{parent.get('name', '')}"
    return [name(obj), text, age(obj, now)]


TABLES = {
    "services": (define("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector+"), _service),
    "endpoints": (define("Name", "Endpoints", "Age"), _endpoints),
    "endpointslices.discovery.k8s.io": (define("Name", "AddressType", "Ports", "Endpoints", "Age"), _endpoint_slice),
    "ingresses.networking.k8s.io": (define("Name", "Class", "Hosts", "Address", "Ports", "Age"), _ingress),
    "ingressclasses.networking.k8s.io": (define("Name", "Controller", "Parameters", "Age"), _ingress_class),
    "networkpolicies.networking.k8s.io": (define("Name", "Pod-Selector", "Age"), _network_policy),
    "servicecidrs.networking.k8s.io": (define("Name", "CIDRs", "Age"), _service_cidr),
    "ipaddresses.networking.k8s.io": (define("Name", "ParentRef"), _ip_address),
}
