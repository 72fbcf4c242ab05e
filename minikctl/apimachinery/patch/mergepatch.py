"""JSON merge patches (RFC 7386): applying, making, and the three-way one of custom resources."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch.error import PatchError, same
from minikctl.apimachinery.patch.malformed import Malformed

Obj = dict[str, Any]


def merge_patch(doc: Any, patch: Any) -> Any:
    """The document with the patch applied."""
    if isinstance(patch, Malformed):
        raise PatchError(f"error decoding patch: {patch.problem}", 400)
    return _merge(deep_copy(doc), deep_copy(patch))


def _merge(doc: Any, patch: Any) -> Any:
    if patch.__class__ is not dict:
        return patch
    if doc.__class__ is not dict:
        return _without_nulls(patch)
    for key, value in patch.items():
        if value is None:
            doc.pop(key, None)
        elif value.__class__ is dict:
            doc[key] = _merge(doc.get(key), value)
        else:
            doc[key] = value
    return doc


def _without_nulls(patch: Obj) -> Obj:
    for key in [key for key, value in patch.items() if value is None]:
        del patch[key]
    for value in patch.values():
        if value.__class__ is dict:
            _without_nulls(value)
    return patch


def diff_merge(original: Obj, modified: Obj) -> Obj:
    """The merge patch that makes `modified` of `original`."""
    patch = {}
    for key, value in modified.items():
        if key not in original:
            patch[key] = value
            continue
        old = original[key]
        if value.__class__ is dict and old.__class__ is dict:
            inner = diff_merge(old, value)
            if inner:
                patch[key] = inner
        elif not same(old, value):
            patch[key] = value
    for key in original:
        if key not in modified:
            patch[key] = None
    return patch


def three_way_merge(original: Obj, modified: Obj, current: Obj) -> Obj:
    """jsonmergepatch.CreateThreeWayJSONMergePatch: what apply sends for custom resources.

    Additions and changes come from current to modified, deletions from original to modified.
    """
    changes = _filtered(diff_merge(current, modified), keep_nulls=False)
    deletions = _filtered(diff_merge(original, modified), keep_nulls=True)
    result: Obj = merge_patch(deletions, changes)
    return result


def _filtered(patch: Obj, keep_nulls: bool) -> Obj:
    """Only the deletions of a patch, or all but them."""
    found: Obj = {}
    for key, value in patch.items():
        if value is None:
            if keep_nulls:
                found[key] = None
        elif value.__class__ is dict:
            inner = _filtered(value, keep_nulls)
            if inner:
                found[key] = inner
        elif not keep_nulls:
            found[key] = value
    return found
