"""The rules that kube-proxy in its mode iptables writes on a node (`pkg/proxy/iptables/proxier.go`).

A rule is kept in its parts; `rulesets` prints it as iptables-save does. The kubelet's own chains are there too;
counters are not kept, and what a network plugin would add is not.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from minikctl.proxy.endpoints import IPV4, Endpoint
from minikctl.proxy.ports import ServicePort
from minikctl.proxy.rulesets import Rule, Table, comment
from minikctl.proxy.topology import Place, Usable, usable

MARK = "0x4000/0x4000"
_NEW = ("-m", "conntrack", "--ctstate", "NEW")
_LOCAL_TARGET = ("-m", "addrtype", "--dst-type", "LOCAL")
_LOCAL_SOURCE = ("-m", "addrtype", "--src-type", "LOCAL")
_LARGE_CLUSTER = 1000  # endpoints from which rules have no comments where there are many of them


class Node(NamedTuple):
    """The node the rules are for.

    `ip` is "" where it has no address of the family; `pods` is the range of all pods' addresses ("": kube-proxy was not
    told).
    """

    place: Place
    ip: str
    pods: str = ""


Services = Iterable[tuple[ServicePort, list[Endpoint]]]


def rules(services: Services, node: Node, family: str = IPV4) -> list[Table]:
    """The tables mangle, filter and nat of one address family; `services` in the order their rules shall have."""
    services = list(services)
    tables = Writer(node, family, sum(len(endpoints) for _, endpoints in services) > _LARGE_CLUSTER)
    tables.begin()
    for port, endpoints in services:
        tables.service(port, usable(port, endpoints, node.place))
    tables.end()
    return [tables.mangle, tables.filter, tables.nat]


def empty(name: str) -> Table:
    """One of TABLES as the kernel begins with it."""
    return Table(name, _BUILTIN[name])


def chain(prefix: str, *words: str) -> str:
    """A chain's name: the start of the checksum, since names have at most 28 characters."""
    return f"KUBE-{prefix}-{b32encode(sha256(''.join(words).encode()).digest()).decode()[:16]}"


