"""Lists whose order does not count: what a schema calls a set or a map.

Counterparts: unstructuredSetList and unstructuredMapList in `apiserver/pkg/cel/common/values.go`. The engine knows
neither; an expression that compares or adds such lists is walked through (`evaluation`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from minikctl.apimachinery.cel.syntax import Node, subtrees


class UnorderedList(list[Any]):
    """A set, or with `keys` a map, of items."""

    def __init__(self, items: Iterable[Any], keys: tuple[str, ...] = ()) -> None:
        super().__init__(items)
        self._keys = keys

    def _key(self, item: Any) -> str:
        told = [item.get(key) for key in self._keys] if self._keys and isinstance(item, dict) else item
        return json.dumps(told, sort_keys=True, default=str)

    def matches(self, other: list[Any], equals: Callable[[Any, Any], bool]) -> bool:
        """Whether another list has the same items, whatever their order."""
        if len(self) != len(other):
            return False
        known = {self._key(item): item for item in self}
        return all(self._key(item) in known and equals(known[self._key(item)], item) for item in other)

    def __add__(self, other: list[Any]) -> UnorderedList:
        """The union: items of the other list go where those with their key are, the rest behind them."""
        merged = {self._key(item): item for item in self}
        for item in other:
            merged[self._key(item)] = item
        return UnorderedList(merged.values(), self._keys)


def depends_on_order(tree: Node) -> bool:
    """Whether an expression compares or adds what may be lists."""
    if tree.kind == "binary" and tree.parts[0] in ("==", "!=", "+", "in") and not _has_literal(tree):
        return True
    return any(depends_on_order(part) for part in subtrees(tree))


def _has_literal(tree: Node) -> bool:
    return any(part.kind == "literal" for part in subtrees(tree))
