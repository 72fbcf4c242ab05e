"""What containers can connect to: Services by the names DNS gives them, endpoints, pods.

Where an address leads is the proxy's to say, as on a real node, and whether one gets there NetworkPolicies' to permit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from zlib import crc32

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import listeners, networkpolicies
from minikctl.kubelet.runtime.emulated import hostname
from minikctl.kubelet.runtime.httpexchange import HttpAnswer, HttpRequest, NotReached
from minikctl.kubelet.services import ServiceEndpoints
from minikctl.proxy import connections, endpoints, ports
from minikctl.proxy.connections import Source, Target
from minikctl.proxy.topology import Place

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.kubelet.runtime.shell.interpreter import World
    from minikctl.proxy.endpoints import Endpoint, PortKey
    from minikctl.proxy.ports import ServicePort
    from minikctl.proxy.rulesets import Table

_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "::1")
_DOMAIN = "cluster.local"
_ZONE = "topology.kubernetes.io/zone"
# What kube-proxy's configuration names as the range of all pods (see kubelet.nodes.pod_cidr).
_POD_RANGES = {endpoints.IPV4: "10.244.0.0/16"}


def world(client: Client, pod: Obj, now: float) -> World:
    """The surroundings of a program that starts now; what it cannot reach now it will not reach later."""
    from minikctl.kubelet.runtime.shell.interpreter import World

    found = World(now, hostname(pod), _user(pod))
    network = ClusterNetwork(client, pod, turn=crc32(f"{pod['metadata'].get('uid')} {now}".encode()))
    found.reaches = lambda host, port, at: not network.problem(host, port)
    found.network = network
    return found


class ClusterNetwork:
    """The cluster's network, as a pod sees it. Endpoints take turns; `turn` is where that begins."""

    def __init__(self, client: Client, pod: Obj, turn: int = 0) -> None:
        self._client = client
        self._pod = pod
        self._turn = turn

    def lookup(self, host: str) -> tuple[str, list[str]] | None:
        """What DNS answers: the full name of a Service (or endpoint), and its addresses."""
        if host in _LOCAL:
            return "localhost", ["127.0.0.1"]
        if _is_address(host):
            return host, [host]
        named = self._service(host) if self._reaches_dns() else None
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

    def problem(self, host: str, port: int) -> str:
        """Why nobody answers there (port 0: only the name matters), as NotReached says it; "" where somebody does."""
        if host in _LOCAL:
            return ""
        found = self.lookup(host)
        if found is None:
            return "unknown"
        if not port or not found[1]:
            return ""
        try:
            self._destination(host, port)
        except NotReached as problem:
            return problem.why
        return ""

    def fetch(self, host: str, port: int, request: HttpRequest) -> HttpAnswer:
        """An HTTP request to a Service, a node, a pod or the pod itself."""
        if host in _LOCAL:
            return listeners.answer(self._now(self._pod), port, request)
        if self.lookup(host) is None:
            raise NotReached("unknown")
        pod, target = self._destination(host, port)
        if pod is None:
            raise NotReached("timeout")
        return listeners.answer(pod, target, request)

    def filter_tables(self, family: str) -> list[Table] | None:
        """The packet filter's tables where the pod is: its node's, or none in a network of its own.

        None where no container of the pod may look at them.
        """
        spec = self._pod["spec"]
        if not any(_administers(container) for container in spec["containers"]):
            return None
        if not spec.get("hostNetwork"):
            return []
        from minikctl.proxy import iptables

        node = self._client.find("nodes", spec.get("nodeName", "")) or {"metadata": {"name": ""}}
        here = iptables.Node(_place(node), next(iter(_addresses(node, family)), ""), _POD_RANGES.get(family, ""))
        services = sorted(self._client.items("services"), key=lambda each: _key(each["metadata"]))
        return iptables.rules(self._with_endpoints(services, family), here, family)

    def _now(self, pod: Obj) -> Obj:
        meta = pod["metadata"]
        return self._client.find("pods", meta["name"], meta["namespace"]) or pod

    def _destination(self, host: str, port: int) -> tuple[Obj | None, int]:
        """The pod (None: none of this cluster) and the port a connection leads to; NotReached where to nobody."""
        if _is_address(host):
            return self._by_address(host, port, self._client.items("services"))
        named = self._service(host)
        if named is None:
            raise NotReached("unknown")
        service, endpoint = named
        address = service["spec"].get("clusterIP") or "None"
        if address != "None" and not endpoint:
            return self._by_address(address, port, [service])
        found = [each for each in ServiceEndpoints(self._client, service).all() if not endpoint or each[1] == endpoint]
        if not found:
            raise NotReached("refused")
        address, _, chosen = found[self._next() % len(found)]
        return self._permitted(address, chosen.pod(self._client), port)

    def _by_address(self, address: str, port: int, services: Iterable[Obj]) -> tuple[Obj | None, int]:
        family = endpoints.IPV6 if ":" in address else endpoints.IPV4
        services = list(services)
        node = None
        if not any(address in (each["spec"].get("clusterIPs") or ()) for each in services):
            node = next((each for each in self._client.items("nodes") if _has(each, address, family)), None)
        own = node is not None and address in _addresses(node, family)
        target = Target(address, port, node=_place(node) if node is not None and own else None)
        meant = [each for each in services if any(connections.meant(p, target) for p in ports.of_service(each, family))]
        try:
            route = connections.resolve(self._with_endpoints(meant, family), self._source(), target)
        except connections.Refused:
            raise NotReached("refused") from None
        except connections.Dropped:
            raise NotReached("timeout") from None
        if route is None:
            return self._listening(address, port, node, own)
        chosen = route.choose(self._source().address, self._next())
        pod = self._client.find("pods", *chosen.pod) if chosen.pod[0] else None
        return self._permitted(chosen.address, pod, chosen.port)

    def _listening(self, address: str, port: int, node: Obj | None, own: bool) -> tuple[Obj | None, int]:
        """Who has the address itself, or this port of the node's. `own`: it is the node's, not one of its pods'."""
        if node is None:
            raise NotReached("timeout")
        pods = self._client.items("pods", node=node["metadata"]["name"])
        found = [each for each in pods if (each.get("status") or {}).get("podIP") == address]
        for pod in found:
            if len(found) == 1 or listeners.listener(pod, port) is not None:
                return self._permitted(address, pod, port)
        for pod in pods if own else ():
            for container in pod["spec"]["containers"]:
                for entry in container.get("ports") or ():
                    if entry.get("hostPort") == port and entry.get("hostIP") in (None, "", "0.0.0.0", address):
                        behind = (pod.get("status") or {}).get("podIP") or address
                        return self._permitted(behind, pod, entry["containerPort"])
        raise NotReached("refused" if own else "timeout")

    def _permitted(self, address: str, pod: Obj | None, port: int, protocol: str = "TCP") -> tuple[Obj | None, int]:
        """The pod and port, where policies let a connection to them through; NotReached where they do not."""
        source = self._now(self._pod)
        namespaces = {each["metadata"]["namespace"] for each in (source, pod) if each is not None}
        policies = [each for name in namespaces for each in self._client.items(networkpolicies.RESOURCE, name)]
        if policies:
            ends = _end(self._source().address, source), _end(address, pod)
            connection = networkpolicies.Connection(*ends, port, protocol)
            if not networkpolicies.lets_through(policies, connection, self._labels_of):
                raise NotReached("timeout")
        return pod, port

    def _labels_of(self, namespace: str) -> dict[str, str]:
        found = self._client.find("namespaces", namespace)
        labels: dict[str, str] = ((found or {}).get("metadata") or {}).get("labels") or {}
        return labels

    def _reaches_dns(self) -> bool:
        """Whether policies let the pod ask the cluster's DNS; in a bare cluster names are known without it."""
        service = self._client.find("services", "kube-dns", "kube-system")
        namespaces = (self._pod["metadata"]["namespace"], "kube-system")
        if service is None or not any(self._client.items(networkpolicies.RESOURCE, name) for name in namespaces):
            return True
        for _, endpoints_ in self._with_endpoints([service], endpoints.IPV4):
            for each in endpoints_:
                pod = self._client.find("pods", *each.pod) if each.pod[0] else None
                try:
                    self._permitted(each.address, pod, each.port, "UDP")
                except NotReached:
                    continue
                return True
        return False

    def _with_endpoints(self, services: Iterable[Obj], family: str) -> Iterator[tuple[ServicePort, list[Endpoint]]]:
        for service in services:
            meta = service["metadata"]
            selector = {"matchLabels": {"kubernetes.io/service-name": meta["name"]}}
            found: dict[PortKey, list[Endpoint]] | None = None
            for port in ports.of_service(service, family):
                if found is None:
                    slices = self._client.items("endpointslices.discovery.k8s.io", meta["namespace"], selector)
                    found = endpoints.by_port(slices, family)
                yield port, found.get(port.key, [])

    def _source(self) -> Source:
        pod = self._now(self._pod)
        node = self._client.find("nodes", pod["spec"].get("nodeName", ""))
        address = (pod.get("status") or {}).get("podIP") or "0.0.0.0"
        return Source(_place(node) if node else Place(""), address, not pod["spec"].get("hostNetwork"))

    def _next(self) -> int:
        self._turn += 1
        return self._turn - 1

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


