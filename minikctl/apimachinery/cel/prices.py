"""What CEL's calls and macros cost: the arithmetic of estimates, and tables of prices by name.

Used by `cost`, which walks expressions. Counterparts: cel-go's `checker/cost.go`, `ext/lists.go` and `ext/sets.go`,
`apiserver/pkg/cel/library/cost.go`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from minikctl.apimachinery.cel.declarations import (
    AUTHORIZER,
    DECISION,
    GROUP_CHECK,
    PATH_CHECK,
    QUANTITY,
    RESOURCE_CHECK,
)
from minikctl.apimachinery.cel.types import Type

UNKNOWN = 2**64 - 1
TRAVERSAL = 0.1
LIST, MAP, STRUCT = 10, 30, 40


class Size(NamedTuple):
    """How many elements, characters or bytes a value has."""

    least: int
    most: int


ONE = Size(1, 1)
ANY = Size(0, UNKNOWN)


def _bounded(value: float) -> int:
    return UNKNOWN if value >= UNKNOWN else int(value)


def scaled(count: int, factor: float) -> int:
    """A count of characters or elements at a price each, rounded up."""
    return _bounded(math.ceil(count * factor))


def times(one: int, other: int) -> int:
    return _bounded(one * other)


def total(*costs: int) -> int:
    return _bounded(sum(costs))


# name -> (costs of the bodies) -> (before the loop, per element, after it)
_Macro = Callable[[list[int]], tuple[int, int, int]]


def collected(costs: list[int]) -> tuple[int, int, int]:
    """map(x, t), map(x, p, t), filter(x, p) and their like: a list that grows by one element lists."""
    return LIST, total(*costs, 2 + LIST), 1


MACROS: dict[str, _Macro] = {
    "all": lambda costs: (0, total(costs[0], 3), 1),
    "exists": lambda costs: (0, total(costs[0], 4), 1),
    "exists_one": lambda costs: (0, total(costs[0], 2), 2),
    "existsOne": lambda costs: (0, total(costs[0], 2), 2),
    "map": collected,
    "transformList": collected,
    "filter": lambda costs: (LIST, total(costs[0], 3 + LIST), 1),
    "transformMap": lambda costs: (MAP, total(*costs, 3), 1),
    "transformMapEntry": lambda costs: (MAP, total(*costs, 2), 1),
}
ORDERED = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"})
TRAVERSED = {
    **dict.fromkeys(("url", "lowerAscii", "upperAscii", "substring", "trim", "quote", "format"), TRAVERSAL),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver"), TRAVERSAL),
    "escapeKey": TRAVERSAL,
    "isCanonical": 2 * TRAVERSAL,
}
KEEPS_SIZE = frozenset({"url", "lowerAscii", "upperAscii", "substring", "trim", "escapeKey"})
# The functions of ext.Lists and ext.Sets, with the arguments they have and what they cost for each pair.
LISTED = {"slice": 2, "range": 1, "reverse": 0, "distinct": 0, "sort": 0}
SETS = {"contains": 1, "intersects": 1, "equivalent": 2}
# Comparing values of Kubernetes' own types, by the size of the right one.
OPAQUE: dict[str, Callable[[Size], int]] = {
    **dict.fromkeys(("net.IP", "net.CIDR", QUANTITY, "kubernetes.Semver", AUTHORIZER, PATH_CHECK), lambda size: 1),
    **dict.fromkeys((GROUP_CHECK, RESOURCE_CHECK, DECISION), lambda size: 1),
    "kubernetes.NamedFormat": lambda size: scaled(64, TRAVERSAL),
    "kubernetes.URL": lambda size: scaled(size.most if size.most < UNKNOWN else 1, TRAVERSAL),
}


def compared(count: int, kind: Type) -> tuple[int, int]:
    """What comparing each of so many elements with each costs, after how large the result is said to be."""
    most = times(count, count)
    return most, total(scaled(most, 2.1 if kind.kind in ("string", "bytes", "dyn") else 2.0), 1, LIST)


def _replaced(sizes: list[Size], _: Size) -> Size:
    """The longest text that replacing can make; no useful least is known."""
    text, old, new = sizes[0], sizes[1] if len(sizes) > 1 else ANY, sizes[2] if len(sizes) > 2 else ANY
    if old.least == 0:
        return Size(0, total(times(total(text.most, 1), new.most), text.most))
    if new.most <= old.least:
        return Size(0, text.most)
    return Size(0, times(-(-text.most // old.least), new.most))


def _joined(sizes: list[Size], element: Size) -> Size:
    count = sizes[0].most
    separators = times(max(0, count - 1), sizes[1].most) if len(sizes) > 1 else 0
    return Size(0, total(times(count, element.most), separators))


RESULTS: dict[str, Callable[[list[Size], Size], Size]] = {
    "replace": _replaced,
    "split": lambda sizes, _: Size(0, sizes[0].most),
    "join": _joined,
}