class Writer:
    """Writes the rules of one node and address family."""

    def __init__(self, node: Node, family: str, large: bool) -> None:
        self._node = node
        self._bits = 32 if family == IPV4 else 128
        self._large = large
        self._is_ipv4 = family == IPV4
        self.mangle = empty("mangle")
        self.filter = empty("filter")
        self.nat = empty("nat")
        for table, chains in ((self.mangle, _MANGLE_CHAINS), (self.filter, _FILTER_CHAINS), (self.nat, _NAT_CHAINS)):
            for each in (*_CANARIES, *chains):
                table.make(each)

    def begin(self) -> None:
        """What is there before any Service."""
        for source, target, text, new in _FILTER_JUMPS:
            self.filter.add(source, Rule(matches=(*(_NEW if new else ()), *comment(text)), jump=target))
        for source in ("INPUT", "OUTPUT"):
            self.filter.add(source, Rule(jump="KUBE-FIREWALL"))
        for source, target, text in _NAT_JUMPS:
            self.nat.add(source, Rule(matches=comment(text), jump=target))
        marked = ("-m", "mark", "!", "--mark", MARK)
        self.nat.add("KUBE-POSTROUTING", Rule(matches=marked, jump="RETURN"))
        self.nat.add("KUBE-POSTROUTING", Rule(jump="MARK", options=("--set-xmark", "0x4000/0x0")))
        masquerade = comment("kubernetes service traffic requiring SNAT")
        self.nat.add("KUBE-POSTROUTING", Rule(matches=masquerade, jump="MASQUERADE", options=("--random-fully",)))
        self.nat.add("KUBE-MARK-MASQ", Rule(jump="MARK", options=("--set-xmark", MARK)))
        if self._is_ipv4:
            state = ("-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED,DNAT")
            matches = (*comment("block incoming localnet connections"), *state)
            self.filter.add("KUBE-FIREWALL", Rule("!127.0.0.0/8", "127.0.0.0/8", matches=matches, jump="DROP"))

    def end(self) -> None:
        """What comes after the rules of all Services."""
        text = "kubernetes service nodeports; NOTE: this must be the last rule in this chain"
        loopback = "" if self._is_ipv4 else "!::1/128"
        ports = Rule(destination=loopback, matches=(*comment(text), *_LOCAL_TARGET), jump="KUBE-NODEPORTS")
        self.nat.add("KUBE-SERVICES", ports)
        dropped = ("-m", "nfacct", "--nfacct-name", "ct_state_invalid_dropped_pkts")
        invalid = ("-m", "conntrack", "--ctstate", "INVALID", *dropped)
        self.filter.add("KUBE-FORWARD", Rule(matches=invalid, jump="DROP"))
        forward = (*comment("kubernetes forwarding rules"), "-m", "mark", "--mark", MARK)
        self.filter.add("KUBE-FORWARD", Rule(matches=forward, jump="ACCEPT"))
        known = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
        matches = (*comment("kubernetes forwarding conntrack rule"), *known)
        self.filter.add("KUBE-FORWARD", Rule(matches=matches, jump="ACCEPT"))

    def service(self, port: ServicePort, found: Usable) -> None:
        """The rules of one port of a Service."""
        names = _Chains(port)
        self._capture_internal(port, found, names)
        self._capture_external(port, found, names)
        if port.health_check_port:
            matches = (*comment(f"{port.name} health check node port"), *_to("tcp", port.health_check_port))
            self.filter.add("KUBE-NODEPORTS", Rule(protocol="tcp", matches=matches, jump="ACCEPT"))
        if found.anywhere and port.externally_accessible:
            self._external_chain(port, found, names)
            if port.load_balancer_ips and port.source_ranges:
                self._firewall_chain(port, names)
        if port.uses_cluster_endpoints:
            self._balance(names.cluster, port, found.cluster)
        if port.uses_local_endpoints:
            self._balance(names.local, port, found.local)
        for endpoint in found.reachable:
            self._endpoint(port, endpoint)

    def _capture_internal(self, port: ServicePort, found: Usable, names: _Chains) -> None:
        chosen = found.local if port.internal_local else found.cluster
        if not found.anywhere or (port.internal_local and not chosen):
            self._turn_away("KUBE-SERVICES", port, found.anywhere, self._address(port.cluster_ip))
            return
        target = names.local if port.internal_local else names.cluster
        told = (*comment(f"{port.name} cluster IP"), *_to(port.protocol, port.port))
        address = self._address(port.cluster_ip)
        self.nat.add("KUBE-SERVICES", Rule("", address, port.protocol, told, target))
        if self._node.pods:
            self.nat.add(target, Rule(f"!{self._node.pods}", address, port.protocol, told, "KUBE-MARK-MASQ"))

    def _capture_external(self, port: ServicePort, found: Usable, names: _Chains) -> None:
        filtered = bool(port.load_balancer_ips and port.source_ranges)
        served = found.anywhere and not (port.external_local and not found.local)
        groups = (
            (port.external_ips, "external IP", names.external),
            (port.load_balancer_ips, "loadbalancer IP", names.firewall if filtered else names.external),
        )
        for addresses, text, target in groups:
            for ip in addresses:
                to = _to(port.protocol, port.port)
                rule = Rule("", self._address(ip), port.protocol)
                if found.anywhere:
                    told = (*comment(f"{port.name} {text}"), *to)
                    self.nat.add("KUBE-SERVICES", rule._replace(matches=told, jump=target))
                if found.anywhere and target == names.firewall:
                    told = (*comment(f"{port.name} traffic not accepted by {target}"), *to)
                    self.filter.add("KUBE-PROXY-FIREWALL", rule._replace(matches=told, jump="DROP"))
                if not served:
                    self._turn_away("KUBE-EXTERNAL-SERVICES", port, found.anywhere, self._address(ip))
        if port.node_port:
            if found.anywhere:
                told = (*comment(port.name), *_to(port.protocol, port.node_port))
                rule = Rule(protocol=port.protocol, matches=told, jump=names.external)
                if self._is_ipv4:
                    counted = (*told, "-m", "nfacct", "--nfacct-name", "localhost_nps_accepted_pkts")
                    self.nat.add("KUBE-NODEPORTS", rule._replace(destination="127.0.0.0/8", matches=counted))
                self.nat.add("KUBE-NODEPORTS", rule)
            if not served:
                self._turn_away("KUBE-EXTERNAL-SERVICES", port, found.anywhere, "", port.node_port)

    def _turn_away(self, chain: str, port: ServicePort, elsewhere: bool, address: str, node_port: int = 0) -> None:
        """Refuse what has no endpoints at all; drop what has endpoints on other nodes only."""
        told = comment(f"{port.name} has no {'local ' if elsewhere else ''}endpoints")
        target = _LOCAL_TARGET if node_port else ()
        matches = (*told, *target, *_to(port.protocol, node_port or port.port))
        refusal = "icmp-port-unreachable" if self._is_ipv4 else "icmp6-port-unreachable"
        options = () if elsewhere else ("--reject-with", refusal)
        self.filter.add(chain, Rule("", address, port.protocol, matches, "DROP" if elsewhere else "REJECT", options))

    def _external_chain(self, port: ServicePort, found: Usable, names: _Chains) -> None:
        chain, where = names.external, f"{port.name} external destinations"
        self.nat.make(chain)
        if not port.external_local:
            self.nat.add(chain, Rule(matches=comment(f"masquerade traffic for {where}"), jump="KUBE-MARK-MASQ"))
        else:
            if self._node.pods:
                told = comment(f"pod traffic for {where}")
                self.nat.add(chain, Rule(self._node.pods, matches=told, jump=names.cluster))
            told = (*comment(f"masquerade LOCAL traffic for {where}"), *_LOCAL_SOURCE)
            self.nat.add(chain, Rule(matches=told, jump="KUBE-MARK-MASQ"))
            told = (*comment(f"route LOCAL traffic for {where}"), *_LOCAL_SOURCE)
            self.nat.add(chain, Rule(matches=told, jump=names.cluster))
        if not port.external_local or found.local:
            self.nat.add(chain, Rule(jump=names.local if port.external_local else names.cluster))

    def _firewall_chain(self, port: ServicePort, names: _Chains) -> None:
        chain, told = names.firewall, comment(f"{port.name} loadbalancer IP")
        self.nat.make(chain)
        own = False
        for each in port.source_ranges:
            network = ip_network(each, strict=False)
            self.nat.add(chain, Rule(str(network), matches=told, jump=names.external))
            own = own or (self._node.ip != "" and ip_address(self._node.ip) in network)
        for ip in port.load_balancer_ips if own else ():
            self.nat.add(chain, Rule(self._address(ip), matches=told, jump=names.external))
        rest = comment(f"other traffic to {port.name} will be dropped by KUBE-PROXY-FIREWALL")
        self.nat.add(chain, Rule(matches=rest))

    def _balance(self, chain: str, port: ServicePort, endpoints: list[Endpoint]) -> None:
        """Rules that send each connection to one of the endpoints: first who is known, then by equal chances."""
        if not endpoints:
            return
        self.nat.make(chain)
        for endpoint in endpoints if port.affinity_seconds else ():
            known = ("--rcheck", "--seconds", str(port.affinity_seconds), "--reap")
            self._hand_on(chain, port, endpoint, ("-m", "recent", *known, *self._name(port, endpoint)))
        for index, endpoint in enumerate(endpoints):
            left = len(endpoints) - index
            chance = ("-m", "statistic", "--mode", "random", "--probability", _probability(left)) if left > 1 else ()
            self._hand_on(chain, port, endpoint, chance)

    def _hand_on(self, chain: str, port: ServicePort, endpoint: Endpoint, matches: tuple[str, ...]) -> None:
        told = () if self._large else comment(f"{port.name} -> {endpoint}")
        self.nat.add(chain, Rule(matches=(*told, *matches), jump=_endpoint_chain(port, endpoint)))

    def _endpoint(self, port: ServicePort, endpoint: Endpoint) -> None:
        chain = _endpoint_chain(port, endpoint)
        told = () if self._large else comment(port.name)
        self.nat.make(chain)
        self.nat.add(chain, Rule(self._address(endpoint.address), matches=told, jump="KUBE-MARK-MASQ"))
        remember = ("-m", "recent", "--set", *self._name(port, endpoint)) if port.affinity_seconds else ()
        matches = (*told, *remember, "-m", port.protocol)
        options = ("--to-destination", str(endpoint))
        self.nat.add(chain, Rule(protocol=port.protocol, matches=matches, jump="DNAT", options=options))

    def _name(self, port: ServicePort, endpoint: Endpoint) -> tuple[str, ...]:
        mask = "255.255.255.255" if self._is_ipv4 else "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        return ("--name", _endpoint_chain(port, endpoint), "--mask", mask, "--rsource")

    def _address(self, ip: str) -> str:
        return f"{ip}/{self._bits}"


