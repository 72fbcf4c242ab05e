"""Which connections policies let through."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.kubelet.networkpolicies import Connection, End, lets_through

NAMESPACES = {"demo": {"team": "a"}, "other": {"team": "b"}}


def pod(name: str, namespace: str = "demo", **labels: str) -> dict[str, Any]:
    ports = [{"containerPort": 8080, "name": "http"}]
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return {"metadata": meta, "spec": {"containers": [{"name": "c", "ports": ports}]}}


WEB = End("10.0.0.1", pod("web", app="web"), "node-1")
CLIENT = End("10.0.0.2", pod("client", app="client"), "node-1")
STRANGER = End("10.0.1.3", pod("stranger", "other", app="client"), "node-2")
OUTSIDE = End("192.0.2.1")


def policy(types: list[str] | None = None, namespace: str = "demo", **spec: Any) -> dict[str, Any]:
    told = {"policyTypes": types} if types else {}
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": {"podSelector": {}, **told, **spec}}


def passes(*policies: dict[str, Any], source: End = CLIENT, target: End = WEB) -> bool:
    return lets_through(policies, Connection(source, target, 8080), lambda name: NAMESPACES[name])


def test_who_is_not_selected_is_open() -> None:
    closed = policy(["Ingress"], podSelector={"matchLabels": {"app": "db"}})
    assert passes() and passes(closed) and passes(policy(["Ingress"], "other"))
    assert passes(policy(["Egress"]), source=OUTSIDE)


@pytest.mark.parametrize("types", [["Ingress"], ["Egress"], ["Ingress", "Egress"], None])
def test_selected_without_rules_is_closed(types: list[str] | None) -> None:
    assert not passes(policy(types))


def test_types_follow_from_the_rules_where_they_are_not_told() -> None:
    assert not passes(policy(egress=[{"ports": [{"port": 53}]}], ingress=[{}]))
    assert passes(policy(ingress=[{}]))


@pytest.mark.parametrize(
    ("peer", "sources"),
    [
        ({"podSelector": {}}, [CLIENT]),
        ({"podSelector": {"matchLabels": {"app": "client"}}}, [CLIENT]),
        ({"podSelector": {"matchLabels": {"app": "x"}}}, []),
        ({"namespaceSelector": {}}, [CLIENT, STRANGER]),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, [STRANGER]),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "client"}}}, [CLIENT, STRANGER]),
        ({"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.0.1.0/24"]}}, [CLIENT]),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, [CLIENT, STRANGER, OUTSIDE]),
    ],
)
def test_peers(peer: dict[str, Any], sources: list[End]) -> None:
    closed = policy(["Ingress"], ingress=[{"from": [peer]}])
    assert [each for each in (CLIENT, STRANGER, OUTSIDE) if passes(closed, source=each)] == sources
    out = policy(["Egress"], egress=[{"to": [peer]}])
    reached = [each for each in (CLIENT, STRANGER, OUTSIDE) if passes(out, source=WEB, target=each)]
    assert reached == sources


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"port": 8080}, True),
        ({"port": 80}, False),
        ({"port": "http"}, True),
        ({"port": "grpc"}, False),
        ({"port": 8000, "endPort": 9000}, True),
        ({"port": 8000, "endPort": 8079}, False),
        ({"protocol": "UDP"}, False),
        ({"protocol": "TCP"}, True),
    ],
)
def test_ports(entry: dict[str, Any], expected: bool) -> None:
    assert passes(policy(["Ingress"], ingress=[{"ports": [entry]}])) is expected


def test_policies_add_up() -> None:
    assert passes(policy(["Ingress"]), policy(["Ingress"], ingress=[{}]))
    assert not passes(policy(["Ingress"], ingress=[{}]), policy(["Egress"]))


def test_itself_and_its_node() -> None:
    closed = policy()
    assert passes(closed, source=WEB, target=WEB)
    assert passes(closed, source=End("172.18.0.3", node="node-1"))
    assert not passes(closed, source=End("172.18.0.4", node="node-2"))
    assert passes(closed, source=OUTSIDE, target=End("172.18.0.3", node="node-1"))
