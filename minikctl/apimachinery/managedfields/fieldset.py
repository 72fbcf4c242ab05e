"""Sets of fields in the form they have on the wire (FieldsV1): nested dicts, no path objects.

Keys are path elements: "f:name" a field, 'k:{"name":"x"}' an element of an associative list, 'v:"x"'
an element of a set. A node is a member of the set when it is empty or has the key ".". Sets are never
changed in place, so that entries of several objects may share them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from minikctl.apimachinery.field import quote

Fields = dict[str, Any]


def union(a: Fields, b: Fields) -> Fields:
    """The members of both sets."""
    if a is b or not b:
        return a
    return _union(a, b) if a else b


def _union(a: Fields, b: Fields) -> Fields:
    if not a:
        return b if not b or "." in b else {".": {}, **b}
    if not b:
        return a if "." in a else {".": {}, **a}
    result: Fields | None = None
    for key, node in b.items():
        old = a.get(key)
        if old is None:
            new = node
        else:
            new = {} if key == "." else _union(old, node)
            if new is old or new == old:
                continue
        if result is None:
            result = dict(a)
        result[key] = new
    return a if result is None else result


def difference(a: Fields, b: Fields) -> Fields:
    """The members of `a` that are not in `b`: `a` itself where none is."""
    if not a or not b:
        return a
    return _difference(a, b) or {}


def _difference(a: Fields, b: Fields) -> Fields | None:
    """The node without b's members; None when nothing of it is left."""
    gone = not b or "." in b
    if not a:
        return None if gone else a
    result: Fields | None = None
    for key, node in b.items():
        old = a.get(key)
        if old is None:
            continue
        new = None if key == "." else _difference(old, node)
        if new is old:
            continue
        if result is None:
            result = dict(a)
        if new is None:
            del result[key]
        else:
            result[key] = new
    if gone and not b and "." in a:
        result = {key: node for key, node in a.items() if key != "."}
    if result is None:
        return a
    if "." in result and len(result) == 1:
        return {}
    return result or None


def intersection(a: Fields, b: Fields) -> Fields:
    """The members of both."""
    if not a or not b:
        return {}
    return _intersection(a, b) or {}


def _intersection(a: Fields, b: Fields) -> Fields | None:
    member = (not a or "." in a) and (not b or "." in b)
    result: Fields = {".": {}} if member else {}
    for key, node in a.items():
        other = b.get(key)
        if other is not None and key != ".":
            both = _intersection(node, other)
            if both is not None:
                result[key] = both
    if member:
        return result if len(result) > 1 else {}
    return result or None


def without(fields: Fields, prefixes: Fields) -> Fields:
    """The set less everything at and below the given members (RecursiveDifference)."""
    result = fields
    for key, node in prefixes.items():
        old = fields.get(key)
        if old is None:
            continue
        new = without(old, node) if node else None
        if new is old:
            continue
        if result is fields:
            result = dict(fields)
        if new:
            result[key] = new
        else:
            del result[key]
    return result


def is_member(fields: Fields, key: str) -> bool:
    """Whether the child itself (not only something below it) is in the set."""
    node = fields.get(key)
    return node is not None and (not node or "." in node)


def is_well_formed(fields: Any) -> bool:
    """Whether something that a client sent is a set of fields in its wire form."""
    if not isinstance(fields, dict):
        return False
    return all(
        (key == "." and node == {}) or (_is_element(key) and is_well_formed(node)) for key, node in fields.items()
    )


def _is_element(key: str) -> bool:
    kind, text = key[:2], key[2:]
    if kind == "f:":
        return True
    if kind not in ("k:", "v:", "i:"):
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return kind == "v:" or isinstance(value, dict if kind == "k:" else int)


def from_paths(paths: tuple[str, ...]) -> Fields:
    """The set of dotted paths ("status", "metadata.labels")."""
    fields: Fields = {}
    for path in paths:
        node = fields
        for name in path.split("."):
            node = node.setdefault("f:" + name, {})
    return fields


def paths(fields: Fields, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member as its path elements: a level's own members first, each level sorted, as upstream iterates."""
    keys = sorted((key for key in fields if key != "."), key=_order)
    for key in keys:
        if is_member(fields, key):
            yield (*prefix, key)
    for key in keys:
        yield from paths(fields[key], (*prefix, key))


def _order(key: str) -> tuple[int, str]:
    return "fkvi".index(key[0]), key[2:]


def has(fields: Fields, path: tuple[str, ...]) -> bool:
    for key in path[:-1]:
        node = fields.get(key)
        if node is None:
            return False
        fields = node
    return is_member(fields, path[-1])


def element_text(key: str) -> str:
    """A path element as messages write it: .name, [name="x"], [="x"], [0]."""
    kind, rest = key[0], key[2:]
    if kind == "f":
        return "." + rest
    if kind == "i":
        return f"[{rest}]"
    value = json.loads(rest)
    if kind == "v":
        return f"[={_value_text(value)}]"
    return "[" + ",".join(f"{name}={_value_text(value[name])}" for name in sorted(value)) + "]"


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    return json.dumps(value)


def path_text(path: tuple[str, ...]) -> str:
    return "".join(element_text(key) for key in path)
