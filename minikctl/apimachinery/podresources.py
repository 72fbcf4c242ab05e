"""What a pod asks for and may use at most, as one number per resource.

Scheduler, quota, kubelet and eviction count with these sums: cpu in thousandths, everything else in
whole units. Containers add up, init containers run one by one beside the sidecars started before
them, pod-level amounts override, overhead comes on top. Counterpart: component-helpers'
`resource/helpers.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from minikctl.apimachinery.quantity import Quantity, as_int, as_milli, parse

Amounts = dict[str, int]
_POD_LEVEL = ("cpu", "memory")


@lru_cache(maxsize=16384)
def amount(name: str, text: str) -> int:
    """One quantity as the number used in sums: thousandths of a cpu, whole units of anything else."""
    return as_milli(text) if name == "cpu" else as_int(text)


def is_pod_level_resource(name: str) -> bool:
    """Whether a pod as a whole may ask for it (`spec.resources`)."""
    return name in _POD_LEVEL or name.startswith("hugepages-")


def is_restartable_init(container: dict[str, Any]) -> bool:
    """Whether an init container is a sidecar."""
    return container.get("restartPolicy") == "Always"


def pod_requests(pod: dict[str, Any], *, use_status: bool = False, overhead: bool = True) -> Amounts:
    """The effective requests of a pod. `use_status` counts what containers of a pod being resized still hold."""
    spec = pod.get("spec") or {}
    statuses = _statuses(pod) if use_status else {}
    infeasible = bool(statuses) and _resize_infeasible(pod)

    def of_container(container: dict[str, Any]) -> Amounts:
        requests = _amounts((container.get("resources") or {}).get("requests"))
        status = statuses.get(container.get("name", ""))
        return _with_status(requests, status, infeasible) if status else requests

    total = _aggregate(spec, of_container)
    pod_level = (spec.get("resources") or {}).get("requests")
    if pod_level:
        for name, text in pod_level.items():
            if is_pod_level_resource(name):
                total[name] = amount(name, text)
    if overhead and spec.get("overhead"):
        _add(total, _amounts(spec["overhead"]))
    return total


def pod_limits(pod: dict[str, Any], *, overhead: bool = True) -> Amounts:
    """The effective limits of a pod; overhead is added only to resources that are limited."""
    spec = pod.get("spec") or {}
    total = _aggregate(spec, lambda container: _amounts((container.get("resources") or {}).get("limits")))
    pod_level = (spec.get("resources") or {}).get("limits")
    if pod_level:
        for name, text in pod_level.items():
            if is_pod_level_resource(name):
                total[name] = amount(name, text)
    if overhead and spec.get("overhead"):
        for name, value in _amounts(spec["overhead"]).items():
            if total.get(name):
                total[name] += value
    return total


def aggregate_quantities(spec: dict[str, Any], kind: str) -> dict[str, Quantity]:
    """The sum over all containers of their "requests" or "limits", exact and with its format."""
    total: dict[str, Quantity] = {}
    for container in spec.get("containers") or ():
        _add_quantities(total, _quantities(container, kind))
    sidecars: dict[str, Quantity] = {}
    peak: dict[str, Quantity] = {}
    for container in spec.get("initContainers") or ():
        amounts = _quantities(container, kind)
        if is_restartable_init(container):
            _add_quantities(total, amounts)
            _add_quantities(sidecars, amounts)
            amounts = dict(sidecars)
        else:
            _add_quantities(amounts, sidecars)
        _raise_quantities(peak, amounts)
    _raise_quantities(total, peak)
    return total


def effective_quantities(spec: dict[str, Any], kind: str) -> dict[str, str]:
    """The pod's effective "requests" or "limits" as texts: sums, what the pod as a whole asks for, overhead."""
    containers, level, overhead = spec.get("containers") or [], spec.get("resources"), spec.get("overhead")
    if len(containers) == 1 and not (level or overhead or spec.get("initContainers")):
        return dict((containers[0].get("resources") or {}).get(kind) or {})
    total = aggregate_quantities(spec, kind)
    for name, text in ((level or {}).get(kind) or {}).items():
        if is_pod_level_resource(name):
            total[name] = parse(text)
    for name, text in (overhead or {}).items():
        if name in total:
            total[name] += parse(text)
        elif kind == "requests":
            total[name] = parse(text)
    return {name: str(amount) for name, amount in total.items()}


def _aggregate(spec: dict[str, Any], of_container: Callable[[dict[str, Any]], Amounts]) -> Amounts:
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, of_container(container))
    init = spec.get("initContainers")
    if init:
        _raise_to(total, _init_peak(total, init, of_container))
    return total


def _init_peak(
    total: Amounts, containers: Iterable[dict[str, Any]], of_container: Callable[[dict[str, Any]], Amounts]
) -> Amounts:
    """The most that is needed at once while init containers run; sidecars are also added to `total`."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in containers:
        amounts = of_container(container)
        if is_restartable_init(container):
            _add(total, amounts)
            _add(sidecars, amounts)
            amounts = sidecars
        elif sidecars:
            _add(amounts, sidecars)
        _raise_to(peak, amounts)
    return peak


def _amounts(resource_list: dict[str, str] | None) -> Amounts:
    return {name: amount(name, text) for name, text in resource_list.items()} if resource_list else {}


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _raise_to(total: Amounts, floor: Amounts) -> None:
    for name, value in floor.items():
        if value > total.get(name, -1):
            total[name] = value


def _quantities(container: dict[str, Any], kind: str) -> dict[str, Quantity]:
    listed = (container.get("resources") or {}).get(kind) or {}
    return {name: parse(text) for name, text in listed.items()}


def _add_quantities(total: dict[str, Quantity], more: dict[str, Quantity]) -> None:
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _raise_quantities(total: dict[str, Quantity], floor: dict[str, Quantity]) -> None:
    for name, value in floor.items():
        if name not in total or value > total[name]:
            total[name] = value


def _statuses(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    status = pod.get("status") or {}
    found = {}
    for key in ("containerStatuses", "initContainerStatuses"):
        for entry in status.get(key) or ():
            found[entry.get("name", "")] = entry
    return found


def _resize_infeasible(pod: dict[str, Any]) -> bool:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodResizePending":
            return bool(condition.get("reason") == "Infeasible")
    return False


def _with_status(requests: Amounts, status: dict[str, Any], infeasible: bool) -> Amounts:
    """The maximum of what is wanted, promised and in force; an infeasible wish does not count."""
    actual = status.get("resources")
    if actual is None:
        return requests
    promised = _amounts(status.get("allocatedResources"))
    highest = {} if infeasible else dict(requests)
    _raise_to(highest, _amounts(actual.get("requests")))
    _raise_to(highest, promised)
    return highest
