"""IPAddress objects: how a ClusterIP is marked as taken."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj


def ip_address(address: str, namespace: str, service: str) -> Obj:
    """The IPAddress of a Service's ClusterIP, as the ClusterIP allocator writes it."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": address,
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv6" if ":" in address else "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {"parentRef": {"group": "", "name": service, "namespace": namespace, "resource": "services"}},
    }
