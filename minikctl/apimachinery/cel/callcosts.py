"""What a call has cost, from its arguments and its result.

Counterparts: cel-go's `interpreter/runtimecost.go`, `ext/lists.go` and `ext/sets.go`, and the actual costs in
`apiserver/pkg/cel/library/cost.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikctl.apimachinery.cel.kubetypes import CIDR, IP

_AUTHORIZER_CHECK = 350_000
# Calls that go once through what they are given.
_TRAVERSING = frozenset(
    {
        *("url", "lowerAscii", "upperAscii", "substring", "trim", "strings.quote", "format", "jsonpatch.escapeKey"),
        *("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"),
    }
)
_ORDERING = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"})
_REGULAR = frozenset({"matches", "find", "findAll"})
_LISTS = frozenset({"slice", "flatten", "lists.range", "reverse", "distinct", "sort"})
_SETS = {"sets.contains": 1, "sets.intersects": 1, "sets.equivalent": 2}
_CALL, _CREATE_LIST = 1, 10
# The length of a named format's expression, roughly.
_FORMAT = 60


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
    if name in _LISTS:
        return _listed(name, values, result)
    if name in _SETS:
        return _CALL + first * size_of(values[1]) * _SETS[name]
    if name in ("fieldSelector", "labelSelector"):
        return selector_cost(size_of(values[1]))
    if name == "validate":
        return _tenth(1 + size_of(values[1])) * -(-_FORMAT // 4)
    if name in ("containsIP", "containsCIDR"):
        return _containing(name, values)
    if (name, type(values[0])) in (("string", bytes), ("bytes", str)):
        return _tenth(first)
    return 1


def selector_cost(length: int) -> int:
    """Reading a selector: the shortest requirement has two characters, and each is a struct with a list."""
    return 10 + _tenth(length) + -(-length // 2) * 50


def _listed(name: str, values: Sequence[Any], result: Any) -> int:
    """The functions of ext.Lists, which make a list."""
    if name in ("distinct", "sort"):
        return self_comparison(values[0])
    size = size_of(values[0]) * (values[1] if len(values) > 1 else 1) if name == "flatten" else size_of(result)
    return size + _CALL + _CREATE_LIST


def self_comparison(items: Sequence[Any]) -> int:
    """Comparing each element of a list with each."""
    factor = 2.1 if items and isinstance(items[0], str | bytes) else 2.0
    return int(len(items) ** 2 * factor) + _CALL + _CREATE_LIST


def _containing(name: str, values: Sequence[Any]) -> int:
    size = size_of(values[0])
    amount = _tenth(2 * size) + (_tenth(size_of(values[1])) if isinstance(values[1], str) else 0)
    return amount + (_tenth(size) + 1 if name == "containsCIDR" else 0)


def _tenth(count: int) -> int:
    return -(-count // 10)


def size_of(value: Any) -> int:
    """How many characters, bytes or elements a value has; 1 for what has no size."""
    if isinstance(value, dict):
        if IP in value:
            return 16 if ":" in value[IP] else 4
        return -(-int(value[CIDR].rpartition("/")[2]) // 8) if CIDR in value else len(value)
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
