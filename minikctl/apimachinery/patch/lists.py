"""Merge lists: what strategic patches need to know of their fields, and how their elements are ordered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.field import quote
from minikctl.apimachinery.patch.error import PatchError, bad_type, go_text, no_merge_key

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_LIST = "$deleteFromPrimitiveList"
SET_ORDER = "$setElementOrder"

BAD_ORDER = "invalid patch format of setElementOrder list"
BAD_PRIMITIVES = "invalid patch format of primitive list"
BAD_RETAIN_KEYS = "invalid patch format of retainKeys"

Items = list[Any]


def child(schema: Any, key: str) -> Any:
    """The schema of a member: a declared property, or what the map's values are. None if unknown."""
    if schema is None:
        return None
    found = schema.prop(key)
    return schema.additional if found is None else found


def declared(schema: Any, key: str) -> Any:
    """The schema of a member that a directive is about; PatchError where its struct has no such field."""
    found = child(schema, key)
    name = getattr(schema, "name", "")
    if found is None and name:
        raise PatchError(f"unable to find api field in struct {name} for the json field {quote(key)}")
    return found


def elements(schema: Any) -> Any:
    """The schema of a list's elements."""
    return schema.items if schema is not None else None


def strategy(schema: Any) -> tuple[bool, str]:
    """(retainKeys?, strategy: "merge", "replace" or "")."""
    text = (schema.patch_strategy if schema is not None else None) or ""
    if "retainKeys" not in text:
        return False, text
    return True, text.replace("retainKeys", "").strip(",")


def merge_key(schema: Any) -> str:
    return (schema.patch_merge_key if schema is not None else None) or ""


def original_key(directive: str, prefix: str) -> str:
    """The field a parallel list belongs to."""
    start, slash, key = directive.partition("/")
    if start != prefix or not slash:
        raise PatchError(BAD_PRIMITIVES if prefix == DELETE_LIST else BAD_ORDER, 400)
    return key


def are_maps(*lists: Items) -> bool:
    """Whether the lists hold maps; PatchError where their elements are of several types or lists."""
    classes = {item.__class__ for items in lists for item in items}
    if list in classes:
        raise PatchError("lists of lists are not supported", 422)
    if len(classes) > 1:
        raise PatchError(f"list element types are not identical: {go_text([list(items) for items in lists])}")
    return dict in classes


def identity(item: Any, key: str) -> tuple[type, Any]:
    """What makes an element of a merge list that element: its merge key's value, or itself."""
    if item.__class__ is dict and key:
        item = item.get(key)
    return item.__class__, item if item.__hash__ is not None else go_text(item)


def positions(order: Iterable[Any], key: str) -> dict[tuple[type, Any], int]:
    """Where each element stands first."""
    found: dict[tuple[type, Any], int] = {}
    for at, item in enumerate(order):
        found.setdefault(identity(item, key), at)
    return found


def require_key(key: str, *lists: Items) -> None:
    for items in lists:
        for item in items:
            if item.__class__ is not dict:
                raise bad_type("map[string]interface {}", item)
            if key not in item:
                raise no_merge_key(item, key)


def is_deletion(item: Any) -> bool:
    return item.__class__ is dict and item.get(DIRECTIVE) == "delete"


def sort_by(items: Items, order: Items, key: str, maps: bool) -> Items:
    """The items in the order's order (unknown ones first); deletions last."""
    deletions: Items = []
    if maps:
        require_key(key, items, order)
        deletions = [item for item in items if is_deletion(item)]
        items = [item for item in items if not is_deletion(item)]
    at = positions(order, key)
    return sorted(items, key=lambda item: at.get(identity(item, key), -1)) + deletions


def interleave(server_only: Items, patched: Items, server_order: Items, key: str) -> Items:
    """Both lists merged: each keeps its own order, and where both know the live order, that one rules."""
    at = positions(server_order, key)
    merged: Items = []
    i = j = 0
    while i < len(server_only) and j < len(patched):
        left = at.get(identity(server_only[i], key), -1)
        right = at.get(identity(patched[j], key), -1)
        if 0 <= left < right:
            merged.append(server_only[i])
            i += 1
        else:
            merged.append(patched[j])
            j += 1
    return merged + server_only[i:] + patched[j:]


def enforce_order(merged: Items, wanted: Items, server_order: Items, key: str, maps: bool) -> Items:
    """A merged list ordered by what the patch wants, then by what the server had."""
    if maps and key:
        require_key(key, merged)
    named = positions(wanted, key)
    patched = [item for item in merged if identity(item, key) in named]
    server_only = [item for item in merged if identity(item, key) not in named]
    patched = sort_by(patched, wanted, key, maps)
    server_only = sort_by(server_only, server_order, key, maps)
    return interleave(server_only, patched, server_order, key)
