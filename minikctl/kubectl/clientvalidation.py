"""Validation of manifests before anything is sent (--validate).

Servers validate fields themselves, so that kubectl only looks whether a document says what it is. Lists are
no kinds that a server takes: their items kubectl still checks itself, with the types of the OpenAPI document.
Upstream counterpart: kubectl's `pkg/validation` and `pkg/util/openapi/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.openapi import Schema
from minikctl.kubectl import strategy
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote
from minikctl.kubectl.kindschema import schema_of

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "map"}
_ACCEPTED = {"boolean": ("boolean",), "integer": ("integer", "number"), "number": ("integer", "number")}
_LISTS = ("v1", "List")


def problem(factory: Factory, value: Any, directive: str) -> str:
    """What is wrong with a document, "" where nothing is; `directive` is Strict or Warn."""
    problems = [] if isinstance(value, dict) else ["invalid object to validate"]
    problems = problems or _type_problems(value)
    if not problems and value["kind"].endswith("List"):
        if directive == "Warn":
            unsupported = "cannot perform warn validation if server-side field validation is unsupported"
            strategy.klog_warning(factory, f"{unsupported}, skipping validation", "schema.go:145")
        else:
            problems = _list_problems(factory, value)
    return errors.aggregate(problems)


def check(factory: Factory, source: str, value: Any, directive: str) -> None:
    """Refuse (KubectlError) a document of a file."""
    why = problem(factory, value, directive)
    if why:
        raise KubectlError(
            f"error validating {quote(source)}: error validating data: {why}; if you choose to ignore these errors, "
            "turn validation off with --validate=false"
        )


def _type_problems(value: dict[str, Any]) -> list[str]:
    texts = []
    for key in ("apiVersion", "kind"):
        if not value.get(key):
            texts.append(f"{key} not set")
        elif not isinstance(value[key], str):
            texts.append(f"{key} isn't string type")
    return texts


def _list_problems(factory: Factory, value: dict[str, Any]) -> list[str]:
    if (value["apiVersion"], value["kind"]) != _LISTS:
        return list(_typed_list_problems(factory, value))
    items = value.get("items")
    if not isinstance(items, list):
        return ["invalid object to validate"]
    found: list[str] = []
    for item in items:
        if not isinstance(item, dict):
            found.append("invalid object to validate")
            continue
        problems = _type_problems(item)
        if not problems:
            known = _schema(factory, item["apiVersion"], item["kind"])
            if known is not None:
                problems = list(_check(item, known[0], item["kind"], known[1]))
        found += problems
    return found


def _typed_list_problems(factory: Factory, value: dict[str, Any]) -> Iterator[str]:
    """Of a PodList and the like: what is wrong with its items."""
    kind = value["kind"]
    known = _schema(factory, value["apiVersion"], kind.removesuffix("List"))
    if known is None:
        return
    items = value.get("items")
    if not isinstance(items, list):
        return
    for index, item in enumerate(items):
        yield from _item(item, known[0], f"{kind}.items[{index}]", known[1])


def _schema(factory: Factory, api_version: str, kind: str) -> tuple[Schema, str] | None:
    """The schema of a kind, and its name in the OpenAPI document."""
    row = factory.resources.by_kind(api_version, kind)
    schema = schema_of(factory, row) if row is not None else None
    if row is None or schema is None:
        return None
    if schema.custom:
        return schema, ".".join([*reversed(row.group.split(".")), row.version, kind])
    return schema, _owner(schema, "")


def _owner(schema: Schema, owner: str) -> str:
    """What messages call a node: its definition, or its place in the one around it."""
    return f"{schema.package}.{schema.name}" if schema.name else owner


def _item(value: Any, schema: Schema, path: str, owner: str) -> Iterator[str]:
    """What is wrong with an item of a list or map: it may not be null."""
    if value is None:
        yield f'unknown object type "nil" in {path}'
    else:
        yield from _check(value, schema, path, owner)


def _check(value: Any, schema: Schema, path: str, owner: str) -> Iterator[str]:
    """What is wrong with a value, in the order of its keys."""
    owner = _owner(schema, owner)
    expected = _shape(schema)
    found = _KINDS[value.__class__]
    if expected == "any" or (expected == "string" and found not in ("map", "array")):
        return
    wanted = "map" if expected == "struct" else expected
    if found not in _ACCEPTED.get(wanted, (wanted,)):
        yield f'ValidationError({path}): invalid type for {owner}: got "{found}", expected "{wanted}"'
    elif expected == "struct":
        yield from _check_struct(value, schema, path, owner)
    elif expected == "array" and schema.items is not None:
        for index, item in enumerate(value):
            yield from _item(item, schema.items, f"{path}[{index}]", owner)
    elif expected == "map" and schema.additional is not None:
        for key in sorted(value):
            yield from _item(value[key], schema.additional, f"{path}.{key}", owner)


def _check_struct(value: dict[str, Any], schema: Schema, path: str, owner: str) -> Iterator[str]:
    for key in sorted(value):
        if value[key] is None:
            continue
        field = schema.prop(key)
        if field is None:
            yield f"ValidationError({path}): unknown field {quote(key)} in {owner}"
        else:
            yield from _check(value[key], field, f"{path}.{key}", f"{owner}.{key}")
    for key in schema.required:
        if value.get(key) is None:
            yield f"ValidationError({path}): missing required field {quote(key)} in {owner}"


def _shape(schema: Schema) -> str:
    """The form of a node: struct, map, array, any, or the name of a primitive type."""
    if schema.preserve_unknown:
        return "any"
    if schema.properties:
        return "struct"
    if schema.items is not None:
        return "array"
    if schema.additional is not None:
        return "map"
    if schema.type == "object" or (schema.custom and not schema.type):
        return "any"
    return schema.type if schema.type in _ACCEPTED else "string"
