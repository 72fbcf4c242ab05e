"""Services, endpoints, ingresses and network policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.printers.describe.services import format_endpoints

Obj = dict[str, Any]


def endpoint_slice(addresses: list[str], ready: bool | None = True, **port: Any) -> Obj:
    endpoints = [
        {"addresses": [address], "conditions": {} if ready is None else {"ready": ready}} for address in addresses
    ]
    return {
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
        "ports": [port] if port else [],
        "endpoints": endpoints,
    }


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        ([], "<none>"),
        ([endpoint_slice([], port=80, name="")], ""),
        ([endpoint_slice(["1.1.1.1", "1.1.1.2"], port=80, name="")], "1.1.1.1:80,1.1.1.2:80"),
        ([endpoint_slice(["1.1.1.1"], port=80, name="other")], ""),
        ([endpoint_slice(["1.1.1.1"], ready=False, port=80)], ""),
        ([endpoint_slice(["1.1.1.1"], ready=None, port=80)], "1.1.1.1:80"),
        ([endpoint_slice(["fd00::1"], port=80)], "[fd00::1]:80"),
        ([endpoint_slice(["a", "b"])], "a,b"),
        ([endpoint_slice(list("abc"), port=1), endpoint_slice(list("de"), port=1)], "a:1,b:1,c:1 + 2 more..."),
    ],
)  # fmt: skip
def test_endpoints_of_a_port(slices: list[Obj], expected: str) -> None:
    assert format_endpoints(slices, "") == expected


def test_a_load_balancer(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    service = {
        "metadata": named("s"),
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "clusterIP": "10.96.0.9",
            "clusterIPs": ["10.96.0.9"],
            "ipFamilies": ["IPv4"],
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": "web", "nodePort": 30080}],
            "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}, {"hostname": "lb"}]}},
    }
    slices = [endpoint_slice(["10.1.0.1"], port=8080)]
    text = described("services", service, events=[], **{"endpointslices.discovery.k8s.io": slices})
    assert text == (
        "Name:                  s\n"
        "Namespace:             demo\n"
        "Labels:                <none>\n"
        "Annotations:           <none>\n"
        "Selector:              app=web\n"
        "Type:                  LoadBalancer\n"
        "IP Families:           IPv4\n"
        "IP:                    10.96.0.9\n"
        "IPs:                   10.96.0.9\n"
        "LoadBalancer Ingress:  1.2.3.4 (VIP), lb\n"
        "Port:                  <unset>  80/TCP\n"
        "TargetPort:            web/TCP\n"
        "NodePort:              <unset>  30080/TCP\n"
        "Endpoints:             10.1.0.1:8080\n"
        "Session Affinity:      None\n"
        "Events:                <none>\n"
    )


def test_an_ingress(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    backend = {"service": {"name": "s", "port": {"name": "http"}}}
    ingress = {
        "metadata": named("i", annotations={"a": "b"}),
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["a.com", "b.com"], "secretName": "cert"}, {"hosts": ["c.com"]}],
            "rules": [
                {"host": "a.com", "http": {"paths": [{"path": "/x", "backend": backend}]}},
                {"http": {"paths": [{"path": "/", "backend": {"resource": {"kind": "B", "name": "n"}}}]}},
            ],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"ip": "1.1.1.1"}]}},
    }
    expected = (
        "Name:             i\n"
        "Labels:           <none>\n"
        "Namespace:        demo\n"
        "Address:          1.1.1.1,2.2.2.2\n"
        "Ingress Class:    nginx\n"
        "Default backend:  <default>\n"
        "TLS:\n"
        "  cert terminates a.com,b.com\n"
        "  SNI routes c.com\n"
        "Rules:\n"
        "  Host        Path  Backends\n"
        "  ----        ----  --------\n"
        "  a.com       \n"
        "              /x   s:http ({})\n"
        "  *           \n"
        "              /   APIGroup: <none>, Kind: B, Name: n\n"
        "Annotations:  a: b\n"
    )
    assert described("ingresses.networking.k8s.io", ingress) == expected.format('<error: services "s" not found>')
    service = {"metadata": named("s"), "spec": {"ports": [{"name": "http", "port": 80}]}}
    slices = [endpoint_slice(["10.1.0.1"], port=8080, name="http")]
    text = described(
        "ingresses.networking.k8s.io", ingress, services=[service], **{"endpointslices.discovery.k8s.io": slices}
    )
    assert text == expected.format("10.1.0.1:8080")
    ingress["spec"] = {}
    assert "  *           *     <default>\n" in described("ingresses.networking.k8s.io", ingress)


def test_a_network_policy(described: Callable[..., str], named: Callable[..., Obj]) -> None:
    policy = {
        "metadata": named("n"),
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "ports": [{"port": 5000, "endPort": 5010, "protocol": "UDP"}, {"port": "metrics"}],
                    "from": [
                        {"podSelector": {}, "namespaceSelector": {"matchLabels": {"a": "b"}}},
                        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                    ],
                },
                {},
            ],
        },
    }
    assert described("networkpolicies.networking.k8s.io", policy) == (
        "Name:         n\n"
        "Namespace:    demo\n"
        "Created on:   2026-01-02 03:04:05 +0000 UTC\n"
        "Labels:       <none>\n"
        "Annotations:  <none>\n"
        "Spec:\n"
        "  PodSelector:     app=db\n"
        "  Allowing ingress traffic:\n"
        "    To Port Range: 5000-5010/UDP\n"
        "    To Port: metrics/TCP\n"
        "    From:\n"
        "      NamespaceSelector: a=b\n"
        "      PodSelector: <none>\n"
        "    From:\n"
        "      IPBlock:\n"
        "        CIDR: 10.0.0.0/8\n"
        "        Except: 10.1.0.0/16\n"
        "    ----------\n"
        "    To Port: <any> (traffic allowed to all ports)\n"
        "    From: <any> (traffic not restricted by source)\n"
        "  Allowing egress traffic:\n"
        "    <none> (Selected pods are isolated for egress connectivity)\n"
        "  Policy Types: Ingress, Egress\n"
    )
