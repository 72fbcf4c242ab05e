"""How large values can be: what a custom resource's schema allows, and what data at hand have.

Counterpart of `apiserver/pkg/cel/common/schemas.go` and `pkg/cel/limits.go`: what a schema does not
bound is bounded by what fits into one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

REQUEST_BYTES = 3 * 1024 * 1024
_TEXTS = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
_LEAST = {"boolean": 4, "integer": 1, "number": 1}
_NAMES = {"type": "object", "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}}}
_ROOT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _NAMES}

Node = dict[str, Any]


class SchemaSizes:
    """Sizes of `self` and `oldSelf` by the schema they follow. `root`: it is that of a whole object."""

    unknown = 2**64 - 1

    def __init__(self, schema: Node, root: bool) -> None:
        self._schema = with_meta(schema) if root or schema.get("x-kubernetes-embedded-resource") else schema

    def of(self, path: tuple[str, ...]) -> int | None:
        """As in Sizes. Whatever a path begins with, names of types included, is taken for `self`, as upstream does."""
        node: Node | None = self._schema
        for name in path[1:]:
            if name == "@keys":
                return 0
            node = _below(node or {}, name)
            if node is None or least_bytes(node) is None:
                return None
        return most_elements(node or {})


def with_meta(schema: Node) -> Node:
    """The schema with what every object has, unless it says all of that itself."""
    said = schema.get("properties") or {}
    named = (said.get("metadata") or {}).get("properties") or {}
    texts = (said.get("kind"), said.get("apiVersion"), named.get("name"), named.get("generateName"))
    if all((node or {}).get("type") == "string" for node in texts) and said["metadata"].get("type") == "object":
        return schema
    return {**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}}


def _below(node: Node, name: str) -> Node | None:
    if name in ("@items", "@values"):
        found = node.get("items") if node.get("type") == "array" else node.get("additionalProperties")
    else:
        found = (node.get("properties") or {}).get(name)
    if not isinstance(found, dict):
        return None
    return with_meta(found) if found.get("x-kubernetes-embedded-resource") else found


def least_bytes(node: Node) -> int | None:
    """The fewest bytes a value can take in a request; None for what rules cannot see."""
    if node.get("x-kubernetes-int-or-string"):
        return 1
    kind = node.get("type")
    if kind == "array":
        items = node.get("items")
        return 2 if isinstance(items, dict) and least_bytes(items) is not None else None
    if kind == "object":
        extra = node.get("additionalProperties")
        if extra:
            return 2 if isinstance(extra, dict) and least_bytes(extra) is not None else None
        return 2 + sum(
            len(name.encode()) + least + 4
            for name, child in (node.get("properties") or {}).items()
            if name in (node.get("required") or ()) and child.get("default") is None
            if (least := least_bytes(child)) is not None
        )
    if kind == "string":
        return _TEXTS.get(node.get("format") or "", (2, 0))[0]
    return _LEAST.get(str(kind))


def most_elements(node: Node) -> int:
    """The most elements, properties or bytes a value can have."""
    kind = node.get("type")
    if kind == "array":
        limit = node.get("maxItems")
        return _natural(limit) if limit is not None else (REQUEST_BYTES - 2) // ((least_bytes(node["items"]) or 0) + 1)
    if kind == "object":
        extra = node.get("additionalProperties")
        if not isinstance(extra, dict):
            return 0
        limit = node.get("maxProperties")
        return _natural(limit) if limit is not None else (REQUEST_BYTES - 2) // ((least_bytes(extra) or 0) + 6)
    if kind != "string" and not node.get("x-kubernetes-int-or-string"):
        return 0
    return _most_text(node)


def _most_text(node: Node) -> int:
    format_, limit = node.get("format") or "", node.get("maxLength")
    if format_ in _TEXTS and not node.get("x-kubernetes-int-or-string"):
        return _TEXTS[format_][1]
    if limit is not None:
        # The limit is one of characters, and one may take four bytes.
        return _natural(limit) * (1 if format_ == "byte" else 4)
    names = [len(str(value).encode()) for value in node.get("enum") or () if isinstance(value, str)]
    return max(names) if names and format_ != "byte" else REQUEST_BYTES - 2


def _natural(value: Any) -> int:
    return max(0, int(value))


def most_occurrences(node: Node) -> int:
    """How many values of a schema fit into one request (where nothing else bounds them)."""
    return REQUEST_BYTES // ((least_bytes(node) or 0) + 1)


class _Limits(NamedTuple):
    """The most elements of a value in a device, of its keys, and what is below. `named`: items may be selected."""

    most: int
    keys: int = 0
    items: _Limits | None = None
    fields: Mapping[str, _Limits] = MappingProxyType({})
    named: bool = False


# Attributes and capacities stand in maps by their names, those in maps by domain.
_ATTRIBUTES = _Limits(32, 63, _Limits(32, 32, _Limits(64), named=True))
_CAPACITY = _Limits(32, 63, _Limits(32, 32, _Limits(0)))
_DEVICE = _Limits(
    0,
    fields={
        "driver": _Limits(63),
        "allowMultipleAllocations": _Limits(1),
        "attributes": _ATTRIBUTES,
        "capacity": _CAPACITY,
    },
)


class DeviceSizes:
    """Sizes of `device` in selectors of resource.k8s.io, by the limits on slices."""

    unknown = 2**64 - 1

    def of(self, path: tuple[str, ...]) -> int | None:
        """As in Sizes."""
        node: _Limits | None = _DEVICE if path[0] == "device" else None
        for name in path[1:]:
            if node is None:
                return None
            if name in ("@items", "@values"):
                node = node.items
            elif name == "@keys":
                node = _Limits(node.keys) if node.items is not None else None
            else:
                node = node.fields.get(name) or (node.items if node.named else None)
        return node.most if node is not None else None


class ValueSizes:
    """Sizes of variables that are there: of all elements at a path, that of the largest."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._largest: int | None = None
        self._known: dict[tuple[str, ...], int | None] = {}

    @property
    def unknown(self) -> int:
        """What an expression makes is taken to be no larger than the largest of the values it is made of."""
        if self._largest is None:
            self._largest = max((_largest(value) for value in self._variables.values()), default=1)
        return self._largest

    def of(self, path: tuple[str, ...]) -> int | None:
        """As in Sizes."""
        if path not in self._known:
            found = self._values(path)
            sizes = [len(value) for value in found if isinstance(value, str | bytes | list | dict)]
            self._known[path] = max(sizes, default=1) if path[0] in self._variables else None
        return self._known[path]

    def _values(self, path: tuple[str, ...]) -> list[Any]:
        values = [self._variables.get(path[0])]
        for name in path[1:]:
            if name == "@keys":
                values = [key for value in values if isinstance(value, dict) for key in value]
            elif name in ("@items", "@values"):
                values = [item for value in values for item in _items(value)]
            else:
                values = [value[name] for value in values if isinstance(value, dict) and name in value]
        return values


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _largest(value: Any) -> int:
    if isinstance(value, dict | list):
        below = value.values() if isinstance(value, dict) else value
        return max([len(value), 1, *(_largest(item) for item in below)])
    return max(1, len(value)) if isinstance(value, str | bytes) else 1
