"""The CEL types of a custom resource's structural schema.

Counterpart of SchemaDeclType in `apiserver/pkg/cel/common/schemas.go`: what no type is declared for, and fields that
are merely preserved, rules do not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minikctl.apimachinery.cel.sizes import with_meta
from minikctl.apimachinery.cel.syntax import KEYWORDS
from minikctl.apimachinery.cel.translate import escape
from minikctl.apimachinery.cel.types import BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, Type, list_of

Node = dict[str, Any]

_PLAIN = {"boolean": BOOL, "number": DOUBLE, "integer": INT}
_FORMATS = {"byte": BYTES, "duration": DURATION, "date": TIMESTAMP, "date-time": TIMESTAMP}


def declared(node: Node, whole: bool = False) -> Type | None:
    """The type of values that follow a node; None for what rules cannot see. `whole`: they are whole objects."""
    if node.get("x-kubernetes-int-or-string"):
        return DYN
    if whole or node.get("x-kubernetes-embedded-resource"):
        node = with_meta(node)
    kind, extra = node.get("type"), node.get("additionalProperties")
    if kind == "array":
        items = declared(node.get("items") or {})
        return list_of(items) if items is not None else None
    if kind == "object" and isinstance(extra, dict):
        values = declared(extra)
        return Type("map", values) if values is not None else None
    if kind == "object":
        return Type("object", fields=Properties(node.get("properties") or {}))
    if kind == "string":
        return _FORMATS.get(node.get("format") or "", STRING)
    return _PLAIN.get(str(kind))


class Properties(Mapping[str, Type]):
    """The types of an object's properties by their names in CEL, worked out when they are asked for.

    Reserved words go unescaped as well.
    """

    def __init__(self, properties: Mapping[str, Node]) -> None:
        self._nodes = {escape(name): node for name, node in properties.items()}
        self._known: dict[str, Type | None] = {}

    def __getitem__(self, name: str) -> Type:
        if name in KEYWORDS:
            name = escape(name)
        if name not in self._known:
            self._known[name] = declared(self._nodes[name])
        found = self._known[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._nodes if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
