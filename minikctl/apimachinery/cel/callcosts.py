"""What a call has cost, from its arguments and its result.

Counterparts: cel-go's `interpreter/runtimecost.go` and the actual costs in `apiserver/pkg/cel/library/cost.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikctl.apimachinery.cel.kubetypes import CIDR, IP

_AUTHORIZER_CHECK = 350_000
# Calls that go once through what they are given.
_TRAVERSING = frozenset(
    {"url", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR", "quantity", "isQuantity"}
)
_ORDERING = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"})
_REGULAR = frozenset({"matches", "find", "findAll"})


def call_cost(name: str, values: Sequence[Any], result: Any) -> int:
    """The cost of one call; methods have their target first."""
    if name == "check":
        return _AUTHORIZER_CHECK
    if not values:
        return 1
    first = size_of(values[0])
    if name in _TRAVERSING or (name == "ip" and isinstance(values[0], str)):
        return _tenth(first)
    if name in ("replace", "split"):
        return _tenth(2 * first)
    if name in ("join", "ip.isCanonical"):
        return _tenth(2 * (size_of(result) if name == "join" else first))
    if name in _ORDERING:
        return _traversal(values[0])
    if name in _REGULAR:
        return _tenth(1 + first) * -(-size_of(values[1]) // 4)
    if name == "contains" and isinstance(values[0], str):
        return _tenth(first) * _tenth(size_of(values[1]))
    if name in ("startsWith", "endsWith"):
        return _tenth(first)
    if name in ("containsIP", "containsCIDR"):
        return _containing(name, values)
    if (name, type(values[0])) in (("string", bytes), ("bytes", str)):
        return _tenth(first)
    return 1


def _containing(name: str, values: Sequence[Any]) -> int:
    size = size_of(values[0])
    amount = _tenth(2 * size) + (_tenth(size_of(values[1])) if isinstance(values[1], str) else 0)
    return amount + (_tenth(size) + 1 if name == "containsCIDR" else 0)


def _tenth(count: int) -> int:
    return -(-count // 10)


def size_of(value: Any) -> int:
    """How many characters, bytes or elements a value has; 1 for what has no size."""
    if isinstance(value, dict):
        for key in (IP, CIDR):
            if key in value:
                return 16 if ":" in value[key] else 4
        return len(value)
    return len(value) if isinstance(value, str | bytes | list) else 1


def _traversal(value: Any) -> int:
    """Going through all of a value."""
    if isinstance(value, str | bytes):
        return int(len(value.encode() if isinstance(value, str) else value) * 0.1)
    if isinstance(value, list):
        return sum(_traversal(item) for item in value)
    if isinstance(value, dict):
        return sum(_traversal(key) + _traversal(item) for key, item in value.items())
    return 1