def _end(address: str, pod: Obj | None) -> networkpolicies.End:
    if pod is None or pod["spec"].get("hostNetwork"):
        return networkpolicies.End(address, node=pod["spec"].get("nodeName", "") if pod else "")
    return networkpolicies.End(address, pod, pod["spec"].get("nodeName", ""))


def _place(node: Obj) -> Place:
    return Place(node["metadata"]["name"], (node["metadata"].get("labels") or {}).get(_ZONE, ""))


def _addresses(node: Obj, family: str) -> list[str]:
    found = [each["address"] for each in (node.get("status") or {}).get("addresses") or () if "IP" in each["type"]]
    return [each for each in found if (":" in each) == (family == endpoints.IPV6)]


def _has(node: Obj, address: str, family: str) -> bool:
    """Whether it is the node's address, or in its pods' range."""
    if address in _addresses(node, family):
        return True
    cidrs = [each for each in (node.get("spec") or {}).get("podCIDRs") or () if (":" in each) == (":" in address)]
    return any(ip_address(address) in ip_network(each) for each in cidrs)


def _administers(container: Obj) -> bool:
    context = container.get("securityContext") or {}
    return bool(context.get("privileged")) or "NET_ADMIN" in ((context.get("capabilities") or {}).get("add") or ())


def _key(meta: Obj) -> tuple[str, str]:
    return meta["namespace"], meta["name"]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _user(pod: Obj) -> str:
    number = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    return "root" if not number else str(number)
