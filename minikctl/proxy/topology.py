"""Which endpoints of a Service's port a node uses, by traffic policy and hints (`pkg/proxy/topology.go`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minikctl.proxy.endpoints import Endpoint
from minikctl.proxy.ports import ServicePort


class Place(NamedTuple):
    """The node whose rules are asked for, and the zone it is in ("" where it has none)."""

    node: str
    zone: str = ""


class Usable(NamedTuple):
    """The endpoints for either traffic policy (empty where the port never uses it), and all that are reached from here.

    `anywhere`: whether any node has endpoints to use; where none has, connections are refused, not dropped.
    """

    cluster: list[Endpoint]
    local: list[Endpoint]
    reachable: list[Endpoint]
    anywhere: bool


def usable(port: ServicePort, endpoints: Sequence[Endpoint], place: Place) -> Usable:
    """Ready endpoints; where there are none, those that serve while they terminate (each policy by itself)."""
    preferred = _preferred(endpoints, place) if port.uses_cluster_endpoints else None
    cluster: list[Endpoint] = []
    if port.uses_cluster_endpoints:
        wanted = preferred or _everywhere
        cluster = [each for each in endpoints if each.ready and wanted(each)] or _leaving(endpoints)
    local: list[Endpoint] = []
    if port.uses_local_endpoints:
        here = [each for each in endpoints if each.node == place.node]
        local = [each for each in here if each.ready] or _leaving(here)
    anywhere = any(each.ready or (each.serving and each.terminating) for each in endpoints)
    reachable = sorted({str(each): each for each in [*cluster, *local]}.values(), key=str)
    return Usable(cluster, local, reachable, anywhere)


def _leaving(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    return [each for each in endpoints if each.serving and each.terminating]


def _everywhere(endpoint: Endpoint) -> bool:
    return True


def _preferred(endpoints: Sequence[Endpoint], place: Place) -> Callable[[Endpoint], bool] | None:
    """Hints count where every ready endpoint has one and one of them names this place: the node's before the zone's."""
    ready = [each for each in endpoints if each.ready]
    if ready and all(each.node_hints for each in ready) and any(place.node in each.node_hints for each in ready):
        return lambda each: place.node in each.node_hints
    if ready and all(each.zone_hints for each in ready) and any(place.zone in each.zone_hints for each in ready):
        return lambda each: place.zone in each.zone_hints
    return None
