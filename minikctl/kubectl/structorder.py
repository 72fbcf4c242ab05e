"""The order in which Go shows a typed object: its structs' fields as they are declared, maps by key.

For whatever kubectl holds as Go structs and prints as JSON or KYAML. The order is that of schemas/protobuf.json,
which is read off Go's type information.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import openapi, protobuf
from minikctl.apimachinery.openapi import Schema
from minikctl.apimachinery.request import Obj

_HEAD = ("kind", "apiVersion", "metadata")  # what every kind's struct begins with


def in_struct_order(obj: Obj) -> Obj:
    """The object, or typed list of objects, in the order of its Go type; of an unknown type only its head is."""
    version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    schema = openapi.schema_for(version, kind)
    if schema is not None:
        ordered: Obj = _ordered(obj, schema)
        return ordered
    result = {key: obj[key] for key in _HEAD if key in obj} | obj
    item = openapi.schema_for(version, kind.removesuffix("List"))
    if item is not None and isinstance(obj.get("items"), list):
        metadata = openapi.definition("meta", "ListMeta")
        result["items"] = [_ordered(each, item) for each in obj["items"]]
        if metadata is not None and "metadata" in obj:
            result["metadata"] = _ordered(obj["metadata"], metadata)
    return result


def _ordered(value: Any, schema: Schema | None) -> Any:
    if schema is None:
        return value
    if isinstance(value, list):
        return [_ordered(item, schema.items) for item in value]
    if not isinstance(value, dict):
        return value
    if schema.additional is not None:
        return {key: _ordered(value[key], schema.additional) for key in sorted(value)}
    names = protobuf.field_names(schema.package, schema.name)
    if names is None:
        return value
    head = [key for key in _HEAD if key not in names]
    return {
        key: _ordered(value[key], schema.prop(key)) for key in dict.fromkeys((*head, *names, *value)) if key in value
    }