class _Chains:
    """The chains of a Service's port."""

    def __init__(self, port: ServicePort) -> None:
        words = (port.name, port.protocol)
        self.cluster = chain("SVC", *words)
        self.local = chain("SVL", *words)
        self.external = chain("EXT", *words)
        self.firewall = chain("FW", *words)


def _endpoint_chain(port: ServicePort, endpoint: Endpoint) -> str:
    return chain("SEP", port.name, port.protocol, str(endpoint))


def _to(protocol: str, port: int) -> tuple[str, ...]:
    return ("-m", protocol, "--dport", str(port))


def _probability(count: int) -> str:
    """One in `count`, as the kernel keeps it: kube-proxy writes ten digits, of which 31 bits are kept."""
    return f"{round(float(f'{1 / count:.10f}') * (1 << 31)) / (1 << 31):.11f}"


_BUILTIN = {
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
TABLES = tuple(_BUILTIN)
# What kubelet and kube-proxy look for, to see whether somebody has swept the rules away.
_CANARIES = ("KUBE-KUBELET-CANARY", "KUBE-PROXY-CANARY")
_MANGLE_CHAINS = ("KUBE-IPTABLES-HINT",)
_FILTER_CHAINS = (
    "KUBE-FIREWALL",
    "KUBE-EXTERNAL-SERVICES",
    "KUBE-FORWARD",
    "KUBE-NODEPORTS",
    "KUBE-PROXY-FIREWALL",
    "KUBE-SERVICES",
)
_NAT_CHAINS = ("KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES")

_PORTALS = "kubernetes service portals"
_FIREWALL = "kubernetes load balancer firewall"
_VISIBLE = "kubernetes externally-visible service portals"
# From, to, why, and whether for new connections only. Each was put before those that were there.
_FILTER_JUMPS = (
    ("INPUT", "KUBE-PROXY-FIREWALL", _FIREWALL, True),
    ("INPUT", "KUBE-NODEPORTS", "kubernetes health check service ports", False),
    ("INPUT", "KUBE-EXTERNAL-SERVICES", _VISIBLE, True),
    ("FORWARD", "KUBE-PROXY-FIREWALL", _FIREWALL, True),
    ("FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules", False),
    ("FORWARD", "KUBE-SERVICES", _PORTALS, True),
    ("FORWARD", "KUBE-EXTERNAL-SERVICES", _VISIBLE, True),
    ("OUTPUT", "KUBE-PROXY-FIREWALL", _FIREWALL, True),
    ("OUTPUT", "KUBE-SERVICES", _PORTALS, True),
)
_NAT_JUMPS = (
    ("PREROUTING", "KUBE-SERVICES", _PORTALS),
    ("OUTPUT", "KUBE-SERVICES", _PORTALS),
    ("POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
)
