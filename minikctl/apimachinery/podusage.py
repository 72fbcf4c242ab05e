"""What emulated containers use of cpu and memory: the one model behind `top`, autoscaling and kubelet statistics.

Annotations of the pod say it: `minikctl.dev/cpu` and `minikctl.dev/memory` for every container,
`minikctl.dev/cpu.NAME` for one. The value is a quantity ("250m"), or a curve over the time since
the pod started ("0s=100m,5m=400m,10m=50m": straight lines between the points, flat after the last).
Without annotation a container uses a plausible share of what it requests.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import parse_go

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
