"""From the size wanted to the size taken: stabilization windows, scaling policies, limits (`horizontal.go`)."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

# (time, replicas) of recommendations; (time, change) of scalings.
History = list[tuple[float, int]]

_WINDOW = 300
_TOO_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_IN_RANGE = ("DesiredWithinRange", "the desired count is within the acceptable range")
_HELD_HIGH = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_HELD_LOW = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_READY = ("ReadyForNewScale", "recommended size matches current size")
_DEFAULT_UP = {
    "selectPolicy": "Max",
    "stabilizationWindowSeconds": 0,
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DEFAULT_DOWN = {
    "selectPolicy": "Max",
    "stabilizationWindowSeconds": _WINDOW,
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


class Size(NamedTuple):
    """The size to take; (reason, message) of AbleToScale; whether limits bit, and their (reason, message)."""

    replicas: int
    able: tuple[str, str]
    limited: bool
    limit: tuple[str, str]


class Memory(NamedTuple):
    """What one autoscaler remembers between syncs."""

    recommendations: History
    scaled_up: History
    scaled_down: History


def normalize(spec: Obj, current: int, desired: int, memory: Memory, now: float) -> Size:
    """Apply windows and limits; notes the recommendation."""
    behavior = spec.get("behavior")
    if behavior:
        return _with_behavior(spec, behavior, current, desired, memory, now)
    recent = [replicas for at, replicas in memory.recommendations if now - at < _WINDOW]
    memory.recommendations.append((now, desired))
    held = max([desired, *recent])
    able = _HELD_HIGH if held != desired else _READY
    fastest = max(2 * current, 4)
    most = spec["maxReplicas"]
    highest, limit = (fastest, _TOO_FAST_UP) if most > fastest else (most, _TOO_MANY)
    least = spec.get("minReplicas", 1)
    if held < least:
        return Size(least, able, True, _TOO_FEW)
    if held > highest:
        return Size(highest, able, True, limit)
    return Size(held, able, False, _IN_RANGE)


def _with_behavior(spec: Obj, behavior: Obj, current: int, desired: int, memory: Memory, now: float) -> Size:
    up = {**_DEFAULT_UP, **(behavior.get("scaleUp") or {})}
    down = {**_DEFAULT_DOWN, **(behavior.get("scaleDown") or {})}
    lowest = [*_recent(memory.recommendations, up, now), desired]
    highest = [*_recent(memory.recommendations, down, now), desired]
    memory.recommendations.append((now, desired))
    held = max(current, min(lowest)) if current < min(lowest) else current
    held = min(held, max(highest))
    able = _READY
    if held != desired:
        able = _HELD_LOW if desired >= current else _HELD_HIGH
    most, least = spec["maxReplicas"], spec.get("minReplicas", 1)
    if held > current:
        fastest = max(current, _limit(current, up, memory, now, 1))
        top, limit = (fastest, _TOO_FAST_UP) if most > fastest else (most, _TOO_MANY)
        if held > top:
            return Size(top, able, True, limit)
    elif held < current:
        fastest = min(current, _limit(current, down, memory, now, -1))
        bottom, limit = (fastest, _TOO_FAST_DOWN) if least < fastest else (least, _TOO_FEW)
        if held < bottom:
            return Size(bottom, able, True, limit)
    return Size(held, able, False, _IN_RANGE)


def _recent(history: History, rules: Obj, now: float) -> list[int]:
    window = rules.get("stabilizationWindowSeconds") or 0
    return [replicas for at, replicas in history if now - at < window]


def _limit(current: int, rules: Obj, memory: Memory, now: float, way: int) -> int:
    """How far the policies allow to go, up (way 1) or down (way -1)."""
    select = rules.get("selectPolicy", "Max")
    if select == "Disabled":
        return current
    found: list[int] = []
    for policy in rules["policies"]:
        period, value = policy["periodSeconds"], int(policy["value"])
        added = sum(change for at, change in memory.scaled_up if now - at < period)
        removed = sum(change for at, change in memory.scaled_down if now - at < period)
        start = current - added + removed
        if policy["type"] == "Pods":
            found.append(start + way * value)
        elif way > 0:
            found.append(ceil(start * (1 + value / 100)))
        else:
            found.append(int(start * (1 - value / 100)))
    return max(found) if (select == "Max") == (way > 0) else min(found)
