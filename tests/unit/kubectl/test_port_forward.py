"""What the arguments of port-forward mean. (That bytes are carried is seen in tests/clients.)"""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import resources
from minikctl.kubectl.cmd.port_forward import remote_ports
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.portforwarding import Port, parse_addresses, parse_ports

_PORTS = [{"containerPort": 8080, "name": "http"}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}]
POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"ports": _PORTS}]}}
_TARGETS = [{"port": 80, "targetPort": "http", "name": "web"}, {"port": 443, "targetPort": 8443}, {"port": 90}]
SERVICE: dict[str, Any] = {"metadata": {"name": "s"}, "spec": {"clusterIP": "10.0.0.1", "ports": _TARGETS}}


def translated(key: str, given: str) -> str:
    row = resources.lookup(key)
    assert row is not None
    obj = SERVICE if key == "services" else POD
    return remote_ports([given], Info(row, "demo", obj["metadata"]["name"], obj), POD)[0]


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        ("services", "80", "80:8080"),
        ("services", "web", "80:8080"),
        ("services", "9:web", "9:8080"),
        ("services", ":443", ":8443"),
        ("services", "90", "90"),
        ("pods", "80", "80"),
        ("pods", "http", "8080"),
        ("pods", ":http", ":8080"),
        ("pods", "1:2", "1:2"),
    ],
)
def test_ports_that_are_named_or_a_services(kind: str, given: str, meant: str) -> None:
    assert translated(kind, given) == meant


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("services", "x", "Service 's' does not have a named port 'x'"),
        ("services", "81", "Service s does not have a service port 81"),
        ("pods", "x", "Pod 'p' does not have a named port 'x'"),
        ("pods", "53", "UDP protocol is not supported for 53"),
    ],
)
def test_ports_that_cannot_be_forwarded(kind: str, given: str, why: str) -> None:
    with pytest.raises(KubectlError) as refused:
        translated(kind, given)
    assert str(refused.value) == why


def test_what_is_listened_on() -> None:
    hosts = [address.host for address in parse_addresses(["localhost", "10.0.0.1", "localhost"])]
    assert hosts == ["10.0.0.1", "127.0.0.1", "::1"]
    assert parse_ports(["1:2", ":3", "4"]) == [Port(1, 2), Port(0, 3), Port(4, 4)]
    with pytest.raises(KubectlError, match=r"a\.b is not a valid IP"):
        parse_addresses(["a.b"])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("0", "remote port must be > 0"),
        ("x:1", "error parsing local port 'x': strconv.ParseUint: parsing \"x\": invalid syntax"),
        ("1:70000", "error parsing remote port '70000': strconv.ParseUint: parsing \"70000\": value out of range"),
        ("1:2:3", "invalid port format '1:2:3'"),
    ],
)
def test_ports_that_are_none(given: str, why: str) -> None:
    with pytest.raises(KubectlError) as refused:
        parse_ports([given])
    assert str(refused.value) == why
