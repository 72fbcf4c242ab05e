"""A Service's ports as kube-proxy knows them (`pkg/proxy/serviceport.go`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.proxy.endpoints import IPV4, PortKey

_OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
_AFFINITY_SECONDS = 10800


class ServicePort(NamedTuple):
    """One port of a Service in one address family; `protocol` is in lower case, numbers are 0 where there are none."""

    name: str
    key: PortKey
    protocol: str
    cluster_ip: str
    port: int
    node_port: int = 0
    external_ips: tuple[str, ...] = ()
    load_balancer_ips: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    internal_local: bool = False
    external_local: bool = False
    affinity_seconds: int = 0
    health_check_port: int = 0

    @property
    def externally_accessible(self) -> bool:
        return bool(self.node_port or self.load_balancer_ips or self.external_ips)

    @property
    def uses_cluster_endpoints(self) -> bool:
        """Also where external traffic stays local: what comes from inside goes to all endpoints even so."""
        return not self.internal_local or self.externally_accessible

    @property
    def uses_local_endpoints(self) -> bool:
        return self.internal_local or (self.external_local and self.externally_accessible)


def of_service(service: Obj, family: str = IPV4) -> list[ServicePort]:
    """The ports of a Service that a proxy handles in a family: none of headless and ExternalName ones."""
    meta, spec = service["metadata"], service.get("spec") or {}
    if spec.get("type") == "ExternalName" or _OTHER_PROXY in (meta.get("labels") or {}):
        return []
    ips = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
    cluster_ip = next(iter(_of_family(ips, family)), "")
    if not cluster_ip:
        return []
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    balanced = [each["ip"] for each in ingress if each.get("ip") and each.get("ipMode", "VIP") == "VIP"]
    local = spec.get("externalTrafficPolicy") == "Local"
    any_port = ServicePort(
        "", ("", ""), "", cluster_ip, 0,
        external_ips=_of_family(spec.get("externalIPs") or (), family),
        load_balancer_ips=_of_family(balanced, family),
        source_ranges=_of_family(map(str.strip, spec.get("loadBalancerSourceRanges") or ()), family),
        internal_local=spec.get("internalTrafficPolicy") == "Local",
        external_local=local,
        affinity_seconds=_affinity(spec),
        health_check_port=(spec.get("healthCheckNodePort") or 0) if local else 0,
    )  # fmt: skip
    plain = f"{meta['namespace']}/{meta['name']}"
    found = []
    for entry in spec.get("ports") or ():
        name, protocol = entry.get("name") or "", entry.get("protocol") or "TCP"
        port = any_port._replace(
            name=f"{plain}:{name}" if name else plain,
            key=(name, protocol),
            protocol=protocol.lower(),
            port=entry["port"],
            node_port=entry.get("nodePort") or 0,
        )
        found.append(port)
    return found


def _affinity(spec: Obj) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    told = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return int(told.get("timeoutSeconds") or _AFFINITY_SECONDS)


def _of_family(addresses: Iterable[str], family: str) -> tuple[str, ...]:
    return tuple(each for each in addresses if each and each != "None" and (":" in each) == (family != IPV4))
