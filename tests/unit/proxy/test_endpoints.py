"""Endpoints of EndpointSlices, by port."""

from __future__ import annotations

from typing import Any

from minikctl.proxy.endpoints import IPV6, Endpoint, by_port


def slice_of(*endpoints: dict[str, Any], **fields: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return {"addressType": "IPv4", "ports": ports, "endpoints": list(endpoints), **fields}


def test_by_port_and_in_order_of_their_texts() -> None:
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    first = slice_of({"addresses": ["10.0.0.9"]}, {"addresses": ["10.0.0.10"]}, ports=ports)
    again = slice_of({"addresses": ["10.0.0.9"]}, ports=[{"port": None}, {"name": "http", "port": 80}])
    found = by_port([first, again])
    assert [str(each) for each in found["http", "TCP"]] == ["10.0.0.10:80", "10.0.0.9:80"]
    assert [str(each) for each in found["dns", "UDP"]] == ["10.0.0.10:53", "10.0.0.9:53"]
    assert set(found) == {("http", "TCP"), ("dns", "UDP")}


def test_what_is_told_of_an_endpoint() -> None:
    conditions = {"ready": False, "serving": True, "terminating": True}
    hints = {"forZones": [{"name": "a"}, {"name": "b"}], "forNodes": [{"name": "node-1"}]}
    target = {"kind": "Pod", "name": "web", "namespace": "demo"}
    entry = {"addresses": ["10.0.0.1"], "nodeName": "node-1", "conditions": conditions, "hints": hints}
    (found,) = by_port([slice_of({**entry, "targetRef": target})])["http", "TCP"]
    expected = Endpoint("10.0.0.1", 8080, "node-1", False, True, True, ("a", "b"), ("node-1",), ("web", "demo"))
    assert found == expected


def test_what_is_not_told_is_ready() -> None:
    (found,) = by_port([slice_of({"addresses": ["10.0.0.1"], "targetRef": {"kind": "Node", "name": "n"}})])[
        "http", "TCP"
    ]
    assert (found.ready, found.serving, found.terminating, found.pod) == (True, True, False, ("", ""))


def test_families_are_apart() -> None:
    slices = [slice_of({"addresses": ["10.0.0.1"]}), slice_of({"addresses": ["fd00::1"]}, addressType="IPv6")]
    assert [str(each) for each in by_port(slices, IPV6)["http", "TCP"]] == ["[fd00::1]:8080"]
