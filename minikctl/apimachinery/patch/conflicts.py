"""Whether two strategic patches change the same field differently (MergingMapsHaveConflicts)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.patch import lists
from minikctl.apimachinery.patch.error import go_text, same
from minikctl.apimachinery.patch.lists import DIRECTIVE, RETAIN_KEYS, Items

Obj = dict[str, Any]


def have_conflicts(left: Obj, right: Obj, schema: Any) -> bool:
    """Whether the two patches of one kind contradict each other."""
    return _values(left, right, schema, "")


def _values(left: Any, right: Any, schema: Any, strategy: str) -> bool:
    if left.__class__ is dict and right.__class__ is dict:
        if left.get(DIRECTIVE) != right.get(DIRECTIVE):
            return True
        return strategy != "replace" and _maps(left, right, schema)
    if left.__class__ is list and right.__class__ is list:
        return _lists(left, right, schema, strategy)
    return not same(left, right)


def _maps(left: Obj, right: Obj, schema: Any) -> bool:
    for key, value in left.items():
        if key in right and key not in (DIRECTIVE, RETAIN_KEYS):
            field = lists.child(schema, key)
            if _values(value, right[key], field, lists.strategy(field)[1]):
                return True
    return False


def _lists(left: Items, right: Items, schema: Any, strategy: str) -> bool:
    element = lists.elements(schema)
    maps = lists.are_maps(left, right)
    if strategy == "merge":
        if not maps:
            return False
        key = lists.merge_key(schema)
        others = {go_text(item.get(key)): item for item in right}
        pairs = [(item, others.get(go_text(item.get(key)))) for item in left]
        return any(other is not None and _values(item, other, element, "") for item, other in pairs)
    if len(left) != len(right):
        return True
    if not maps:
        left, right = sorted(left, key=go_text), sorted(right, key=go_text)
    return any(_values(a, b, element, "") for a, b in zip(left, right, strict=True))
