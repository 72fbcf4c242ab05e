"""The endpoints behind each port of a Service, from its EndpointSlices (`pkg/proxy/endpointslicecache.go`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikctl.apimachinery.request import Obj

IPV4, IPV6 = "IPv4", "IPv6"

# The name and the protocol of a Service's port, which are those of a slice's.
PortKey = tuple[str, str]


class Endpoint(NamedTuple):
    """One address and port; `pod` is the (name, namespace) of what is behind it, ("", "") where that is no pod."""

    address: str
    port: int
    node: str = ""
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    zone_hints: tuple[str, ...] = ()
    node_hints: tuple[str, ...] = ()
    pod: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        """As Go's net.JoinHostPort: an IPv6 address in brackets."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def by_port(slices: Iterable[Obj], family: str = IPV4) -> dict[PortKey, list[Endpoint]]:
    """The endpoints of one Service's slices, by port; each list in the order of its texts, without doubles.

    Slices of other address families are left out, and so are ports without a number, which stand for all.
    """
    found: dict[PortKey, dict[str, Endpoint]] = {}
    for each in slices:
        if each.get("addressType") != family:
            continue
        for port in each.get("ports") or ():
            if port.get("port") is None:
                continue
            known = found.setdefault((port.get("name") or "", port.get("protocol") or "TCP"), {})
            for entry in each.get("endpoints") or ():
                endpoint = _endpoint(entry, port["port"])
                known[str(endpoint)] = endpoint
    return {key: [endpoints[text] for text in sorted(endpoints)] for key, endpoints in found.items()}


def _endpoint(entry: Obj, port: int) -> Endpoint:
    conditions, hints = entry.get("conditions") or {}, entry.get("hints") or {}
    target = entry.get("targetRef") or {}
    is_pod = target.get("kind", "Pod") == "Pod"
    return Endpoint(
        entry["addresses"][0],
        port,
        entry.get("nodeName") or "",
        conditions.get("ready") is not False,
        conditions.get("serving") is not False,
        bool(conditions.get("terminating")),
        tuple(each["name"] for each in hints.get("forZones") or ()),
        tuple(each["name"] for each in hints.get("forNodes") or ()),
        (target.get("name", ""), target.get("namespace", "")) if is_pod else ("", ""),
    )
