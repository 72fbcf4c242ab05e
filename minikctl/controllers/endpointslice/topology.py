"""Hints for Services with the annotation `service.kubernetes.io/topology-mode: Auto`.

Each zone gets endpoints in proportion to the CPUs of its nodes, as far as that overloads none of them; otherwise
there are no hints, and an event says why. Counterpart: staging's `endpointslice/topologycache`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import quantity

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

ZONE = "topology.kubernetes.io/zone"
# What the keys of the controller's state begin with that hold how many endpoints each zone has: by address type.
# Its other keys are those of Services: no namespace may look like it.
POPULATED = "hints:"
_ANNOTATIONS = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")
_EXCLUDED = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_OVERLOAD = 0.2
_NO_NODES = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
_FEW = "Insufficient number of endpoints"
_OVERLOADED = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
_NO_ZONE = "One or more endpoints do not have a zone specified"
_NO_HINTS = "No hints allocated for zones"


class Share(NamedTuple):
    """How many endpoints a zone is to have: at least, at most, and best."""

    minimum: int
    maximum: int
    desired: float


def enabled(service: Obj) -> bool:
    """Whether a Service asks for hints; the older annotation counts before the newer one."""
    notes = service["metadata"].get("annotations") or {}
    return next((notes[key] for key in _ANNOTATIONS if key in notes), "") in ("Auto", "auto")


def ratios(nodes: Iterable[Obj]) -> dict[str, float]:
    """Each zone's part of the CPUs of nodes that are ready; empty where it cannot be told or there is one zone only."""
    cpus: dict[str, int] = {}
    for node in nodes:
        labels = node["metadata"].get("labels") or {}
        if any(label in labels for label in _EXCLUDED) or not _is_ready(node):
            continue
        milli = quantity.as_milli(((node.get("status") or {}).get("allocatable") or {}).get("cpu", "0"))
        if not labels.get(ZONE) or not milli:
            return {}
        cpus[labels[ZONE]] = cpus.get(labels[ZONE], 0) + milli
    total = sum(cpus.values())
    return {zone: cpus[zone] / total for zone in sorted(cpus)} if len(cpus) > 1 else {}


def _is_ready(node: Obj) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def overloaded(zones: dict[str, int], parts: dict[str, float]) -> bool:
    """Whether some zone has fewer of a Service's endpoints than the nodes there are now need."""
    total = sum(zones.values())
    return bool(zones) and (not parts or any(zones.get(zone, 0) < _least(total * part) for zone, part in parts.items()))


def assign(changed: list[list[Obj]], unchanged: list[list[Obj]], parts: dict[str, float]) -> tuple[dict[str, int], str]:
    """Give the endpoints of some slices their hints: how many each zone has then, or none and why.

    Slices that stay as they are keep the hints they have, as long as the zones can bear them.
    """
    endpoints = [endpoint for group in (*changed, *unchanged) for endpoint in group]
    shares, problem = _shares(parts, sum(map(_ready, endpoints)))
    zones: Counter[str] = Counter()
    if not problem:
        groups = list(changed)
        for group in unchanged:
            mine = _hinted(group, zones, shares)
            if mine is None:
                groups.append(group)
            else:
                zones.update(mine)
        problem = _spread([endpoint for group in groups for endpoint in group], zones, shares)
    if problem:
        for endpoint in endpoints:
            endpoint.pop("hints", None)
        return {}, problem
    return dict(zones), ""


def _ready(endpoint: Obj) -> bool:
    return bool(endpoint["conditions"].get("ready"))


def _least(desired: float) -> int:
    return ceil(desired * (1 / (1 + _OVERLOAD)))


def _shares(parts: dict[str, float], count: int) -> tuple[dict[str, Share], str]:
    if not parts:
        return {}, _NO_NODES
    counted = f"({count} endpoints, {len(parts)} zones)"
    if len(parts) > count:
        return {}, f"{_FEW} {counted}"
    minimums = {zone: _least(part * count) for zone, part in parts.items()}
    spare = count - sum(minimums.values())
    if spare < 0:
        return {}, f"{_OVERLOADED} {counted}"
    return {
        zone: Share(least, least + spare, max(parts[zone] * count, float(least))) for zone, least in minimums.items()
    }, ""


def _hinted(group: list[Obj], zones: Counter[str], shares: dict[str, Share]) -> Counter[str] | None:
    """How many endpoints of a slice each zone has already; None where that cannot stay so."""
    mine: Counter[str] = Counter()
    for endpoint in filter(_ready, group):
        hints = (endpoint.get("hints") or {}).get("forZones") or []
        if not hints or any(hint["name"] not in shares for hint in hints):
            return None
        mine.update(hint["name"] for hint in hints)
    return None if any(zones[zone] + count > shares[zone].maximum for zone, count in mine.items()) else mine


def _spread(endpoints: list[Obj], zones: Counter[str], shares: dict[str, Share]) -> str:
    """Leave every endpoint to its own zone, then move some to zones that have too few."""
    for endpoint in endpoints:
        endpoint.pop("hints", None)
        if _ready(endpoint):
            if not endpoint.get("zone"):
                return _NO_ZONE
            zones[endpoint["zone"]] += 1
            _hint(endpoint, endpoint["zone"])
    giving, receiving = _moves(zones, shares)
    for endpoint in filter(_ready, endpoints):
        target = next((zone for zone in sorted(receiving) if receiving[zone] > 0), "")
        if target and giving[endpoint["zone"]] > 0:
            _hint(endpoint, target)
            giving[endpoint["zone"]] -= 1
            receiving[target] -= 1
            zones.subtract([endpoint["zone"]])
            zones.update([target])
    return "" if zones else _NO_HINTS


def _hint(endpoint: Obj, zone: str) -> None:
    endpoint["hints"] = {"forZones": [{"name": zone}]}


def _moves(zones: Counter[str], shares: dict[str, Share]) -> tuple[Counter[str], Counter[str]]:
    """How many endpoints each zone gives away, and how many each gets."""
    surplus = {zone: zones[zone] - share.desired for zone, share in shares.items()}
    giving: Counter[str] = Counter()
    receiving: Counter[str] = Counter()
    while True:
        giver, taker = max(surplus, key=lambda zone: surplus[zone]), min(surplus, key=lambda zone: surplus[zone])
        more, less = surplus[giver], -surplus[taker]
        if (more < 1 and less < 1) or more < 0.5 or less < 0.5:
            return giving, receiving
        giving[giver] += 1
        receiving[taker] += 1
        surplus[giver] -= 1
        surplus[taker] += 1
