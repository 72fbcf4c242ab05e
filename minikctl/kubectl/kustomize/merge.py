"""Merging a strategic patch into an object as kustomize does it, which is not quite the apiserver's way.

Patch elements come first in merged lists, lists of unknown kinds are replaced, `key:` without a value vanishes.
Upstream counterpart: kyaml's `merge2` on `walk`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikctl.apimachinery.openapi import Schema, schema_for
from minikctl.kubectl.kustomize.nodes import Quoted, is_null, text
from minikctl.kubectl.kustomize.problem import KustomizeError

_DIRECTIVE = "$patch"


class _Absent:
    """No field at all."""

    __slots__ = ()


ABSENT = _Absent()


def merge(patch: Any, target: Any) -> Any:
    """The target with the patch merged in, in place where possible; None when the patch deletes it."""
    result = _walk(target, patch, _schema(target, patch))
    return None if result is ABSENT else result


def _schema(*sources: Any) -> Schema | None:
    for source in sources:
        if isinstance(source, dict) and source.get("kind") and source.get("apiVersion"):
            found = schema_for(text(source["apiVersion"]), text(source["kind"]))
            if found is not None:
                return found
    return None


def _missing(value: Any) -> bool:
    return value is ABSENT or is_null(value)


def _walk(target: Any, patch: Any, schema: Schema | None) -> Any:
    first = patch if _missing(target) else target
    if _missing(first):
        # Nothing new and an explicit null: it stays. Everything else goes.
        return None if patch is ABSENT and target is None else ABSENT
    if isinstance(first, dict):
        _check(dict, "MappingNode", target, patch)
        return _mapping(target, patch, schema)
    if isinstance(first, list):
        _check(list, "SequenceNode", target, patch)
        if schema is not None and "merge" in schema.patch_strategy.split(","):
            return _associative(target, patch, schema)
        return target if patch is ABSENT else _or_absent(patch)
    for value in (target, patch):
        if isinstance(value, dict | list):
            raise KustomizeError(_wrong_kind("ScalarNode", value))
    return target if patch is ABSENT else _or_absent(patch)


def _or_absent(value: Any) -> Any:
    return ABSENT if is_null(value) else value


def _check(kind: type, name: str, *values: Any) -> None:
    for value in values:
        if not _missing(value) and not isinstance(value, kind):
            raise KustomizeError(_wrong_kind(name, value))


def _wrong_kind(expected: str, value: Any) -> str:
    from minikctl.kubectl.kustomize.nodes import plain
    from minikctl.printers import yamlout

    found = "MappingNode" if isinstance(value, dict) else "SequenceNode" if isinstance(value, list) else "ScalarNode"
    return f"wrong node kind: expected {expected} but got {found}: node contents:\n{yamlout.dump(plain(value))}"


def _mapping(target: Any, patch: Any, schema: Schema | None) -> Any:
    if _missing(target):
        if _directive(patch) == "delete":
            return ABSENT
        target = patch
    elif not _missing(patch):
        directive = _directive(patch)
        if directive == "delete":
            return ABSENT
        if directive == "replace":
            target = patch
    elif patch is not ABSENT:
        return ABSENT
    source = patch if isinstance(patch, dict) else {}
    for key in sorted({*target, *source}):
        value = _walk(target.get(key, ABSENT), source.get(key, ABSENT), schema.child(key) if schema else None)
        if value is ABSENT:
            target.pop(key, None)
        elif isinstance(target.get(key), Quoted) and isinstance(value, int | float):
            target[key] = Quoted(text(value))
        else:
            target[key] = value
    return target


def _directive(patch: Any) -> str:
    """Take the `$patch` of a mapping or the `- $patch` of a list."""
    if isinstance(patch, dict):
        if _DIRECTIVE not in patch:
            return ""
        found = text(patch.pop(_DIRECTIVE))
    else:
        index = next((at for at, item in enumerate(patch) if isinstance(item, dict) and _DIRECTIVE in item), -1)
        if index < 0:
            return ""
        found = text(patch[index][_DIRECTIVE])
        if found == "delete" and len(patch[index]) > 1:
            return ""
        if found == "replace" and len(patch[index]) > 1:
            return ""
        del patch[index]
    if found not in ("delete", "replace", "merge"):
        raise KustomizeError(f"unknown patch strategy '{found}'")
    return found


def _associative(target: Any, patch: Any, schema: Schema) -> Any:
    if _missing(target):
        target = patch
    elif not _missing(patch):
        directive = _directive(patch)
        if directive == "delete":
            return ABSENT
        if directive == "replace":
            target = patch
    elif patch is not ABSENT:
        return ABSENT
    source = patch if isinstance(patch, list) else []
    keys = schema.list_map_keys or ([schema.patch_merge_key] if schema.patch_merge_key else [""])
    return _keyed(target, source, keys, schema.items)


def _keyed(target: list[Any], source: list[Any], keys: Sequence[str], schema: Schema | None) -> list[Any]:
    """Merge the elements of the same key; those of the patch come first."""
    found = [values for item in (*source, *target) if (values := _values(item, keys))]
    wanted = _united(list(dict.fromkeys(found)))
    used = [at for at in range(len(keys)) if any(values[at] for values in wanted)] or list(range(len(keys)))
    names = [keys[at] for at in used]
    target, result = list(target), list[Any]()
    for values in wanted:
        own = [values[at] for at in used]
        merged = _walk(_find(target, names, own), _find(source, names, own), schema)
        if merged is ABSENT or is_null(merged) or merged == {}:
            _set(target, None, names, own)
            continue
        for name, value in zip(names, own, strict=True):
            if name and value:
                merged.setdefault(name, value)
        _set(result, merged, names, own)
    if wanted:
        _append(result, target, names)
    return result


def _values(item: Any, keys: Sequence[str]) -> tuple[str, ...]:
    """An element's key; empty text where a part is missing."""
    if keys == [""]:
        return () if isinstance(item, dict | list) else (text(item),)
    if not isinstance(item, dict):
        return ()
    return tuple(text(item[key]) if key in item else "" for key in keys)


