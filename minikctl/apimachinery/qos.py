"""The quality-of-service class of a pod, from its cpu and memory requests and limits.

Set at creation, watched by resize validation, used by quota scopes, eviction and `describe`.
Counterpart: kubernetes `pkg/apis/core/v1/helper/qos`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.podresources import amount

GUARANTEED = "Guaranteed"
BURSTABLE = "Burstable"
BEST_EFFORT = "BestEffort"

_COMPUTE = ("cpu", "memory")


def qos_class(pod: dict[str, Any]) -> str:
    """The recorded class, or the computed one while there is none."""
    recorded = (pod.get("status") or {}).get("qosClass")
    return recorded or compute_qos(pod)


def compute_qos(pod: dict[str, Any]) -> str:
    """The class that follows from the spec: Guaranteed, Burstable or BestEffort."""
    spec = pod.get("spec") or {}
    pod_level = spec.get("resources") or {}
    if pod_level.get("requests") or pod_level.get("limits"):
        return _classify([pod_level])
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return _classify([container.get("resources") or {} for container in containers])


def _classify(holders: Iterable[dict[str, Any]]) -> str:
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    guaranteed = True
    for resources in holders:
        _sum(requests, resources.get("requests"))
        if _sum(limits, resources.get("limits")) < len(_COMPUTE):
            guaranteed = False
    if not requests and not limits:
        return BEST_EFFORT
    return GUARANTEED if guaranteed and requests == limits else BURSTABLE


def _sum(total: dict[str, int], listed: dict[str, str] | None) -> int:
    """Add the positive compute amounts to the total; how many there were."""
    found = 0
    if listed:
        for name in _COMPUTE:
            text = listed.get(name)
            if text is not None:
                # memory in thousandths as well: 1500m differs from 2
                value = amount("cpu", text)
                if value > 0:
                    total[name] = total.get(name, 0) + value
                    found += 1
    return found
