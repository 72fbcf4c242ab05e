"""What containers can connect to: the Services of the cluster, by the names DNS would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.runtime.emulated import hostname

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.kubelet.runtime.shell.interpreter import World

_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "::1")


def world(client: Client, pod: Obj, now: float) -> World:
    """The surroundings of a program that starts now; what it cannot reach now it will not reach later."""
    from minikctl.kubelet.runtime.shell.interpreter import World

    found = World(now, hostname(pod), _user(pod))
    namespace = pod["metadata"]["namespace"]
    found.reaches = lambda host, port, at: reaches(client, namespace, host, port)
    return found


def reaches(client: Client, namespace: str, host: str, port: int) -> bool:
    """Whether a connection to host and port (0: only the name matters) is answered by somebody."""
    if host in _LOCAL:
        return True
    name, _, rest = host.partition(".")
    suffix = rest.split(".")
    if rest and (len(suffix) == 1 or suffix[1] == "svc"):
        namespace = suffix[0]
    elif rest:
        return _by_address(client, host)
    service = client.find("services", name, namespace)
    if service is None:
        return False
    if not port or service["spec"].get("type") == "ExternalName":
        return True
    ports = service["spec"].get("ports") or ()
    return any(entry["port"] == port for entry in ports) and _has_endpoints(client, namespace, name)


def _by_address(client: Client, host: str) -> bool:
    if not host.replace(".", "").isdigit():
        return False
    return any(service["spec"].get("clusterIP") == host for service in client.items("services"))


def _has_endpoints(client: Client, namespace: str, name: str) -> bool:
    selector = {"matchLabels": {"kubernetes.io/service-name": name}}
    for piece in client.items("endpointslices.discovery.k8s.io", namespace, selector):
        if any((endpoint.get("conditions") or {}).get("ready", True) for endpoint in piece.get("endpoints") or ()):
            return True
    return False


def _user(pod: Obj) -> str:
    number = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    return "root" if not number else str(number)
