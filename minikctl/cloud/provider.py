"""The emulated cloud: machines as instances, load balancers and routes (the role of `k8s.io/cloud-provider`).

Its instances are the cluster's machines; the rest is kept in its own storage: "lb/UID" (see LoadBalancer) and
"route/NODE/CIDR" (the CIDR). Load balancers have addresses of the nodes' network, from 172.18.128.1 on.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, NamedTuple
from zlib import crc32

from minikctl.apimachinery.request import Obj
from minikctl.client.component import KeyValue

NAME = "emulated"
REGION = "emulated"
INSTANCE_TYPE = "emulated"
_ZONES = "abc"
_FIRST = ip_address("172.18.128.1")
_COUNT = 32_000
_ERROR = "minikctl.dev/load-balancer-error"


class CloudError(Exception):
    """The cloud cannot do what is asked; the text says why."""


class Instance(NamedTuple):
    """A machine as the cloud knows it."""

    name: str
    running: bool

    @property
    def provider_id(self) -> str:
        return f"{NAME}:///{self.zone}/{self.name}"

    @property
    def zone(self) -> str:
        """node-1, node-2, ... are in a, b, c in turn."""
        digits = "".join(filter(str.isdigit, self.name.rpartition("-")[2]))
        index = int(digits) - 1 if digits else crc32(self.name.encode())
        return f"{REGION}-{_ZONES[index % len(_ZONES)]}"


class LoadBalancer(NamedTuple):
    """What the cloud balances: an address's ports over hosts. `ports` are texts like "80/TCP"."""

    name: str
    service: str
    ip: str
    ports: list[str]
    hosts: list[str]


class EmulatedCloud:
    """The cloud of one cluster. `running(name)`: whether a machine runs, None where there is none of that name."""

    def __init__(self, state: KeyValue, running: Callable[[str], bool | None]) -> None:
        self._state = state
        self._running = running

    def instance(self, name: str) -> Instance | None:
        """The machine of that name."""
        running = self._running(name)
        return None if running is None else Instance(name, running)

    def load_balancers(self) -> dict[str, LoadBalancer]:
        """All of them, by the uid of their Service."""
        return {key.removeprefix("lb/"): LoadBalancer(*stored) for key, stored in self._state.scan("lb/")}

    def load_balancer(self, uid: str) -> LoadBalancer | None:
        stored = self._state.get(f"lb/{uid}")
        return LoadBalancer(*stored) if stored else None

    def ensure_load_balancer(self, service: Obj, hosts: list[str]) -> LoadBalancer:
        """Make or change the one of a Service; CloudError where that fails (the annotation
        minikctl.dev/load-balancer-error has it fail with its text)."""
        meta, spec = service["metadata"], service["spec"]
        error = (meta.get("annotations") or {}).get(_ERROR)
        if error:
            raise CloudError(error)
        known = self.load_balancer(meta["uid"])
        wanted = spec.get("loadBalancerIP") or ""
        ip = known.ip if known is not None and wanted in ("", known.ip) else self._address(wanted)
        ports = [f"{entry['port']}/{entry.get('protocol', 'TCP')}" for entry in spec["ports"]]
        name = ("a" + meta["uid"].replace("-", ""))[:32]
        made = LoadBalancer(name, f"{meta['namespace']}/{meta['name']}", ip, ports, hosts)
        self._put(meta["uid"], made)
        return made

    def update_hosts(self, uid: str, hosts: list[str]) -> None:
        """Balance over other hosts."""
        known = self.load_balancer(uid)
        if known is not None:
            self._put(uid, known._replace(hosts=hosts))

    def delete_load_balancer(self, uid: str) -> None:
        """Take it away, if it is there."""
        self._state.delete(f"lb/{uid}")

    def routes(self) -> list[tuple[str, str]]:
        """The (node, CIDR) of every route."""
        found = []
        for key, cidr in self._state.scan("route/"):
            found.append((key.split("/")[1], str(cidr)))
        return found

    def create_route(self, node: str, cidr: str) -> None:
        self._state.put(f"route/{node}/{cidr.replace('/', '_')}", cidr)

    def delete_route(self, node: str, cidr: str) -> None:
        self._state.delete(f"route/{node}/{cidr.replace('/', '_')}")

    def _put(self, uid: str, balancer: LoadBalancer) -> None:
        stored: list[Any] = list(balancer)
        self._state.put(f"lb/{uid}", stored)

    def _address(self, wanted: str) -> str:
        taken = {each.ip for each in self.load_balancers().values()}
        if wanted:
            try:
                ip_address(wanted)
            except ValueError:
                raise CloudError(f"{wanted} is not an IP address") from None
            if wanted in taken:
                raise CloudError(f"address {wanted} is in use")
            return wanted
        for index in range(_COUNT):
            if str(_FIRST + index) not in taken:
                return str(_FIRST + index)
        raise CloudError("no address is free")
