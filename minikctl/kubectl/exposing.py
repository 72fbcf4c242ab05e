"""Which Service exposes an object: what can be exposed, its selector, ports and protocols.

For expose and run --expose. Upstream counterpart: kubectl's `pkg/cmd/expose` and `polymorphichelpers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minikctl.apimachinery.gonumbers import int_or_string, parse_int
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError

EXPOSABLE = ("replicationcontrollers", "services", "pods", "deployments.apps", "replicasets.apps")


class Exposure(NamedTuple):
    """What the flags and the exposed object say of the Service. `ports` are the object's."""

    name: str
    selector: str
    labels: str = ""
    port: str = ""
    ports: Sequence[str] = ()
    protocols: dict[str, list[str]] = {}
    protocol: str = ""
    target_port: str = ""
    type: str = ""
    external_ip: str = ""
    load_balancer_ip: str = ""
    session_affinity: str = ""
    cluster_ip: str = ""


def selector_of(key: str, obj: Obj) -> str:
    """The labels that select the object's pods, as `a=b,c=d`."""
    spec = obj.get("spec") or {}
    if key == "pods":
        labels = obj["metadata"].get("labels")
        if not labels:
            raise KubectlError("the pod has no labels and cannot be exposed")
        return make_labels(labels)
    selector = spec.get("selector")
    if key == "services":
        if not selector:
            raise KubectlError("the service has no pod selector set")
        return make_labels(selector)
    if key == "replicationcontrollers":
        return make_labels(selector or {})
    kind = "deployment" if key == "deployments.apps" else "replicaset"
    expressions = (selector or {}).get("matchExpressions")
    if expressions:
        shown = " ".join(
            f"{{Key:{each['key']} Operator:{each['operator']} Values:[{' '.join(each.get('values') or ())}]}}"
            for each in expressions
        )
        raise KubectlError(f'couldn\'t convert expressions - "[{shown}]" to map-based selector format')
    labels = (selector or {}).get("matchLabels")
    if not labels:
        raise KubectlError(f"invalid {kind}: no selectors, therefore cannot be exposed")
    return make_labels(labels)


def ports_of(key: str, obj: Obj) -> tuple[list[str], dict[str, list[str]]]:
    """The ports of an object, and each one's protocols."""
    ports: list[str] = []
    protocols: dict[str, list[str]] = {}
    for number, protocol in _ports(key, obj.get("spec") or {}):
        ports.append(str(number))
        protocols.setdefault(str(number), []).append(protocol or "TCP")
    return ports, protocols


def _ports(key: str, spec: Obj) -> list[tuple[int, str]]:
    if key == "services":
        return [(port["port"], port.get("protocol", "")) for port in spec.get("ports") or ()]
    if key != "pods":
        spec = (spec.get("template") or {}).get("spec") or {}
    return [
        (port["containerPort"], port.get("protocol", ""))
        for container in spec.get("containers") or ()
        for port in container.get("ports") or ()
    ]


def make_labels(labels: dict[str, str]) -> str:
    """Labels as one text, sorted."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def parse_labels(text: str) -> dict[str, str]:
    """a=b,c=d as a map."""
    if not text:
        raise KubectlError("no label spec passed")
    labels = {}
    for spec in text.split(","):
        parts = spec.split("=")
        if len(parts) != 2:
            raise KubectlError(f"unexpected label spec: {spec}")
        if not parts[0]:
            raise KubectlError("unexpected empty label key")
        labels[parts[0]] = parts[1]
    return labels


def service(exposure: Exposure) -> Obj:
    """The Service."""
    selector = parse_labels(exposure.selector)
    metadata: Obj = {"name": exposure.name}
    if exposure.labels:
        metadata["labels"] = parse_labels(exposure.labels)
    spec: Obj = {}
    ports = _service_ports(exposure)
    for port in ports:
        port["targetPort"] = int_or_string(exposure.target_port) if exposure.target_port else port["port"]
    if ports:
        spec["ports"] = ports
    spec["selector"] = selector
    if exposure.cluster_ip:
        spec["clusterIP"] = exposure.cluster_ip
    if exposure.type:
        spec["type"] = exposure.type
    if exposure.external_ip:
        spec["externalIPs"] = [exposure.external_ip]
    if exposure.session_affinity:
        if exposure.session_affinity not in ("None", "ClientIP"):
            raise KubectlError(f"unknown session affinity: {exposure.session_affinity}")
        spec["sessionAffinity"] = exposure.session_affinity
    if exposure.type == "LoadBalancer" and exposure.load_balancer_ip:
        spec["loadBalancerIP"] = exposure.load_balancer_ip
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": spec,
        "status": {"loadBalancer": {}},
    }


def _service_ports(exposure: Exposure) -> list[Obj]:
    texts = [exposure.port] if exposure.port else list(exposure.ports)
    texts = [part for text in texts for part in text.split(",")]
    ports: list[Obj] = []
    for index, text in enumerate(texts, 1):
        number = atoi(text)
        name = f"port-{index}" if len(texts) > 1 else ""
        protocols = [exposure.protocol] if exposure.protocol else exposure.protocols.get(text) or ["TCP"]
        for protocol in protocols:
            if len(protocols) > 1:
                name = f"port-{index}-{protocol.lower()}"
            port: Obj = {"name": name} if name else {}
            ports.append({**port, "protocol": protocol, "port": number})
    return ports


def atoi(text: str) -> int:
    """Go's strconv.Atoi."""
    from minikctl.kubectl.flags import quote

    number = parse_int(text)
    if number is None:
        raise KubectlError(f"strconv.Atoi: parsing {quote(text)}: invalid syntax")
    return number
