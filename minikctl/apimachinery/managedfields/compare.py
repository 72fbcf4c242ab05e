"""What a write changed: the fields added or modified, and those removed (typed.Compare).

This runs for every write, so it is one recursive walk over the two objects that builds the field
sets on the way; equal parts cost one comparison in C.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields.fieldset import Fields, without
from minikctl.apimachinery.managedfields.plan import ListKeyError, Plan

Obj = dict[str, Any]
Change = tuple[Fields | None, Fields | None]

_SKIPPED_META = frozenset(
    (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
)
_SKIPPED_ROOT = frozenset(("apiVersion", "kind", "metadata"))


def compare(live: Obj, new: Obj, plan: Plan, resets: Fields) -> tuple[Fields, Fields]:
    """(changed, removed) between two objects, without the fields nobody owns and those a write resets."""
    skipped = _SKIPPED_ROOT
    whole = [key[2:] for key, node in resets.items() if not node]
    if whole:
        skipped = skipped.union(whole)
    old_body = {key: value for key, value in live.items() if key not in skipped}
    new_body = {key: value for key, value in new.items() if key not in skipped}
    changed, removed = compare_maps(old_body, new_body, plan)
    changed, removed = changed or {}, removed or {}
    if "metadata" not in whole:
        old_meta = {k: v for k, v in (live.get("metadata") or {}).items() if k not in _SKIPPED_META}
        new_meta = {k: v for k, v in (new.get("metadata") or {}).items() if k not in _SKIPPED_META}
        if old_meta != new_meta:
            meta_changed, meta_removed = compare_maps(old_meta, new_meta, plan.child("metadata"))
            if meta_changed:
                changed["f:metadata"] = meta_changed
            if meta_removed:
                removed["f:metadata"] = meta_removed
    if len(whole) != len(resets):
        return without(changed, resets), without(removed, resets)
    return changed, removed


def compare_maps(old: Obj, new: Obj, plan: Plan) -> Change:
    """The field sets below two maps that are both there."""
    changed: Fields = {}
    removed: Fields = {}
    child = plan.child
    for key, value in new.items():
        before = old.get(key)
        if before == value or value is None:
            continue
        inner = child(key)
        if before is None:
            zero = inner.zero
            if zero is None:
                changed["f:" + key] = added(value, inner)
                continue
            if zero == value:
                continue
            before = zero
        more, less = compare_values(before, value, inner)
        if more is not None:
            changed["f:" + key] = more
        if less is not None:
            removed["f:" + key] = less
    for key, before in old.items():
        if new.get(key) is None and before is not None:
            inner = child(key)
            if inner.zero is None:
                removed["f:" + key] = added(before, inner)
            elif inner.zero != before:
                more, less = compare_values(before, inner.zero, inner)
                if more is not None:
                    changed["f:" + key] = more
                if less is not None:
                    removed["f:" + key] = less
    if not plan.typed and (None in new.values() or None in old.values()):
        _compare_nulls(old, new, plan, changed, removed)
    return changed or None, removed or None


def _compare_nulls(old: Obj, new: Obj, plan: Plan, changed: Fields, removed: Fields) -> None:
    """A null that a custom resource may have is a value: there is a difference between it and nothing."""
    for key, value in new.items():
        before, element = old.get(key), "f:" + key
        if value is not None or (before is None and key in old):
            continue
        inner = plan.child(key)
        removed.pop(element, None)
        parts = compare_maps(before, {}, inner)[1] if before.__class__ is dict and not inner.atomic else None
        if parts is None:
            changed[element] = {}
        else:
            removed[element] = parts
    for key, before in old.items():
        if before is None and key not in new:
            removed["f:" + key] = {}


def compare_values(old: Any, new: Any, plan: Plan) -> Change:
    """The field sets of two different values of one field."""
    if old.__class__ is dict and new.__class__ is dict:
        return ({}, None) if plan.atomic else compare_maps(old, new, plan)
    if old.__class__ is list and new.__class__ is list:
        return ({}, None) if plan.keys is None else _compare_lists(old, new, plan)
    return {}, None


def _compare_lists(old: list[Any], new: list[Any], plan: Plan) -> Change:
    changed: Fields = {}
    removed: Fields = {}
    before, after = _by_key(old, plan), _by_key(new, plan)
    for key, items in after.items():
        others = before.get(key)
        if others is None:
            changed[key] = added(items[0], plan.element) if len(items) == 1 else {}
        elif others != items:
            if len(others) > 1 or len(items) > 1:
                changed[key] = {}
                continue
            more, less = compare_values(others[0], items[0], plan.element)
            if more is not None:
                changed[key] = more
            if less is not None:
                removed[key] = less
    for key, items in before.items():
        if key not in after:
            removed[key] = added(items[0], plan.element) if len(items) == 1 else {}
    return changed or None, removed or None


def _by_key(items: list[Any], plan: Plan) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        try:
            key = plan.item_key(item)
        except ListKeyError:
            continue
        if key in found:
            found[key].append(item)
        else:
            found[key] = [item]
    return found


def added(value: Any, plan: Plan) -> Fields:
    """The set of a value that is new as a whole (or gone as a whole): itself and everything below.

    A null in it is a time that Go writes though it is not set, or one that a custom resource may have.
    """
    if value.__class__ is dict:
        if not value or plan.atomic:
            return {}
        node: Fields = {".": {}}
        child = plan.child
        for key, inner in value.items():
            kind = inner.__class__
            if kind is str or kind is int:
                node["f:" + key] = {}
            else:
                node["f:" + key] = added(inner, child(key)) if kind is dict or kind is list else {}
        return node
    if value.__class__ is list and value and plan.keys is not None:
        node = {".": {}}
        for key, items in _by_key(value, plan).items():
            node[key] = added(items[0], plan.element) if len(items) == 1 else {}
        return node
    return {}
