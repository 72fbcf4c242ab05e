"""Where a connection to an address leads: what the rules of `iptables` do to its first packet.

Pure. The caller says where the packet comes from and hands in the Services' ports with their endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from zlib import crc32

from minikctl.proxy.endpoints import Endpoint
from minikctl.proxy.ports import ServicePort
from minikctl.proxy.topology import Place, Usable, usable


class Refused(Exception):
    """No node has endpoints for this: the node answers with a reset (REJECT)."""


class Dropped(Exception):
    """Nothing comes back: only other nodes have endpoints, or the source is not among those let in (DROP)."""


class Source(NamedTuple):
    """Who opens the connection: the node it is on, its address, whether that is a pod's own and not the node's."""

    place: Place
    address: str
    is_pod: bool = True


class Target(NamedTuple):
    """Where it goes. `node`: the node that has this address itself, if one has."""

    address: str
    port: int
    protocol: str = "tcp"
    node: Place | None = None


class Route(NamedTuple):
    """The endpoints a connection may go to; `sticky`: a client always gets the same (session affinity)."""

    endpoints: list[Endpoint]
    sticky: bool

    def choose(self, client: str, turn: int) -> Endpoint:
        """One of them: by turns, or the one whose text has the highest checksum together with the client's address.

        The kernel draws by chance and remembers who was sent where. Nothing is remembered here, so the choice must
        follow from the two alone, and change little where other endpoints come and go.
        """
        if not self.sticky:
            return self.endpoints[turn % len(self.endpoints)]
        return max(self.endpoints, key=lambda each: (crc32(f"{client} {each}".encode()), str(each)))


Candidates = Iterable[tuple[ServicePort, list[Endpoint]]]


def resolve(candidates: Candidates, source: Source, target: Target) -> Route | None:
    """Where the connection may go; None where the address is no Service's. Refused and Dropped are raised."""
    for port, endpoints in candidates:
        chosen = _chosen(port, endpoints, source, target)
        if chosen is not None:
            return Route(chosen, port.affinity_seconds > 0)
    return None


def meant(port: ServicePort, target: Target) -> bool:
    """Whether the address is one of the port's: cheap, for choosing the candidates whose endpoints are needed."""
    if port.protocol != target.protocol:
        return False
    addresses = (port.cluster_ip, *port.load_balancer_ips, *port.external_ips)
    if target.port == port.port and target.address in addresses:
        return True
    return target.node is not None and port.node_port > 0 and target.port == port.node_port


def _chosen(port: ServicePort, endpoints: list[Endpoint], source: Source, target: Target) -> list[Endpoint] | None:
    if not meant(port, target):
        return None
    if target.port == port.port:
        found = usable(port, endpoints, source.place)
        if target.address == port.cluster_ip:
            return _endpoints(found, port.internal_local)
        if target.address in port.load_balancer_ips:
            _filter(port, found, source)
            return _endpoints(found)
        if target.address in port.external_ips:
            return _endpoints(found)
    if target.node is None:
        return None
    inside = source.is_pod or source.place.node == target.node.node
    return _endpoints(usable(port, endpoints, target.node), port.external_local and not inside)


def _endpoints(found: Usable, local: bool = False) -> list[Endpoint]:
    """`local`: the policy is Local. The external one does not hold for pods and for the node itself."""
    if not found.anywhere:
        raise Refused
    chosen = found.local if local else found.cluster
    if not chosen:
        raise Dropped
    return chosen


def _filter(port: ServicePort, found: Usable, source: Source) -> None:
    if not port.source_ranges or not found.anywhere:
        return
    address = ip_address(source.address)
    if not any(address in ip_network(each, strict=False) for each in port.source_ranges):
        raise Dropped
