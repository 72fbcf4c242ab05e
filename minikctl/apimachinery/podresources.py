"""What a pod asks for: resource requests and limits over its containers, and its QoS class.

The scheduler, kubelets, quota and describe ask. Counterpart of component-helpers' `resource`
package: sum of containers and sidecars, the peak of init containers, overhead, pod-level resources.
Amounts are integers: millicores for "cpu", whole units (bytes, pieces) for everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery.quantity import as_int, as_milli

Amounts = dict[str, int]

_POD_LEVEL = ("cpu", "memory")


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A ResourceList as integers."""
    if not resources:
        return {}
    return {name: as_milli(text) if name == "cpu" else as_int(text) for name, text in resources.items()}


def container_amounts(container: Mapping[str, Any], field: str = "requests") -> Amounts:
    """The requests (or limits) of one container."""
    return amounts((container.get("resources") or {}).get(field))


def pod_requests(spec: Mapping[str, Any], allocated: Mapping[str, Amounts] | None = None) -> Amounts:
    """Effective requests of a pod spec.

    `allocated` gives, per container name, what the node has already granted: while a resize is
    under way the larger of the two counts.
    """
    return _total(spec, "requests", allocated, overhead_always=True)


def pod_limits(spec: Mapping[str, Any]) -> Amounts:
    """Effective limits of a pod spec; overhead is added to resources that have a limit."""
    return _total(spec, "limits", None, overhead_always=False)


def allocated_amounts(status: Mapping[str, Any]) -> dict[str, Amounts]:
    """Per container name, the allocatedResources the kubelet reported."""
    found = {}
    for field in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(field) or ():
            if allocated := container.get("allocatedResources"):
                found[container["name"]] = amounts(allocated)
    return found


def _total(
    spec: Mapping[str, Any], field: str, allocated: Mapping[str, Amounts] | None, overhead_always: bool
) -> Amounts:
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _granted(container, field, allocated))
    if init_containers := spec.get("initContainers"):
        _include_init(total, init_containers, field, allocated)
    pod_level = (spec.get("resources") or {}).get(field)
    if pod_level:
        for name, amount in amounts(pod_level).items():
            if name in _POD_LEVEL or name.startswith("hugepages-"):
                total[name] = amount
    for name, amount in amounts(spec.get("overhead")).items():
        if overhead_always or name in total:
            total[name] = total.get(name, 0) + amount
    return total


def _granted(container: Mapping[str, Any], field: str, allocated: Mapping[str, Amounts] | None) -> Amounts:
    wanted = container_amounts(container, field)
    if allocated and (granted := allocated.get(container["name"])):
        _raise(wanted, granted)
    return wanted


def _include_init(
    total: Amounts,
    init_containers: Iterable[Mapping[str, Any]],
    field: str,
    allocated: Mapping[str, Amounts] | None,
) -> None:
    """Init containers run one after another beside the sidecars started before them."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in init_containers:
        wanted = _granted(container, field, allocated)
        if container.get("restartPolicy") == "Always":
            _add(total, wanted)
            _add(sidecars, wanted)
            wanted = dict(sidecars)
        else:
            _add(wanted, sidecars)
        _raise(peak, wanted)
    _raise(total, peak)


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise(total: Amounts, floor: Mapping[str, int]) -> None:
    for name, amount in floor.items():
        if amount > total.get(name, 0):
            total[name] = amount


def qos_class(spec: Mapping[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort (from pod-level resources where those are set)."""
    if level := spec.get("resources"):
        requests, limits = (_compute(level.get(field)) for field in ("requests", "limits"))
        if requests or limits:
            guaranteed = set(limits) == {"cpu", "memory"} and requests == limits
            return "Guaranteed" if guaranteed else "Burstable"
    guaranteed, any_set = True, False
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = container.get("resources") or {}
        requests, limits = _compute(resources.get("requests")), _compute(resources.get("limits"))
        any_set = any_set or bool(requests) or bool(limits)
        if set(limits) != {"cpu", "memory"} or (requests and requests != limits):
            guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _compute(resources: Mapping[str, Any] | None) -> Amounts:
    if not resources:
        return {}
    wanted = {name: text for name, text in resources.items() if name in _POD_LEVEL}
    return {name: amount for name, amount in amounts(wanted).items() if amount}
