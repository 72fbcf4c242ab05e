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
    """Drop the nulls that a schema neither allows nor has a default for, then fill in defaults, in place."""
    _drop_nulls(value, schema)
    _default(value, schema)


def _field(schema: Schema, name: str) -> Schema | None:
    """The schema of what stands under a key; None where anything may."""
    return schema.prop(name) or (schema.additional if isinstance(schema.additional_raw, dict) else None)


def _forbids_null(schema: Schema | None) -> bool:
    return schema is not None and schema.custom and not schema.nullable


def _drop_nulls(value: Any, schema: Schema | None) -> None:
    """PruneNonNullableNullsWithoutDefaults: what no schema is told of keeps its nulls, and so do lists."""
    if isinstance(value, dict):
        for name in list(value):
            field = _field(schema, name) if schema is not None else None
            if value[name] is None:
                if _forbids_null(field) and field is not None and field.default is None:
                    del value[name]
            elif field is not None and field.custom:
                _drop_nulls(value[name], field)
    elif isinstance(value, list) and schema is not None and schema.items is not None:
        for item in value:
            _drop_nulls(item, schema.items)


def _default(value: Any, schema: Schema) -> None:
    if isinstance(value, list):
        items = schema.items
        if items is not None:
            for at, item in enumerate(value):
                if item is None and not items.nullable:
                    value[at] = deep_copy(items.default)
                _default(value[at], items)
    elif isinstance(value, dict):
        _default_object(value, schema)


def _default_object(value: Node, schema: Schema) -> None:
    for name, raw in schema._raw_properties.items():
        if raw.get("default") is None:
            continue
        if name not in value or (value[name] is None and not raw.get("nullable")):
            value[name] = deep_copy(raw["default"])
    for name, member in value.items():
        field = _field(schema, name)
        if member is None and field is not None and field.default is not None and _forbids_null(field):
            member = value[name] = deep_copy(field.default)
        if field is not None and field.custom and (member.__class__ is dict or member.__class__ is list):
            _default(member, field)


def prune(obj: Node, schema: Schema) -> None:
    """Drop the fields the schema does not know, in place."""
    structural.prune(obj, schema)
