"""What containers can connect to: Services by the names DNS gives them, endpoints, pods.

A Service leads to its ready endpoints, as EndpointSlices list them; network policies are not enforced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import listeners
from minikctl.kubelet.runtime.emulated import hostname
from minikctl.kubelet.runtime.httpexchange import HttpAnswer, HttpRequest, NotReached

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.kubelet.runtime.shell.interpreter import World

_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "::1")
_DOMAIN = "cluster.local"


def world(client: Client, pod: Obj, now: float) -> World:
    """The surroundings of a program that starts now; what it cannot reach now it will not reach later."""
    from minikctl.kubelet.runtime.shell.interpreter import World

    found = World(now, hostname(pod), _user(pod))
    network = ClusterNetwork(client, pod)
    found.reaches = lambda host, port, at: network.reaches(host, port)
    found.network = network
    return found


class ClusterNetwork:
    """The cluster's network, as a pod sees it."""

    def __init__(self, client: Client, pod: Obj) -> None:
        self._client = client
        self._pod = pod
        self._turn = 0

    def lookup(self, host: str) -> tuple[str, list[str]] | None:
        """What DNS answers: the full name of a Service (or endpoint), and its addresses."""
        if host in _LOCAL:
            return "localhost", ["127.0.0.1"]
        if _is_address(host):
            return host, [host]
        named = self._service(host)
        if named is None:
            return None
        service, endpoint = named
        meta, spec = service["metadata"], service["spec"]
        full = f"{meta['name']}.{meta['namespace']}.svc.{_DOMAIN}"
        if spec.get("type") == "ExternalName":
            return str(spec.get("externalName", "")), []
        if endpoint:
            addresses = [ip for ip, name, _ in ServiceEndpoints(self._client, service).all() if name == endpoint]
            return (f"{endpoint}.{full}", addresses) if addresses else None
        if spec.get("clusterIP") == "None":
            addresses = [ip for ip, _, _ in ServiceEndpoints(self._client, service).all()]
            return (full, addresses) if addresses else None
        return full, [spec["clusterIP"]] if spec.get("clusterIP") else []

    def reaches(self, host: str, port: int) -> bool:
        """Whether a connection to host and port (0: only the name matters) is answered by somebody."""
        if host in _LOCAL:
            return True
        found = self.lookup(host)
        if found is None:
            return False
        if not port or not found[1]:
            return True
        try:
            self._destinations(host, port)
        except NotReached:
            return False
        return True

    def fetch(self, host: str, port: int, request: HttpRequest) -> HttpAnswer:
        """An HTTP request to a Service, a pod or the pod itself; endpoints take turns."""
        if host in _LOCAL:
            return listeners.answer(self._now(self._pod), port, request)
        if self.lookup(host) is None:
            raise NotReached("unknown")
        found = self._destinations(host, port)
        pod, target = found[self._turn % len(found)]
        self._turn += 1
        if pod is None:
            raise NotReached("timeout")
        return listeners.answer(pod, target, request)

    def _now(self, pod: Obj) -> Obj:
        meta = pod["metadata"]
        return self._client.find("pods", meta["name"], meta["namespace"]) or pod

    def _destinations(self, host: str, port: int) -> list[tuple[Obj | None, int]]:
        """The pods (None: none of this cluster) and ports a connection may lead to; NotReached where there are none."""
        if _is_address(host):
            return self._by_address(host, port)
        named = self._service(host)
        if named is None:
            raise NotReached("unknown")
        service, endpoint = named
        headless = service["spec"].get("clusterIP") == "None"
        found = []
        for _, name, slices in ServiceEndpoints(self._client, service).all():
            target = port if headless or endpoint else slices.get(port)
            if endpoint and name != endpoint:
                continue
            if target is not None:
                found.append((slices.pod(self._client), target))
        if not found:
            raise NotReached("refused")
        return found

    def _by_address(self, address: str, port: int) -> list[tuple[Obj | None, int]]:
        for service in self._client.items("services"):
            if service["spec"].get("clusterIP") == address:
                meta = service["metadata"]
                return self._destinations(f"{meta['name']}.{meta['namespace']}.svc.{_DOMAIN}", port)
        for pod in self._client.items("pods"):
            if (pod.get("status") or {}).get("podIP") == address:
                return [(pod, port)]
        raise NotReached("timeout")

    def _service(self, host: str) -> tuple[Obj, str] | None:
        """The Service that a name stands for, and the endpoint's hostname before it."""
        own = self._pod["metadata"]["namespace"]
        words = host.rstrip(".").split(".")
        if words[-2:] == _DOMAIN.split("."):
            words = words[:-2]
        tries = []
        if words[-1:] == ["svc"]:
            words = words[:-1]
            tries = [(words[-2:], words[:-2])]
        else:
            tries = [(words[-2:], words[:-2]), ([*words[-1:], own], words[:-1])]
        for (name_and_namespace, rest), most in zip(tries, (1, 1), strict=False):
            if len(name_and_namespace) == 2 and len(rest) <= most:
                service = self._client.find("services", *name_and_namespace)
                if service is not None:
                    return service, rest[0] if rest else ""
        return None


class ServiceEndpoints:
    """The ready endpoints of a Service."""

    def __init__(self, client: Client, service: Obj) -> None:
        self._client = client
        self._service = service

    def all(self) -> list[tuple[str, str, _Endpoint]]:
        """(address, hostname, endpoint) of each."""
        meta, spec = self._service["metadata"], self._service["spec"]
        selector = {"matchLabels": {"kubernetes.io/service-name": meta["name"]}}
        found = []
        for piece in self._client.items("endpointslices.discovery.k8s.io", meta["namespace"], selector):
            ports = {entry.get("name") or "": entry.get("port") for entry in piece.get("ports") or ()}
            targets = {entry["port"]: ports.get(entry.get("name") or "") for entry in spec.get("ports") or ()}
            for endpoint in piece.get("endpoints") or ():
                if spec.get("publishNotReadyAddresses") or (endpoint.get("conditions") or {}).get("ready", True):
                    reference = endpoint.get("targetRef") or {}
                    item = _Endpoint(targets, reference.get("namespace", ""), reference.get("name", ""))
                    found += [(address, endpoint.get("hostname", ""), item) for address in endpoint["addresses"]]
        return found

    def ready(self, port: int) -> list[tuple[Obj | None, int]]:
        """The pods (None: none of this cluster) and their ports that a port of the Service leads to."""
        found = [(endpoint, endpoint.get(port)) for _, _, endpoint in self.all()]
        return [(endpoint.pod(self._client), target) for endpoint, target in found if target is not None]


class _Endpoint:
    """Where the ports of a Service lead to at one endpoint."""

    def __init__(self, targets: dict[int, int | None], namespace: str, pod: str) -> None:
        self._targets = targets
        self._reference = (pod, namespace)

    def get(self, port: int) -> int | None:
        return self._targets.get(port)

    def pod(self, client: Client) -> Obj | None:
        return client.find("pods", *self._reference) if self._reference[0] else None


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit() and host.count(".") == 3


def _user(pod: Obj) -> str:
    number = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    return "root" if not number else str(number)
