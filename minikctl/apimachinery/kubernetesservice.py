"""The Service of the API server itself, default/kubernetes, with what belongs to it.

A new cluster starts with these objects; where one is deleted the server makes it again. Counterparts:
`pkg/controlplane/controller/kubernetesservice` and `defaultservicecidr`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj

NAME, NAMESPACE = "kubernetes", "default"
ADDRESS = "10.96.0.1"
RANGE = "10.96.0.0/12"
SERVICE_CIDRS = "servicecidrs.networking.k8s.io"
_SERVER, _PORT = "172.18.0.2", 6443


def objects() -> dict[str, Obj]:
    """Resource key -> the object of that kind, the range first of which the address is taken."""
    return {
        SERVICE_CIDRS: {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": NAME, "finalizers": ["networking.k8s.io/service-cidr-finalizer"]},
            "spec": {"cidrs": [RANGE]},
        },
        "services": _service(),
        "endpoints": {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": _meta({"endpointslice.kubernetes.io/skip-mirror": "true"}),
            "subsets": [{"addresses": [{"ip": _SERVER}], "ports": [_port()]}],
        },
        "endpointslices.discovery.k8s.io": {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**_meta({"kubernetes.io/service-name": NAME}), "generation": 1},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [_SERVER], "conditions": {"ready": True}}],
            "ports": [_port()],
        },
    }


def _meta(labels: dict[str, str]) -> Obj:
    return {"name": NAME, "namespace": NAMESPACE, "labels": labels}


def _port() -> Obj:
    return {"name": "https", "port": _PORT, "protocol": "TCP"}


def _service() -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta({"component": "apiserver", "provider": "kubernetes"}),
        "spec": {
            "clusterIP": ADDRESS,
            "clusterIPs": [ADDRESS],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": _PORT}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }
