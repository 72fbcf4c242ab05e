"""Applying strategic merge patches (apimachinery's `strategicpatch.StrategicMergeMapPatch`).

`applying` tells the two uses of a merge apart: a patch onto an object, or (when a three-way patch is
made) a patch of changes onto a patch of deletions, whose directives must survive.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch import lists
from minikctl.apimachinery.patch.error import PatchError, bad_type, go_text, no_merge_key
from minikctl.apimachinery.patch.lists import DELETE_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER, Items
from minikctl.apimachinery.patch.malformed import Malformed

Obj = dict[str, Any]


def strategic_merge(doc: Obj, patch: Obj, schema: Any) -> Obj:
    """The object with the patch applied; `schema` is the node of its kind."""
    if isinstance(patch, Malformed):
        raise PatchError(patch.problem, 400)
    if patch.__class__ is not dict:
        raise PatchError("invalid JSON document", 400)
    return merge_map(deep_copy(doc), deep_copy(patch), schema, True)


def merge_map(original: Obj | None, patch: Obj, schema: Any, applying: bool) -> Obj:
    """Merge a patch into a map in place. Both arguments are used up."""
    if DIRECTIVE in patch:
        return _whole_map(patch)
    if original is None:
        original = {}
    if RETAIN_KEYS in patch:
        _retain_keys(original, patch, applying)
    for directive in [key for key in patch if key.startswith(SET_ORDER)]:
        _merge_ordered(original, patch, directive, schema, applying)
    for key, value in patch.items():
        deleting = key.startswith(DELETE_LIST)
        if deleting:
            if not applying:
                original[key] = value
                continue
            key = lists.original_key(key, DELETE_LIST)
        if value is None:
            original.pop(key, None)
            if applying:
                continue
        old = original.get(key)
        if key not in original or old.__class__ is not value.__class__:
            if not (deleting and applying):
                original[key] = _without_nulls(value) if applying else value
            continue
        original[key] = _merge_value(old, value, lists.child(schema, key), applying, deleting)
    return original


def _merge_value(old: Any, value: Any, schema: Any, applying: bool, deleting: bool) -> Any:
    strategy = lists.strategy(schema)[1]
    if value.__class__ is dict and strategy != "replace":
        return merge_map(old, value, schema, applying)
    if value.__class__ is list and strategy == "merge":
        return _merge_list(old, value, schema, applying, deleting)
    return value


def _whole_map(patch: Obj) -> Obj:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        del patch[DIRECTIVE]
        return patch
    if directive == "delete":
        return {}
    raise PatchError(f"unknown patch type: {go_text(directive)} in map: {go_text(patch)}")


def _without_nulls(value: Any) -> Any:
    """A value new to the object, without the nulls that would delete something."""
    if value.__class__ is dict:
        for key in [key for key, inner in value.items() if inner is None]:
            del value[key]
        for inner in value.values():
            _without_nulls(inner)
    elif value.__class__ is list:
        for inner in value:
            _without_nulls(inner)
    return value


def _retain_keys(original: Obj, patch: Obj, applying: bool) -> None:
    wanted = patch.pop(RETAIN_KEYS)
    if not applying:
        if original.setdefault(RETAIN_KEYS, wanted) != wanted:
            raise PatchError(
                f"{go_text(original[RETAIN_KEYS])} and {go_text(wanted)} are not deep equal:"
                " this may happen when calculating the 3-way diff patch"
            )
        return
    if not isinstance(wanted, list):
        raise PatchError(lists.BAD_RETAIN_KEYS, 400)
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_LIST, SET_ORDER)) and key not in wanted:
            raise PatchError(lists.BAD_RETAIN_KEYS, 400)
    for key in [key for key in original if key not in wanted]:
        del original[key]


def _merge_ordered(original: Obj, patch: Obj, directive: str, schema: Any, applying: bool) -> None:
    """Merge the list that a $setElementOrder directive belongs to, and bring it in that order."""
    order = patch.pop(directive)
    if not applying and original.setdefault(directive, order) != order:
        raise PatchError(lists.BAD_ORDER, 400)
    if not isinstance(order, list):
        raise bad_type("[]interface {}", order)
    key = lists.original_key(directive, SET_ORDER)
    field = lists.declared(schema, key)
    merge_key = lists.merge_key(field)
    old, new = original.get(key), patch.get(key)
    for present, value in ((key in original, old), (key in patch, new)):
        if present and not isinstance(value, list):
            raise bad_type("[]interface {}", value)
    _check_order(new or [], order, merge_key)
    if old is None and new is None:
        return
    server_order = list(old or [])
    maps = lists.are_maps(old or [], new or [])
    if new is None:
        merged = old or []
    elif old is None:
        merged = new
    elif lists.strategy(field)[1] == "merge":
        merged = _merge_list(old, new, field, applying, False)
    else:
        merged = new
    original[key] = lists.enforce_order(merged, order, server_order, merge_key, maps)
    patch.pop(key, None)


def _check_order(items: Items, order: Items, key: str) -> None:
    """The patch's elements must be a subsequence of the order it asks for."""
    left = [item for item in items if not (item.__class__ is dict and DIRECTIVE in item)]
    if not left or not order:
        return
    if key:
        lists.require_key(key, left, order)
    at = 0
    for wanted in order:
        if at < len(left) and lists.identity(left[at], key) == lists.identity(wanted, key):
            at += 1
    if at < len(left):
        raise PatchError(
            f"The order in patch list:\n{go_text(items)}\n doesn't match {SET_ORDER} list:\n{go_text(order)}\n"
        )


def _merge_list(original: Items, patch: Items, schema: Any, applying: bool, deleting: bool) -> Items:
    if not original and not patch:
        return original
    if not lists.are_maps(original, patch):
        if applying and deleting:
            gone = lists.positions(patch, "")
            return [item for item in original if lists.identity(item, "") not in gone]
        merged = list({lists.identity(item, ""): item for item in original + patch}.values())
        return lists.enforce_order(merged, patch, original, "", False)
    key = lists.merge_key(schema)
    if not key:
        raise PatchError("cannot merge lists without merge key for type struct")
    original, patch = _special_elements(original, patch, key)
    server_order = list(original)
    merged = _merge_elements(original, patch, key, lists.elements(schema), applying)
    return lists.enforce_order(merged, patch, server_order, key, True)


def _special_elements(original: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """Carry out the elements with a $patch directive; what remains of both lists."""
    plain: Items = []
    replace = False
    for item in patch:
        if DIRECTIVE not in item:
            plain.append(item)
            continue
        directive = item[DIRECTIVE]
        if directive == "delete":
            if key not in item:
                raise no_merge_key(item, key)
            gone = lists.identity(item, key)
            original = [other for other in original if key not in other or lists.identity(other, key) != gone]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(f"unknown patch type: {go_text(directive)} in map: {go_text(item)}")
    return (plain, []) if replace else (original, plain)


def _merge_elements(original: Items, patch: Items, key: str, schema: Any, applying: bool) -> Items:
    merged = list(original)
    at = lists.positions([item for item in merged if key in item], key)
    if len(at) != len(merged):
        at = {}
        for place, item in enumerate(merged):
            if key in item:
                at.setdefault(lists.identity(item, key), place)
    for item in patch:
        if key not in item:
            raise no_merge_key(item, key)
        identity = lists.identity(item, key)
        if identity in at:
            merged[at[identity]] = merge_map(merged[at[identity]], item, schema, applying)
        else:
            at[identity] = len(merged)
            merged.append(_without_nulls(item) if applying else item)
    return merged