def _united(wanted: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Keys that differ only in parts one of them lacks are the same key."""
    if wanted and len(wanted[0]) < 2:
        return wanted
    for i in range(len(wanted)):
        for j, other in enumerate(wanted):
            pairs = list(zip(wanted[i], other, strict=True))
            if any(a == b for a, b in pairs) and all(a == b or not a or not b for a, b in pairs):
                wanted[i] = wanted[j] = tuple(a or b for a, b in pairs)
    return wanted


def _is(item: Any, key: str, value: str | None) -> bool:
    """Whether an element has this key value; None and "" ask only for the key."""
    if not key:
        return not isinstance(item, dict | list) and text(item) == (value or "")
    return isinstance(item, dict) and key in item and (not value or text(item[key]) == value)


def _find(items: list[Any], keys: Sequence[str], values: Sequence[str]) -> Any:
    pairs = [(key, value) for key, value in zip(keys, values, strict=True) if value]
    pairs = pairs or list(zip(keys, values, strict=True))
    for item in items:
        if all(_is(item, key, value) and (value or not key or item[key] == "") for key, value in pairs):
            return item
    return ABSENT


def _set(items: list[Any], new: Any, keys: Sequence[str], values: Sequence[str]) -> None:
    """Put an element in the place of those with its key, or at the end; None takes them away.

    A key without a value counts as found where the one before it was: so it is upstream.
    """
    kept: list[Any] = []
    placed = False
    for item in items:
        if is_null(item) or item == {}:
            continue
        if keys[0] and values and values[0] and not isinstance(item, dict):
            kept.append(item)
            continue
        found = bool(values) and all(_is(item, key, values[at]) for at, key in enumerate(keys) if at < len(values))
        if not found:
            if values:
                kept.append(item)
            continue
        placed = True
        if new is not None:
            kept.append(new)
    if new is not None and not placed:
        kept.append(new)
    items[:] = kept


def _append(result: list[Any], target: list[Any], keys: Sequence[str]) -> None:
    """Put the elements the target had behind the merged ones, or in the place of themselves."""
    for item in target:
        if not keys[0]:
            _set(result, item, [""], [text(item)])
            continue
        values = []
        for key in keys:
            if isinstance(item, dict) and key in item and not is_null(item[key]):
                values.append(text(item[key]))
            else:
                result.append(item)
        if len(keys) > 1:
            _set(result, None, keys, values)
        _set(result, item, keys, values)
