"""Making strategic merge patches: two-way (edit, set, label) and three-way (apply).

A three-way patch is what changed from the current object to the modified manifest, without
deletions, merged onto what the manifest dropped since it was last applied
(apimachinery's `strategicpatch.CreateThreeWayMergePatch`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch import lists
from minikctl.apimachinery.patch.conflicts import have_conflicts
from minikctl.apimachinery.patch.error import PatchConflict, bad_type, go_text, no_merge_key, same
from minikctl.apimachinery.patch.lists import DELETE_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER, Items
from minikctl.apimachinery.patch.strategic import merge_map

Obj = dict[str, Any]


class _Options(NamedTuple):
    """What of a difference goes into the patch."""

    changes: bool = True
    deletions: bool = True
    set_order: bool = True
    retain_keys: bool = False


def two_way_strategic(original: Obj, modified: Obj, schema: Any) -> Obj:
    """The strategic merge patch that makes `modified` of `original`."""
    patch: Obj = deep_copy(_diff_maps(original, modified, schema, _Options()))
    return patch


def three_way_strategic(original: Obj, modified: Obj, current: Obj, schema: Any, overwrite: bool = True) -> Obj:
    """The patch that brings `current` to `modified`, deleting what `modified` no longer has of `original`.

    Without `overwrite`, PatchConflict where somebody else changed what the patch changes.
    """
    changes = deep_copy(_diff_maps(current, modified, schema, _Options(deletions=False)))
    deletions = deep_copy(_diff_maps(original, modified, schema, _Options(changes=False)))
    patch = merge_map(deletions, changes, schema, False)
    if not overwrite:
        changed = _diff_maps(original, current, schema, _Options(set_order=False))
        if have_conflicts(patch, changed, schema):
            text = (
                f"patch:\n{go_text(patch)}\nconflicts with changes made from original to current:\n{go_text(changed)}\n"
            )
            raise PatchConflict(text)
    return patch


def _diff_maps(original: Obj, modified: Obj, schema: Any, options: _Options) -> Obj:
    patch: Obj = {}
    for key, value in modified.items():
        if key not in original:
            if options.changes:
                patch[key] = value
            continue
        old = original[key]
        if key == DIRECTIVE:
            if old != value:
                patch[key] = value
        elif old.__class__ is not value.__class__:
            if options.changes and not same(old, value):
                patch[key] = value
        elif value.__class__ is dict:
            _diff_map_field(key, old, value, patch, schema, options)
        elif value.__class__ is list:
            _diff_list_field(key, old, value, patch, schema, options)
        elif options.changes and old != value:
            patch[key] = value
    dropped = [key for key in original if key not in modified]
    if options.deletions:
        for key in dropped:
            patch[key] = None
    if options.retain_keys and (patch or dropped):
        keys = sorted(key for key, value in modified.items() if value is not None)
        if keys:
            patch[RETAIN_KEYS] = keys
    return patch


def _diff_map_field(key: str, old: Obj, value: Obj, patch: Obj, schema: Any, options: _Options) -> None:
    if old == value:
        return
    field = lists.child(schema, key)
    retain_keys, strategy = lists.strategy(field)
    if strategy == "replace":
        if options.changes:
            patch[key] = value
        return
    inner = _diff_maps(old, value, field, options._replace(retain_keys=retain_keys))
    if inner:
        patch[key] = inner


def _diff_list_field(key: str, old: Items, value: Items, patch: Obj, schema: Any, options: _Options) -> None:
    field = lists.child(schema, key)
    retain_keys, strategy = lists.strategy(field)
    if strategy != "merge":
        if options.changes and old != value:
            patch[key] = value
        return
    added, deleted, order = _diff_lists(old, value, field, options._replace(retain_keys=retain_keys))
    if added:
        patch[key] = added
    if deleted:
        patch[f"{DELETE_LIST}/{key}"] = deleted
    if order:
        patch[f"{SET_ORDER}/{key}"] = order


def _diff_lists(old: Items, value: Items, field: Any, options: _Options) -> tuple[Items, Items, Items]:
    """(patch elements, primitives to delete, the order to set)."""
    if not old:
        return (value if options.changes else []), [], []
    if not lists.are_maps(old, value):
        return _diff_scalars(old, value, options)
    if old == value:
        return [], [], []
    key = lists.merge_key(field)
    patch, deletions = _diff_elements(old, value, key, lists.elements(field), options)
    patch = lists.sort_by(patch, value, key, True) + deletions
    same_order = [lists.identity(item, key) for item in old] == [lists.identity(item, key) for item in value]
    changes = options.changes and (patch or not same_order)
    if options.set_order and (changes or (options.deletions and patch)):
        return patch, [], [{key: item[key]} for item in value]
    return patch, [], []


def _diff_scalars(old: Items, value: Items, options: _Options) -> tuple[Items, Items, Items]:
    before, after = lists.positions(old, ""), lists.positions(value, "")
    added = [item for item in value if lists.identity(item, "") not in before] if options.changes else []
    deleted = [item for item in old if lists.identity(item, "") not in after] if options.deletions else []
    deleted = sorted(dict.fromkeys(deleted), key=go_text)
    # upstream compares with the sorted old list, so an unsorted one always gets its order set again
    ordered = deleted or (options.changes and sorted(old, key=go_text) != value)
    return added, deleted, value if options.set_order and ordered else []


def _diff_elements(old: Items, value: Items, key: str, schema: Any, options: _Options) -> tuple[Items, Items]:
    """(changed and new elements, delete directives), each in the order of the merge key's text."""
    before, after = _sorted(old, key), _sorted(value, key)
    patch, deletions = [], []
    i = j = 0
    while i < len(before) or j < len(after):
        left = before[i][0] if i < len(before) else None
        right = after[j][0] if j < len(after) else None
        if left == right:
            inner = _diff_maps(before[i][1], after[j][1], schema, options)
            if inner:
                inner[key] = after[j][1][key]
                patch.append(inner)
            i, j = i + 1, j + 1
        elif left is None or (right is not None and left > right):
            if options.changes:
                patch.append(after[j][1])
            j += 1
        else:
            if options.deletions:
                deletions.append({DIRECTIVE: "delete", key: before[i][1][key]})
            i += 1
    return patch, deletions


def _sorted(items: Items, key: str) -> list[tuple[str, Obj]]:
    """The elements with their merge key's text, by that text; equal ones in reverse, as upstream's sort leaves them."""
    found: list[tuple[str, Obj]] = []
    for item in reversed(items):
        if item.__class__ is not dict:
            raise bad_type("map[string]interface {}", item)
        if key not in item:
            raise no_merge_key(item, key)
        found.append((go_text(item[key]), item))
    return sorted(found, key=lambda pair: pair[0])
