"""The types of CEL values: what the checker reasons with and what its reports name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema


class Type(NamedTuple):
    """A kind ("int", "list", "object", "dyn", ...), with what it holds or the schema it follows.

    `item` is what lists, maps, optionals and types are of; a map's keys are strings where `key` is None.
    """

    kind: str
    item: Type | None = None
    schema: Schema | None = None
    fields: Mapping[str, Type] | None = None
    key: Type | None = None

    def __str__(self) -> str:
        if self.kind == "map":
            return f"map({self.key or STRING}, {self.item or DYN})"
        if self.kind in ("list", "optional_type") or (self.kind == "type" and self.item is not None):
            return f"{self.kind}({self.item or DYN})"
        return _SHORT.get(self.kind, self.kind)

    @property
    def declared(self) -> str:
        """The name by which a policy's wrong result is told."""
        if self.kind in ("list", "map", "optional_type") and self.item is not None:
            inside = f"{(self.key or STRING).declared}, " if self.kind == "map" else ""
            return f"{self.kind}({inside}{self.item.declared})"
        return _DECLARED.get(self.kind, str(self))


Scope = Mapping[str, Type]

_SHORT = {"null_type": "null", "error": "!error!"}
_DECLARED = {
    "null_type": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
}

DYN, BOOL, INT, STRING = Type("dyn"), Type("bool"), Type("int"), Type("string")
# Any message: all it is not is something to loop over.
ANY = Type("any")
# What fits whatever is asked for: unknown types, and those of expressions that are wrong already.
LOOSE = frozenset({"dyn", "any", "error"})
DOUBLE, UINT, BYTES, NULL = Type("double"), Type("uint"), Type("bytes"), Type("null_type")
TIMESTAMP, DURATION, STRINGS = Type("timestamp"), Type("duration"), Type("list", Type("string"))

# Types that are called by names with dots.
WELL_KNOWN = {
    "google.protobuf.Duration": DURATION,
    "google.protobuf.Timestamp": TIMESTAMP,
    "net.CIDR": Type("net.CIDR"),
    "net.IP": Type("net.IP"),
}

# Names in a scope that allow what only some expressions may use: `cel.bind`, `Object{...}`.
BINDINGS, OBJECTS = "@bindings", "@objects"


def list_of(item: Type) -> Type:
    return Type("list", item)


def optional_of(item: Type) -> Type:
    return Type("optional_type", item)


def of_schema(schema: Schema | None) -> Type:
    """The CEL type of values that follow an OpenAPI schema."""
    if schema is None or schema.int_or_string or schema.preserve_unknown:
        return DYN
    kind = schema.type
    if kind == "object":
        if schema.properties:
            return Type("object", schema=schema)
        return Type("map", of_schema(schema.additional)) if schema.additional is not None else DYN
    if kind == "array":
        return Type("list", of_schema(schema.items))
    if kind == "string":
        by_format = {"date-time": TIMESTAMP, "date": TIMESTAMP, "duration": DURATION, "byte": BYTES}
        return by_format.get(schema.format or "", STRING)
    return {"integer": INT, "number": DOUBLE, "boolean": BOOL}.get(kind or "", DYN)
