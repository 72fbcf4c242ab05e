"""What of a Service a proxy handles."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.proxy.endpoints import IPV6
from minikctl.proxy.ports import of_service


def service(labels: dict[str, str] | None = None, status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    common = {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80, "protocol": "TCP"}]}
    meta = {"name": "web", "namespace": "demo", "labels": labels or {}}
    return {"metadata": meta, "spec": {**common, **spec}, "status": status or {}}


def test_names_have_the_port_only_where_it_has_one() -> None:
    entries = [{"name": "dns", "port": 53, "protocol": "UDP", "nodePort": 30053}, {"name": "", "port": 80}]
    found = of_service(service(ports=entries))
    assert [(each.name, each.key, each.protocol, each.port, each.node_port) for each in found] == [
        ("demo/web:dns", ("dns", "UDP"), "udp", 53, 30053),
        ("demo/web", ("", "TCP"), "tcp", 80, 0),
    ]


@pytest.mark.parametrize(
    "left_out",
    [
        service(type="ExternalName"),
        service(clusterIP="None", clusterIPs=["None"]),
        service(labels={"service.kubernetes.io/service-proxy-name": "mine"}),
    ],
)
def test_services_for_nobody_or_others(left_out: dict[str, Any]) -> None:
    assert of_service(left_out) == []


def test_addresses_of_the_family() -> None:
    ingress = [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "ipMode": "Proxy"}, {"ip": "fd01::1"}, {"hostname": "x"}]
    both = service(
        clusterIPs=["10.96.0.9", "fd00::9"],
        externalIPs=["198.51.100.1", "fd02::1"],
        loadBalancerSourceRanges=[" 10.0.0.0/8", "fd00::/8"],
        status={"loadBalancer": {"ingress": ingress}},
    )
    (four,), (six,) = of_service(both), of_service(both, IPV6)
    assert (four.cluster_ip, four.external_ips, four.load_balancer_ips, four.source_ranges) == (
        "10.96.0.9", ("198.51.100.1",), ("192.0.2.1",), ("10.0.0.0/8",),
    )  # fmt: skip
    assert (six.cluster_ip, six.external_ips, six.load_balancer_ips, six.source_ranges) == (
        "fd00::9", ("fd02::1",), ("fd01::1",), ("fd00::/8",),
    )  # fmt: skip


def test_policies() -> None:
    (plain,) = of_service(service())
    assert (plain.uses_cluster_endpoints, plain.uses_local_endpoints, plain.externally_accessible) == (
        True,
        False,
        False,
    )
    (inner,) = of_service(service(internalTrafficPolicy="Local"))
    assert (inner.uses_cluster_endpoints, inner.uses_local_endpoints) == (False, True)
    node_port = [{"port": 80, "nodePort": 30080}]
    (outer,) = of_service(service(ports=node_port, externalTrafficPolicy="Local", healthCheckNodePort=31000))
    assert (outer.uses_cluster_endpoints, outer.uses_local_endpoints, outer.health_check_port) == (True, True, 31000)


def test_affinity() -> None:
    assert of_service(service())[0].affinity_seconds == 0
    assert of_service(service(sessionAffinity="ClientIP"))[0].affinity_seconds == 10800
    config = {"clientIP": {"timeoutSeconds": 60}}
    assert of_service(service(sessionAffinity="ClientIP", sessionAffinityConfig=config))[0].affinity_seconds == 60
