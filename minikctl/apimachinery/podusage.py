"""What emulated containers use of cpu and memory: the one model behind `top`, autoscaling and kubelet statistics.

Annotations of the pod say it: `minikctl.dev/cpu` and `minikctl.dev/memory` for every container,
`minikctl.dev/cpu.NAME` for one. The value is a quantity ("250m"), or a curve over the time since
the pod started ("0s=100m,5m=400m,10m=50m": straight lines between the points, flat after the last).
Without annotation a container uses a plausible share of what it requests.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import parse_go
from minikctl.apimachinery.podresources import is_restartable_init

PREFIX = "minikctl.dev/"

# Of a request, by resource, in percent; and what a container without one uses.
_SHARE = {"cpu": 40, "memory": 60}
_WITHOUT_REQUEST = {"cpu": "1m", "memory": "8Mi"}


def container_usage(pod: dict[str, Any], container: dict[str, Any], resource: str, now: float) -> int:
    """Thousandths of "cpu" or "memory" (bytes) that a running container uses at a time."""
    notes = pod["metadata"].get("annotations") or {}
    text = notes.get(f"{PREFIX}{resource}.{container['name']}") or notes.get(PREFIX + resource)
    if text:
        return curve_value(text, now - _started(pod, now))
    request = ((container.get("resources") or {}).get("requests") or {}).get(resource)
    if request:
        return quantity.as_milli(request) * _SHARE[resource] // 100
    return quantity.as_milli(_WITHOUT_REQUEST[resource])


def measured(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of a running pod that a metrics server hears of: all but those that came to their end."""
    spec = pod["spec"]
    return [*spec["containers"], *filter(is_restartable_init, spec.get("initContainers") or ())]


def reported(node: dict[str, Any] | None) -> bool:
    """Whether a metrics server hears of a node and its pods: not where the kubelet has fallen silent."""
    conditions = ((node or {}).get("status") or {}).get("conditions") or ()
    return not any(each["type"] == "Ready" and each["status"] == "Unknown" for each in conditions)


def out_of_memory(pod: dict[str, Any], container: dict[str, Any], now: float) -> float | None:
    """When, from now on, a container uses more memory than its limit by its annotation; None for never."""
    notes = pod["metadata"].get("annotations") or {}
    text = notes.get(f"{PREFIX}memory.{container['name']}") or notes.get(PREFIX + "memory")
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    if not text or not limit:
        return None
    started = _started(pod, now)
    try:
        at = first_above(text, quantity.as_milli(limit), now - started)
    except ValueError:
        return None
    return None if at is None else started + at


def curve_value(text: str, elapsed: float) -> int:
    """Thousandths of a constant or a curve, so long after its beginning."""
    points = _points(text)
    before = points[0]
    for point in points:
        if point[0] >= elapsed:
            span = point[0] - before[0]
            part = (elapsed - before[0]) / span if span > 0 and elapsed > before[0] else 0.0
            return int(before[1] + (point[1] - before[1]) * part) if span > 0 else point[1]
        before = point
    return before[1]


def first_above(text: str, limit: int, elapsed: float) -> float | None:
    """When, from `elapsed` on, a constant or a curve is above so many thousandths; None for never."""
    if curve_value(text, elapsed) > limit:
        return elapsed
    points = _points(text)
    for before, after in pairwise(points):
        if after[0] > elapsed and after[1] > limit:
            part = (limit - before[1]) / (after[1] - before[1])
            return max(elapsed, before[0] + (after[0] - before[0]) * part)
    return None


@lru_cache(maxsize=256)
def _points(text: str) -> tuple[tuple[float, int], ...]:
    """The (seconds, thousandths) of a curve; ValueError where it is none."""
    if "=" not in text:
        return ((0.0, quantity.as_milli(text.strip())),)
    pairs = [part.partition("=") for part in text.split(",")]
    return tuple(sorted((parse_go(at.strip()), quantity.as_milli(value.strip())) for at, _, value in pairs))


def _started(pod: dict[str, Any], now: float) -> float:
    started = (pod.get("status") or {}).get("startTime")
    return parse_time(started) if started else now
