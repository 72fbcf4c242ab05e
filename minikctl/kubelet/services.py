"""The endpoints of a Service as its EndpointSlices list them: for headless names and for the services' proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.client.client import Client


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
