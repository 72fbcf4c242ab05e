"""The rules of a node. The chains' names are those that any cluster has for these Services."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.proxy.endpoints import IPV6, Endpoint
from minikctl.proxy.iptables import Node, chain, rules
from minikctl.proxy.ports import ServicePort
from minikctl.proxy.topology import Place

NODE = Node(Place("node-1"), "172.18.0.3", "10.244.0.0/16")
ENDPOINTS = [Endpoint("10.244.1.2", 8080, "node-1"), Endpoint("10.244.2.2", 8080, "node-2")]


def port(name: str = "demo/web", **fields: Any) -> ServicePort:
    return ServicePort(name, ("", "TCP"), "tcp", "10.96.0.9", 80, **fields)


def lines(table: str, one: ServicePort, endpoints: list[Endpoint] = ENDPOINTS, node: Node = NODE) -> list[str]:
    """The saved rules that are the Service's."""
    found = next(each for each in rules([(one, endpoints)], node) if each.name == table)
    empty = next(each for each in rules([], node) if each.name == table)
    return [line for line in found.saved() if line not in empty.saved() and not line.startswith(":")]


@pytest.mark.parametrize(
    ("name", "protocol", "expected"),
    [
        ("default/kubernetes:https", "tcp", "KUBE-SVC-NPX46M4PTMTKRN6Y"),
        ("kube-system/kube-dns:dns", "udp", "KUBE-SVC-TCOU7JCQXEZGVUNU"),
        ("kube-system/kube-dns:dns-tcp", "tcp", "KUBE-SVC-ERIFXISQEP7F7OF4"),
        ("kube-system/kube-dns:metrics", "tcp", "KUBE-SVC-JD5MR3NA4I4DYORP"),
    ],
)
def test_names_of_chains(name: str, protocol: str, expected: str) -> None:
    assert chain("SVC", name, protocol) == expected


def test_a_cluster_ip() -> None:
    service, first, second = (
        chain("SVC", "demo/web", "tcp"),
        *(chain("SEP", "demo/web", "tcp", str(each)) for each in ENDPOINTS),
    )
    assert sorted(lines("nat", port())) == sorted([
        '-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m comment --comment "demo/web cluster IP" -m tcp --dport 80 '
        f"-j {service}",
        f'-A {service} ! -s 10.244.0.0/16 -d 10.96.0.9/32 -p tcp -m comment --comment "demo/web cluster IP" '
        "-m tcp --dport 80 -j KUBE-MARK-MASQ",
        f'-A {service} -m comment --comment "demo/web -> 10.244.1.2:8080" -m statistic --mode random '
        f"--probability 0.50000000000 -j {first}",
        f'-A {service} -m comment --comment "demo/web -> 10.244.2.2:8080" -j {second}',
        f'-A {first} -s 10.244.1.2/32 -m comment --comment "demo/web" -j KUBE-MARK-MASQ',
        f'-A {first} -p tcp -m comment --comment "demo/web" -m tcp -j DNAT --to-destination 10.244.1.2:8080',
        f'-A {second} -s 10.244.2.2/32 -m comment --comment "demo/web" -j KUBE-MARK-MASQ',
        f'-A {second} -p tcp -m comment --comment "demo/web" -m tcp -j DNAT --to-destination 10.244.2.2:8080',
    ])  # fmt: skip
    assert lines("filter", port()) == []


def test_without_endpoints() -> None:
    one = port(node_port=30080, external_ips=("198.51.100.7",))
    assert lines("nat", one, []) == []
    told = '-m comment --comment "demo/web has no endpoints"'
    refusal = "-j REJECT --reject-with icmp-port-unreachable"
    assert lines("filter", one, []) == [
        f"-A KUBE-EXTERNAL-SERVICES -d 198.51.100.7/32 -p tcp {told} -m tcp --dport 80 {refusal}",
        f"-A KUBE-EXTERNAL-SERVICES -p tcp {told} -m addrtype --dst-type LOCAL -m tcp --dport 30080 {refusal}",
        f"-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp {told} -m tcp --dport 80 {refusal}",
    ]


