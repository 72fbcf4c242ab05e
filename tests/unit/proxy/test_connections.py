"""Where connections lead."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.proxy.connections import Dropped, Refused, Route, Source, Target, resolve
from minikctl.proxy.endpoints import Endpoint
from minikctl.proxy.ports import ServicePort
from minikctl.proxy.topology import Place

ONE, TWO = Place("node-1"), Place("node-2")
POD = Source(ONE, "10.244.1.5")
ENDPOINTS = [Endpoint("10.244.1.2", 8080, "node-1"), Endpoint("10.244.2.2", 8080, "node-2")]
BOTH, FIRST, SECOND = ["10.244.1.2", "10.244.2.2"], ["10.244.1.2"], ["10.244.2.2"]


def port(**fields: Any) -> ServicePort:
    return ServicePort("demo/web", ("", "TCP"), "tcp", "10.96.0.9", 80, **fields)


def to(
    target: Target, one: ServicePort, endpoints: list[Endpoint] = ENDPOINTS, source: Source = POD
) -> list[str] | None:
    route = resolve([(one, endpoints)], source, target)
    return None if route is None else [each.address for each in route.endpoints]


@pytest.mark.parametrize("address", ["10.96.0.9", "198.51.100.7", "192.0.2.7"])
def test_all_of_its_addresses(address: str) -> None:
    one = port(external_ips=("198.51.100.7",), load_balancer_ips=("192.0.2.7",))
    assert to(Target(address, 80), one) == BOTH
    assert to(Target(address, 81), one) is None
    assert to(Target(address, 80, "udp"), one) is None
    with pytest.raises(Refused):
        to(Target(address, 80), one, [])


def test_the_internal_policy() -> None:
    one = port(internal_local=True)
    assert to(Target("10.96.0.9", 80), one) == FIRST
    assert to(Target("10.96.0.9", 80), one, source=Source(TWO, "10.244.2.9")) == SECOND
    with pytest.raises(Dropped):
        to(Target("10.96.0.9", 80), one, ENDPOINTS[1:])


def test_node_ports() -> None:
    one = port(node_port=30080)
    assert to(Target("172.18.0.4", 30080, node=TWO), one) == BOTH
    assert to(Target("172.18.0.4", 30080), one) is None
    assert to(Target("172.18.0.4", 80, node=TWO), one) is None


def test_the_external_policy_holds_for_other_machines_only() -> None:
    one, target = port(node_port=30080, external_local=True), Target("172.18.0.4", 30080, node=TWO)
    other, itself = Source(ONE, "172.18.0.3", is_pod=False), Source(TWO, "172.18.0.4", is_pod=False)
    assert to(target, one) == BOTH
    assert to(target, one, source=itself) == BOTH
    assert to(target, one, source=other) == SECOND
    with pytest.raises(Dropped):
        to(target, one, ENDPOINTS[:1], source=other)


def test_load_balancers_let_in_whom_they_are_told_to() -> None:
    target = Target("192.0.2.7", 80)
    assert to(target, port(load_balancer_ips=("192.0.2.7",), source_ranges=("10.244.0.0/16",))) == BOTH
    with pytest.raises(Dropped):
        to(target, port(load_balancer_ips=("192.0.2.7",), source_ranges=("10.9.0.1/16",)))


def test_turns_and_affinity() -> None:
    by_turns = Route(ENDPOINTS, sticky=False)
    assert [by_turns.choose("c", turn).address for turn in range(3)] == ["10.244.1.2", "10.244.2.2", "10.244.1.2"]
    many = [Endpoint(f"10.244.1.{number}", 80) for number in range(20)]
    sticky = resolve([(port(affinity_seconds=10800), many)], POD, Target("10.96.0.9", 80))
    assert sticky is not None
    chosen = {client: {sticky.choose(client, turn) for turn in range(9)} for client in ("a", "b", "c", "d")}
    assert all(len(each) == 1 for each in chosen.values())
    assert len(set.union(*chosen.values())) > 1
    for client, (kept,) in chosen.items():
        fewer = Route([each for each in many if each == kept or each.address < "10.244.1.2"], sticky=True)
        assert fewer.choose(client, 0) == kept
