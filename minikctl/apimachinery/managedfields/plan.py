"""What field ownership needs of a schema node, looked up once: how values merge, and list keys.

The rules are those of kube-openapi's conversion for structured-merge-diff: structs and maps are
granular unless marked atomic, lists are atomic unless marked map or set, and what has no schema is
judged by its value (maps granular, lists atomic).
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any


class Plan:
    """One node.

    `atomic`: a map owned as a whole. `keys`: the keys of an associative list, () for a set, None for
    an atomic list. `zero`: what reads as there when the field is absent from an existing Go struct
    ({} for a struct, [] for a list, "" or 0), None where absence is visible. `declared`: a struct's
    field rather than the key of a map.
    """

    __slots__ = (
        "_children",
        "_defaults",
        "_prefix",
        "additional",
        "atomic",
        "declared",
        "element",
        "keys",
        "schema",
        "typed",
        "zero",
    )

    def __init__(self, schema: Any, typed: bool, zero: Any = None, declared: bool = False) -> None:
        self.schema = schema
        self.typed = typed
        self.zero = zero
        self.declared = declared
        self._children: dict[str, Plan] = {}
        self.atomic = schema is not None and schema.map_type == "atomic"
        self.keys: tuple[str, ...] | None = None
        self.additional: Plan | None = None
        self.element: Plan = self
        self._prefix = ""
        self._defaults: dict[str, Any] = {}
        if schema is None:
            return
        if schema.items is not None:
            self._take_list(schema)
        if schema.additional is not None:
            self.additional = Plan(schema.additional, typed)

    @property
    def open(self) -> bool:
        """Whether any field is accepted."""
        return self.schema is None or bool(self.schema.preserve_unknown) or _is_bare(self.schema)

    def _take_list(self, schema: Any) -> None:
        self.element = Plan(schema.items, self.typed)
        if schema.list_type == "set":
            self.keys = ()
        elif schema.list_type == "map" and schema.list_map_keys:
            self.keys = tuple(sorted(schema.list_map_keys))
            for key in self.keys:
                node = schema.items.prop(key)
                self._defaults[key] = node.default if node is not None else None
            if len(self.keys) == 1:
                self._prefix = f"k:{{{encode_basestring(self.keys[0])}:"

    def child(self, name: str) -> Plan:
        """The plan of a field or a map's value."""
        found = self._children.get(name)
        if found is None:
            found = self._make_child(name)
            if found.declared:
                self._children[name] = found
        return found

    def _make_child(self, name: str) -> Plan:
        node = self.schema.prop(name) if self.schema is not None else None
        if node is None:
            return self.additional or UNKNOWN
        return Plan(node, self.typed, self._zero(name, node), True)

    def _zero(self, name: str, node: Any) -> Any:
        """A Go field without pointer or omitempty is there even when the JSON lacks it."""
        if not self.typed:
            return None
        default = node.default
        if default in ({}, "", 0):
            return default
        if node.items is not None and name in (self.schema.required or ()):
            return []
        return None

    def item_key(self, item: Any) -> str:
        """The path element of an element of an associative list or set; ListKeyError where it has none."""
        if not self.keys:
            return "v:" + _encode(_scalar_item(item))
        if item.__class__ is not dict:
            what = "null" if item is None else "non-map"
            raise ListKeyError(f"associative list with keys may not have {what} elements")
        if self._prefix:
            value = item.get(self.keys[0])
            if value.__class__ is str:
                return f"{self._prefix}{encode_basestring(value)}}}"
        parts = []
        for key in self.keys:
            value = item.get(key)
            if value is None or value is NULL:
                value = self._defaults[key]
                if value is None:
                    raise ListKeyError(
                        f'associative list with keys has an element that omits key field "{key}"'
                        " (and doesn't have default value)"
                    )
            parts.append(f"{encode_basestring(key)}:{_encode(value)}")
        return f"k:{{{','.join(parts)}}}"


class _Null:
    """Stands for a null that is applied, which is a value like others; everywhere else null is nothing."""


NULL = _Null()


class ListKeyError(ValueError):
    """An element of an associative list that cannot be told from others; the message is upstream's."""


def _is_bare(schema: Any) -> bool:
    """Neither fields nor values nor elements are declared, and it is no scalar: anything goes."""
    if schema.type not in ("", "object") or schema.items is not None or schema.additional is not None:
        return False
    return not schema.properties and not (schema.type == "" and schema.int_or_string)


def _scalar_item(item: Any) -> Any:
    if item is None:
        raise ListKeyError("associative list without keys has an element that's an explicit null")
    if item.__class__ is dict:
        raise ListKeyError("associative list without keys has an element that's a map type")
    if item.__class__ is list:
        raise ListKeyError("not supported: associative list with lists as elements")
    return item


def _encode(value: Any) -> str:
    if value.__class__ is str:
        return encode_basestring(value)
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is int:
        return str(value)
    import json

    return json.dumps(value, separators=(",", ":"), sort_keys=True)


UNKNOWN = Plan(None, False)


@lru_cache(maxsize=512)
def plan_for(schema: Any) -> Plan:
    """The plan of a kind's root schema (None: nothing is known of it)."""
    if schema is None:
        return UNKNOWN
    return Plan(schema, not schema.custom)
