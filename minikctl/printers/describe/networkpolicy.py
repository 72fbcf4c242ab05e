"""NetworkPolicies.

Upstream counterpart: NetworkPolicyDescriber.
"""

from __future__ import annotations

import time
from typing import Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.selectors import format_label_selector
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import NONE, Writer

Obj = dict[str, Any]

_INDENT = "    "


def describe(policy: Obj, lookup: Lookup, now: float) -> str:
    """A NetworkPolicy: whom it selects and what it allows."""
    metadata, spec = policy["metadata"], policy.get("spec") or {}
    out = Writer()
    out.field("Name", metadata["name"])
    out.field("Namespace", metadata.get("namespace", ""))
    created = time.localtime(parse_time(metadata["creationTimestamp"]))
    out.field("Created on", time.strftime("%Y-%m-%d %H:%M:%S %z %Z", created))
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    out.line("Spec:")
    out.write("PodSelector: ", 1)
    selector = spec.get("podSelector") or {}
    if selector.get("matchLabels") or selector.get("matchExpressions"):
        out.line(format_label_selector(selector), 2)
    else:
        out.line("<none> (Allowing the specific traffic to all pods in this namespace)", 2)
    types = spec.get("policyTypes") or ()
    for direction, peers, peer in (("Ingress", "from", "From"), ("Egress", "to", "To")):
        if direction in types:
            out.line(f"Allowing {direction.lower()} traffic:", 1)
            _rules(out, direction.lower(), spec.get(direction.lower()), peers, peer)
        else:
            out.line(f"Not affecting {direction.lower()} traffic", 1)
    out.line(f"Policy Types: {', '.join(types) or NONE}", 1)
    return out.text()


def _rules(out: Writer, direction: str, rules: list[Obj] | None, peers: str, title: str) -> None:
    if not rules:
        out.line(f"{_INDENT}<none> (Selected pods are isolated for {direction} connectivity)")
        return
    for i, rule in enumerate(rules):
        if i:
            out.line(f"{_INDENT}----------")
        _ports(out, rule.get("ports"))
        if not rule.get(peers):
            by = "source" if direction == "ingress" else "destination"
            out.line(f"{_INDENT}{title}: <any> (traffic not restricted by {by})")
        for peer in rule.get(peers) or ():
            out.line(f"{_INDENT}{title}:")
            _peer(out, peer)


def _ports(out: Writer, ports: list[Obj] | None) -> None:
    if not ports:
        out.line(f"{_INDENT}To Port: <any> (traffic allowed to all ports)")
    for port in ports or ():
        number, protocol = port.get("port", "<nil>"), port.get("protocol") or "TCP"
        if port.get("endPort") is None:
            out.line(f"{_INDENT}To Port: {number}/{protocol}")
        else:
            out.line(f"{_INDENT}To Port Range: {number}-{port['endPort']}/{protocol}")


def _peer(out: Writer, peer: Obj) -> None:
    selected = False
    for title, key in (("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")):
        if peer.get(key) is not None:
            selected = True
            out.line(f"{_INDENT}{title}: {format_label_selector(peer[key])}", 1)
    block = peer.get("ipBlock")
    if block is not None and not selected:
        out.line(f"{_INDENT}IPBlock:", 1)
        out.line(f"{_INDENT}CIDR: {block.get('cidr', '')}", 2)
        out.line(f"{_INDENT}Except: {', '.join(block.get('except') or ())}", 2)
