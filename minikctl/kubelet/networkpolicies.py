"""Which connections NetworkPolicies let through, as a network plugin enforces them on the node.

Pure but for the namespaces' labels, which are asked for. The rules are those of the API's documentation: a pod that no
policy selects in a direction is open in it; policies add up; what answers a connection that was let through, passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from minikctl.apimachinery import selectors
from minikctl.apimachinery.request import Obj

RESOURCE = "networkpolicies.networking.k8s.io"
INGRESS, EGRESS = "Ingress", "Egress"
_PEERS = {INGRESS: ("ingress", "from"), EGRESS: ("egress", "to")}

Labels = dict[str, str]
LabelsOf = Callable[[str], Labels]


class End(NamedTuple):
    """One end of a connection: its address, and its pod where it has one with a network of its own."""

    address: str
    pod: Obj | None = None
    node: str = ""


class Connection(NamedTuple):
    """From where to where; the port is the one that the pod there listens on."""

    source: End
    target: End
    port: int
    protocol: str = "TCP"


def lets_through(policies: Iterable[Obj], connection: Connection, labels_of: LabelsOf) -> bool:
    """Whether the policies (of both ends' namespaces) permit a connection; `labels_of` tells a namespace's labels."""
    source, target = connection.source, connection.target
    if source.address == target.address:
        return True  # a pod reaches itself
    policies = list(policies)
    if not _open(policies, EGRESS, source, target, connection, labels_of):
        return False
    if source.pod is None and source.node and source.node == target.node:
        return True  # a node reaches its pods, for the kubelet's sake
    return _open(policies, INGRESS, target, source, connection, labels_of)


def _open(
    policies: list[Obj],
    direction: str,
    subject: End,
    other: End,
    connection: Connection,
    labels_of: LabelsOf,
) -> bool:
    if subject.pod is None:
        return True
    field, peers = _PEERS[direction]
    selected = [each for each in policies if _selects(each, direction, subject.pod)]
    if not selected:
        return True
    for policy in selected:
        for rule in policy["spec"].get(field) or ():
            among = rule.get(peers) or ()
            namespace = policy["metadata"]["namespace"]
            if among and not any(_is_peer(peer, namespace, other, labels_of) for peer in among):
                continue
            if _port_matches(rule.get("ports") or (), connection):
                return True
    return False


def _selects(policy: Obj, direction: str, pod: Obj) -> bool:
    meta, spec = pod["metadata"], policy["spec"]
    if policy["metadata"]["namespace"] != meta["namespace"]:
        return False
    types = spec.get("policyTypes") or ([INGRESS, EGRESS] if spec.get("egress") else [INGRESS])
    return direction in types and _matches(spec.get("podSelector"), meta.get("labels"))


def _is_peer(peer: Obj, namespace: str, end: End, labels_of: LabelsOf) -> bool:
    block = peer.get("ipBlock")
    if block is not None:
        address = ip_address(end.address)
        inside = address in ip_network(block["cidr"], strict=False)
        return inside and not any(address in ip_network(each, strict=False) for each in block.get("except") or ())
    if end.pod is None:
        return False
    meta = end.pod["metadata"]
    wanted = peer.get("namespaceSelector")
    if wanted is None:
        if meta["namespace"] != namespace:
            return False
    elif not _matches(wanted, labels_of(meta["namespace"])):
        return False
    return peer.get("podSelector") is None or _matches(peer["podSelector"], meta.get("labels"))


def _port_matches(ports: Iterable[Obj], connection: Connection) -> bool:
    ports = list(ports)
    return not ports or any(_is_port(entry, connection) for entry in ports)


def _is_port(entry: Obj, connection: Connection) -> bool:
    if entry.get("protocol", "TCP") != connection.protocol:
        return False
    port = entry.get("port")
    if port is None:
        return True
    if isinstance(port, str):
        return connection.port in _named(connection.target.pod, port, connection.protocol)
    last: int = entry.get("endPort") or port
    return bool(port <= connection.port <= last)


def _named(pod: Obj | None, name: str, protocol: str) -> list[int]:
    """The ports of a pod's containers that have a name."""
    containers = (pod or {"spec": {"containers": ()}})["spec"]["containers"]
    entries = (entry for container in containers for entry in container.get("ports") or ())
    return [e["containerPort"] for e in entries if e.get("name") == name and e.get("protocol", "TCP") == protocol]


def _matches(selector: Obj | None, labels: Labels | None) -> bool:
    return selectors.from_label_selector(selector or {}).matches(labels or {})
