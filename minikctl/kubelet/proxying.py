"""The proxy subresources of pods and services: HTTP requests that the apiserver carries to them.

Counterpart of the ResourceLocation functions of apiserver's `registry/core/pod` and `registry/core/service`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import listeners
from minikctl.kubelet.runtime.httpexchange import HttpAnswer, HttpRequest, NotReached
from minikctl.kubelet.services import ServiceEndpoints

if TYPE_CHECKING:
    from minikctl.client.client import Client

_HTTP = 80


def answer(client: Client, kind: str, namespace: str, name: str, request: HttpRequest) -> HttpAnswer:
    """The answer of a pod or of one of a Service's endpoints; `name` is [SCHEME:]NAME[:PORT]."""
    _, plain, port = split_name(name)
    if kind == "services":
        pod, number = _endpoint(client, namespace, plain, port)
    else:
        pod = client.get("pods", plain, namespace)
        number = parse_int(port) or _first_port(pod)
        if not (pod.get("status") or {}).get("podIP"):
            raise errors.StatusError("BadRequest", "address not allowed")
    try:
        return listeners.answer(pod, number, request)
    except NotReached:
        address = f"{(pod.get('status') or {}).get('podIP', '')}:{number}"
        text = f"error trying to reach service: dial tcp {address}: connect: connection refused"
        raise errors.StatusError("ServiceUnavailable", text) from None


def split_name(name: str) -> tuple[str, str, str]:
    """(scheme, name, port) of [SCHEME:]NAME[:PORT]."""
    parts = name.split(":")
    if len(parts) == 1:
        return "", name, ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[0], parts[1], parts[2]
    raise errors.bad_request(f'invalid service request "{name}"')


def _first_port(pod: Obj) -> int:
    """The first port any container declares."""
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports") or ():
            return int(entry["containerPort"])
    return _HTTP


def _endpoint(client: Client, namespace: str, name: str, port: str) -> tuple[Obj, int]:
    """A ready endpoint of a Service, by the name or number of its port; ServiceUnavailable where there is none."""
    service = client.get("services", name, namespace)
    ports = service["spec"].get("ports") or []
    wanted = next((entry for entry in ports if port in (entry.get("name") or "", str(entry["port"]))), None)
    if wanted is None and not port and len(ports) == 1:
        wanted = ports[0]
    if wanted is not None:
        for pod, target in ServiceEndpoints(client, service).ready(wanted["port"]):
            if pod is not None:
                return pod, target
        raise errors.StatusError("ServiceUnavailable", f'no endpoints available for service "{name}"')
    raise errors.StatusError("ServiceUnavailable", f'no service port "{port}" found for service "{name}"')