def test_local_traffic_without_local_endpoints() -> None:
    one = port(node_port=30080, external_local=True, health_check_port=31000)
    assert lines("filter", one, ENDPOINTS[1:]) == [
        '-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "demo/web has no local endpoints" '
        "-m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP",
        '-A KUBE-NODEPORTS -p tcp -m comment --comment "demo/web health check node port" '
        "-m tcp --dport 31000 -j ACCEPT",
    ]
    external = chain("EXT", "demo/web", "tcp")
    assert not any(line.endswith(chain("SVL", "demo/web", "tcp")) for line in lines("nat", one, ENDPOINTS[1:]))
    inner = lines("filter", port(internal_local=True), ENDPOINTS[1:])
    assert [line.rpartition(" ")[2] for line in inner] == ["DROP"]
    with_local = [line for line in lines("nat", one) if line.startswith(f"-A {external}")]
    service = chain("SVC", "demo/web", "tcp")
    assert with_local == [
        f'-A {external} -s 10.244.0.0/16 -m comment --comment "pod traffic for demo/web external destinations" '
        f"-j {service}",
        f'-A {external} -m comment --comment "masquerade LOCAL traffic for demo/web external destinations" '
        "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
        f'-A {external} -m comment --comment "route LOCAL traffic for demo/web external destinations" '
        f"-m addrtype --src-type LOCAL -j {service}",
        f"-A {external} -j {chain('SVL', 'demo/web', 'tcp')}",
    ]


def test_a_load_balancer_with_source_ranges() -> None:
    one = port(load_balancer_ips=("192.0.2.7",), source_ranges=("172.18.0.0/16",))
    firewall, external = chain("FW", "demo/web", "tcp"), chain("EXT", "demo/web", "tcp")
    nat = lines("nat", one)
    address = "-d 192.0.2.7/32 -p tcp -m comment --comment"
    assert f'-A KUBE-SERVICES {address} "demo/web loadbalancer IP" -m tcp --dport 80 -j {firewall}' in nat
    told = '-m comment --comment "demo/web loadbalancer IP"'
    assert [line for line in nat if line.startswith(f"-A {firewall}")] == [
        f"-A {firewall} -s 172.18.0.0/16 {told} -j {external}",
        f"-A {firewall} -s 192.0.2.7/32 {told} -j {external}",
        f'-A {firewall} -m comment --comment "other traffic to demo/web will be dropped by KUBE-PROXY-FIREWALL"',
    ]
    dropped = f'"demo/web traffic not accepted by {firewall}" -m tcp --dport 80 -j DROP'
    assert lines("filter", one) == [f"-A KUBE-PROXY-FIREWALL {address} {dropped}"]


def test_session_affinity() -> None:
    one = ENDPOINTS[:1]
    chosen = chain("SEP", "demo/web", "tcp", str(one[0]))
    name = f"--name {chosen} --mask 255.255.255.255 --rsource"
    nat = lines("nat", port(affinity_seconds=60), one)
    told = '-m comment --comment "demo/web -> 10.244.1.2:8080"'
    assert (
        f"-A {chain('SVC', 'demo/web', 'tcp')} {told} -m recent --rcheck --seconds 60 --reap {name} -j {chosen}" in nat
    )
    assert (
        f'-A {chosen} -p tcp -m comment --comment "demo/web" -m recent --set {name} '
        "-m tcp -j DNAT --to-destination 10.244.1.2:8080"
    ) in nat


def test_chances_are_kept_in_31_bits() -> None:
    nat = lines("nat", port(), [Endpoint(f"10.244.1.{number}", 80) for number in range(3)])
    assert [line.partition("--probability ")[2].split()[0] for line in nat if "--probability" in line] == [
        "0.33333333349", "0.50000000000",
    ]  # fmt: skip


def test_many_endpoints_go_without_comments() -> None:
    many = [Endpoint(f"10.244.{number // 200}.{number % 200}", 80) for number in range(1001)]
    assert not any("->" in line for line in lines("nat", port(), many))
    assert any("->" in line for line in lines("nat", port(), many[1:]))


def test_ipv6() -> None:
    one = port()._replace(cluster_ip="fd00::9")
    six = Node(Place("node-1"), "fd01::3")
    mangle, filters, nat = rules([(one, [Endpoint("fd00::1:2", 80)])], six, IPV6)
    assert [each.name for each in (mangle, filters, nat)] == ["mangle", "filter", "nat"]
    assert any(line.endswith("--to-destination [fd00::1:2]:80") for line in nat.saved())
    last = [line for line in nat.saved() if line.startswith("-A KUBE-SERVICES")][-1]
    assert last.startswith("-A KUBE-SERVICES ! -d ::1/128 -m comment")
    assert not any("127.0.0.0" in line for line in filters.saved())
