"""Defaults and pruning of custom resources, by the schema of their CustomResourceDefinition.

Counterparts: apiextensions-apiserver's `schema/defaulting` and `schema/pruning`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.openapi import Schema

Node = dict[str, Any]


def apply_defaults(value: Any, schema: Schema) -> None:
    """Fill in the defaults of fields that are absent, or null where null is not allowed, in place."""
    if isinstance(value, list):
        items = schema.items
        if items is not None:
            for item in value:
                apply_defaults(item, items)
    elif isinstance(value, dict):
        _default_object(value, schema)


def _default_object(value: Node, schema: Schema) -> None:
    for name, raw in schema._raw_properties.items():
        if "default" in raw and (name not in value or (value[name] is None and not raw.get("nullable"))):
            value[name] = deep_copy(raw["default"])
    additional = schema.additional
    for name in list(value):
        field = schema.prop(name)
        if field is None:
            field = additional
        if field is None or not field.custom:
            continue
        member = value[name]
        if member is None:
            # A cluster shows no null that was applied, not even where the schema says nullable.
            del value[name]
        elif member.__class__ is dict or member.__class__ is list:
            apply_defaults(member, field)


def prune(obj: Node, schema: Schema) -> None:
    """Drop the fields the schema does not know, in place."""
    structural.prune(obj, schema)
