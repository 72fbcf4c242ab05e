"""ClusterIPs: given out from the ranges of the ready ServiceCIDRs, each marked as taken by an IPAddress.

Counterpart: `pkg/registry/core/service/ipallocator`. A dry run looks at the ranges only and promises nothing: the
address it shows for one that is to be chosen is that of the network.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

NETWORK = ipaddress.IPv4Network("10.96.0.0/12")
IP_ADDRESSES = "ipaddresses.networking.k8s.io"
_SERVICE_CIDRS = "servicecidrs.networking.k8s.io"


def ip_address(address: str, namespace: str, service: str) -> Obj:
    """The IPAddress of a Service's ClusterIP, as the ClusterIP allocator writes it."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": address,
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv6" if ":" in address else "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {"parentRef": {"group": "", "name": service, "namespace": namespace, "resource": "services"}},
    }


@cache
def _network(text: str) -> ipaddress.IPv4Network | None:
    """The range; None for one of IPv6, from which this cluster gives nothing."""
    network = ipaddress.ip_network(text)
    return network if isinstance(network, ipaddress.IPv4Network) else None


def _ranges(ctx: Context) -> list[ipaddress.IPv4Network]:
    """The ranges addresses are taken from, the cluster's own first."""
    found = [NETWORK]
    for cidr in ctx.reader.peek_all(_SERVICE_CIDRS):
        networks = [network for text in cidr["spec"]["cidrs"] if (network := _network(text))]
        if _ready(cidr):
            found += [network for network in networks if network not in found]
        elif cidr["metadata"]["name"] == "kubernetes" and NETWORK in networks:
            found.remove(NETWORK)
    return found


def _ready(cidr: Obj) -> bool:
    if "deletionTimestamp" in cidr["metadata"]:
        return False
    conditions = (cidr.get("status") or {}).get("conditions") or ()
    return all(item["status"] == "True" for item in conditions if item["type"] == "Ready")


def _taken(address: str, ctx: Context) -> bool:
    return ctx.server.storage.record(IP_ADDRESSES, "", address) is not None


def problem(address: str, ctx: Context) -> str:
    """Why a Service cannot have this address; empty if it can."""
    parsed, ranges = ipaddress.ip_address(address), _ranges(ctx)
    inside = [
        network
        for network in ranges
        if parsed in network and parsed not in (network.network_address, network.broadcast_address)
    ]
    if ctx.dry_run:
        if inside or not ranges:
            return ""
        return f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {ranges[0]}"
    if not inside:
        return "the provided network does not match the current range"
    return "provided IP is already allocated" if _taken(address, ctx) else ""


def free(ctx: Context) -> str:
    """An address nobody has."""
    ranges = _ranges(ctx)
    if ctx.dry_run and ranges:
        return str(ranges[0].network_address)
    for network in ranges:
        if address := _free_in(network, ctx):
            return address
    raise errors.internal("failed to allocate a serviceIP: range is full")


def _free_in(network: ipaddress.IPv4Network, ctx: Context) -> str:
    """A random one above the lower band, which is kept for addresses that are asked for; then one of the band."""
    size = network.num_addresses
    band = 0 if size <= 16 else min(max(16, size // 16), 256)
    first, end = max(band, 1), size - 1
    if first >= end:
        return ""
    start = first + ctx.rand.below(end - first)
    for number in chain(range(start, end), range(first, start), range(1, first)):
        address = str(network[number])
        if not _taken(address, ctx):
            return address
    return ""
