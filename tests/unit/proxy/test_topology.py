"""Which endpoints a node uses."""

from __future__ import annotations

from typing import Any

from minikctl.proxy.endpoints import Endpoint
from minikctl.proxy.ports import ServicePort
from minikctl.proxy.topology import Place, usable

HERE = Place("node-1", "zone-a")


def port(**fields: Any) -> ServicePort:
    return ServicePort("demo/web", ("", "TCP"), "tcp", "10.96.0.9", 80, **fields)


def at(address: str, node: str = "node-1", **fields: Any) -> Endpoint:
    return Endpoint(address, 80, node, **fields)


def names(endpoints: list[Endpoint]) -> list[str]:
    return [each.address for each in endpoints]


def test_ready_endpoints_wherever_they_are() -> None:
    found = usable(port(), [at("a"), at("b", "node-2"), at("c", ready=False)], HERE)
    assert (names(found.cluster), found.local, names(found.reachable), found.anywhere) == (
        ["a", "b"],
        [],
        ["a", "b"],
        True,
    )


def test_leaving_endpoints_serve_where_nobody_else_does() -> None:
    leaving = at("a", ready=False, terminating=True)
    assert names(usable(port(), [leaving, at("b")], HERE).cluster) == ["b"]
    found = usable(port(), [leaving, at("c", ready=False, serving=False, terminating=True)], HERE)
    assert (names(found.cluster), found.anywhere) == (["a"], True)
    assert usable(port(), [at("a", ready=False, serving=False)], HERE).anywhere is False


def test_each_policy_falls_back_by_itself() -> None:
    endpoints = [at("a", ready=False, terminating=True), at("b", "node-2")]
    found = usable(port(node_port=30080, external_local=True), endpoints, HERE)
    assert (names(found.cluster), names(found.local), names(found.reachable)) == (["b"], ["a"], ["a", "b"])


def test_local_policies() -> None:
    inner = port(internal_local=True)
    found = usable(inner, [at("a"), at("b", "node-2")], HERE)
    assert (found.cluster, names(found.local), names(found.reachable)) == ([], ["a"], ["a"])
    found = usable(inner, [at("b", "node-2")], HERE)
    assert (found.local, found.reachable, found.anywhere) == ([], [], True)


def test_hints_count_where_all_have_them_and_one_is_for_here() -> None:
    zoned = [at("a", zone_hints=("zone-a",)), at("b", "node-2", zone_hints=("zone-b",))]
    assert names(usable(port(), zoned, HERE).cluster) == ["a"]
    assert names(usable(port(), zoned, Place("node-9", "zone-c")).cluster) == ["a", "b"]
    assert names(usable(port(), [*zoned, at("c")], HERE).cluster) == ["a", "b", "c"]
    noded = [each._replace(node_hints=(each.node,)) for each in zoned]
    assert names(usable(port(), noded, Place("node-2", "zone-a")).cluster) == ["b"]
    assert names(usable(port(), noded, Place("node-9", "zone-a")).cluster) == ["a"]
