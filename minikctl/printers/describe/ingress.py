"""Ingresses and IngressClasses.

Upstream counterpart: IngressDescriber and IngressClassDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.services import format_endpoints
from minikctl.printers.describe.writer import NONE, Writer, head

Obj = dict[str, Any]


def ingress(ingress: Obj, lookup: Lookup, now: float) -> str:
    """An Ingress: its rules and the endpoints behind every backend."""
    metadata, spec = ingress["metadata"], ingress.get("spec") or {}
    namespace = metadata.get("namespace", "")
    out = Writer()
    out.field("Name", metadata["name"])
    out.labels("Labels", metadata.get("labels"))
    out.field("Namespace", namespace)
    out.field("Address", _addresses((ingress.get("status") or {}).get("loadBalancer") or {}))
    out.field("Ingress Class", spec.get("ingressClassName", NONE))
    default = "<default>"
    if spec.get("defaultBackend") is not None:
        default = _backend(namespace, spec["defaultBackend"], lookup)
    out.field("Default backend", default)
    if spec.get("tls"):
        out.line("TLS:")
        for tls in spec["tls"]:
            hosts = ",".join(tls.get("hosts") or ())
            secret = tls.get("secretName")
            out.line(f"{secret} terminates {hosts}" if secret else f"SNI routes {hosts}", 1)
    _rules(out, namespace, spec, default, lookup)
    out.annotations("Annotations", metadata.get("annotations"))
    return finish(out, ingress, lookup, now)


def _addresses(balancer: Obj) -> str:
    found = {point.get("ip") or point.get("hostname") or "" for point in balancer.get("ingress") or ()}
    return ",".join(sorted(found - {""}))


def _rules(out: Writer, namespace: str, spec: Obj, default: str, lookup: Lookup) -> None:
    out.line("Rules:\n  Host\tPath\tBackends")
    out.line("----\t----\t--------", 1)
    rules = [rule for rule in spec.get("rules") or () if rule.get("http") is not None]
    for rule in rules:
        out.line(f"{rule.get('host') or '*'}\t", 1)
        for path in rule["http"].get("paths") or ():
            out.line(f"\t{path.get('path', '')} \t{_backend(namespace, path['backend'], lookup)}", 2)
    if not rules:
        out.row("*", "*", default, level=1)


def _backend(namespace: str, backend: Obj, lookup: Lookup) -> str:
    if backend.get("service") is not None:
        wanted = backend["service"]
        port = wanted.get("port") or {}
        text = f"{wanted.get('name', '')}:{port.get('number') or port.get('name') or ''}"
        return f"{text} ({_behind(namespace, wanted, port, lookup)})"
    if backend.get("resource") is not None:
        resource = backend["resource"]
        group = resource.get("apiGroup", NONE)
        return f"APIGroup: {group}, Kind: {resource.get('kind', '')}, Name: {resource.get('name', '')}"
    return ""


def _behind(namespace: str, wanted: Obj, port: Obj, lookup: Lookup) -> str:
    name = wanted.get("name", "")
    try:
        slices = lookup.list("endpointslices.discovery.k8s.io", namespace, f"kubernetes.io/service-name={name}")
        service = lookup.get("services", name, namespace)
    except StatusError as error:
        return f"<error: {error}>"
    port_name = ""
    for candidate in service["spec"].get("ports") or ():
        candidate_name = candidate.get("name") or ""
        if (port.get("number") and port["number"] == candidate.get("port")) or (
            port.get("name") and port["name"] == candidate_name
        ):
            port_name = candidate_name
    return format_endpoints(slices, port_name)


def ingress_class(ingress_class: Obj, lookup: Lookup, now: float) -> str:
    """An IngressClass: its controller and parameters."""
    spec = ingress_class.get("spec") or {}
    out = head(ingress_class, namespaced=False)
    out.field("Controller", spec.get("controller", ""))
    parameters = spec.get("parameters")
    if parameters is not None:
        out.line("Parameters:")
        if parameters.get("apiGroup") is not None:
            out.field("APIGroup", parameters["apiGroup"], 1)
        out.field("Kind", parameters.get("kind", ""), 1)
        out.field("Name", parameters.get("name", ""), 1)
    return finish(out, ingress_class, lookup, now)
