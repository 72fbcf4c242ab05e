"""What the schema of a CustomResourceDefinition must be like: structural, and free of what OpenAPI
allows but the API server cannot work with.

Counterparts: apiextensions-apiserver's `pkg/apiserver/schema/validation.go` and
`pkg/apis/apiextensions/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.celcosts import Cardinality, TotalCost
from minikctl.apiserver.validation.crddefaults import validate_defaults
from minikctl.apiserver.validation.crdextensions import validate_list_and_map, validate_rules
from minikctl.apiserver.validation.expressions import schema_rules
from minikctl.apiserver.validation.goregexp import regexp_problem

Node = dict[str, Any]

_TYPES = ["array", "boolean", "integer", "number", "object", "string"]
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_META_FIELDS = ("metadata", "kind", "apiVersion")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_AT_ROOT = {
    "description": "Description",
    "type": "Type",
    "format": "Format",
    "title": "Title",
    "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum",
    "minimum": "Minimum",
    "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength",
    "minLength": "MinLength",
    "pattern": "Pattern",
    "maxItems": "MaxItems",
    "minItems": "MinItems",
    "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf",
    "required": "Required",
    "items": "Items",
    "properties": "Properties",
    "externalDocs": "ExternalDocs",
    "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-validations": "XValidations",
}


def validate_schema(schema: Node, path: str, has_status: bool) -> list[FieldError]:
    """Every complaint about the schema of a version (or of all versions)."""
    errors = _root(schema, path, has_status)
    if schema.get("nullable"):
        errors.append(field.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    structural = sorted(_invariants(schema, "root", path) + _completeness(schema, path), key=str)
    if not structural:
        structural = validate_defaults(schema, path)
    errors += structural
    _openapi(schema, path, errors, _Place())
    if not errors:
        total = TotalCost()
        errors += _rules(schema, path, Cardinality(), total)
        errors += total.problems(path)
    return errors


def _root(schema: Node, path: str, has_status: bool) -> list[FieldError]:
    if not has_status:
        return []
    if schema.get("type") and schema["type"] != "object":
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [field.invalid(f"{path}.type", schema["type"], text)]
    if all(key in _AT_ROOT for key, value in schema.items() if value):
        return []
    allowed = " ".join(_AT_ROOT.values())
    text = f"only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
    return [field.invalid(path, schema, text)]


_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}


def _sub(node: Node, key: str) -> Node | None:
    value = node.get(key)
    return value if isinstance(value, dict) else None


def _invariants(node: Node, level: str, path: str) -> list[FieldError]:
    """The rules of a structural schema, from here down."""
    errors: list[FieldError] = []
    items, additional = _sub(node, "items"), _sub(node, "additionalProperties")
    if node.get("type") == "array" and items is None:
        errors.append(field.required(f"{path}.items", "must be specified"))
    if items is not None:
        errors += _invariants(items, "item", f"{path}.items")
    for name, child in (node.get("properties") or {}).items():
        errors += _invariants(child or {}, "field", f"{path}.properties[{name}]")
    if node.get("additionalProperties") is not None and level == "root":
        errors.append(field.forbidden(f"{path}.additionalProperties", "must not be used at the root"))
    if additional is not None:
        errors += _invariants(additional, "field", f"{path}.additionalProperties")
    errors += _extensions(node, path) + _junctors(node, path, level) + _type(node, level, path)
    return errors + _metadata(node, level, path)


def _extensions(node: Node, path: str) -> list[FieldError]:
    if not node.get("x-kubernetes-int-or-string"):
        return []
    return [
        field.invalid(f"{path}.{key}", True, "must be false if x-kubernetes-int-or-string is true")
        for key in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")
        if node.get(key)
    ]


def _type(node: Node, level: str, path: str) -> list[FieldError]:
    kind, embedded = node.get("type") or "", bool(node.get("x-kubernetes-embedded-resource"))
    loose = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
    errors: list[FieldError] = []
    if embedded and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        errors.append(field.invalid(f"{path}.type", kind, text) if kind else field.required(f"{path}.type", text))
    elif not kind and not loose:
        errors.append(field.required(f"{path}.type", _EMPTY_TYPE[level]))
    if embedded and node.get("additionalProperties") is not None:
        text = "must not be used if x-kubernetes-embedded-resource is set"
        errors.append(field.forbidden(f"{path}.additionalProperties", text))
    if level == "root" and kind and kind != "object":
        errors.append(field.invalid(f"{path}.type", kind, "must be object at the root"))
    if embedded and not node.get("x-kubernetes-preserve-unknown-fields") and not node.get("properties"):
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        errors.append(field.required(f"{path}.properties", text))
    return errors


def _metadata(node: Node, level: str, path: str) -> list[FieldError]:
    """The fields every object has may be restricted in few ways only."""
    if level != "root" and not node.get("x-kubernetes-embedded-resource"):
        return []
    properties = node.get("properties") or {}
    errors: list[FieldError] = []
    for name, kind in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        child = properties.get(name)
        if child is not None and (child.get("type") or "") != kind:
            at = f"{path}.properties[{name}].type"
            errors.append(field.invalid(at, child.get("type") or "", f"must be {kind}"))
    meta = properties.get("metadata")
    if meta is not None and level == "root":
        names = set(meta.get("properties") or ())
        other = {key for key, value in meta.items() if value} - {"type", "default", "properties"}
        if other or (names and not names <= {"name", "generateName"}):
            text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            errors.append(field.forbidden(f"{path}.properties[metadata]", text))
    return errors


def _junctors(node: Node, path: str, level: str) -> list[FieldError]:
    """Under anyOf, allOf, oneOf and not only values may be restricted, no structure told."""
    errors: list[FieldError] = []
    if node.get("anyOf") != _INT_OR_STRING:
        for index, child in enumerate(node.get("anyOf") or ()):
            errors += _nested(child or {}, f"{path}.anyOf[{index}]", level)
    for index, child in enumerate(node.get("allOf") or ()):
        errors += _nested(child or {}, f"{path}.allOf[{index}]", level)
    for index, child in enumerate(node.get("oneOf") or ()):
        errors += _nested(child or {}, f"{path}.oneOf[{index}]", level)
    negated = _sub(node, "not")
    if negated is not None:
        errors += _nested(negated, f"{path}.not", level)
    pattern = node.get("pattern") or ""
    problem = regexp_problem(pattern) if pattern else ""
    if problem:
        text = f"must be a valid regular expression, but isn't: {problem}"
        errors.append(field.invalid(f"{path}.pattern", pattern, text))
    return errors


_FORBIDDEN = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)


def _nested(node: Node, path: str, level: str) -> list[FieldError]:
    errors = _junctors(node, path, level)
    items = _sub(node, "items")
    if items is not None:
        errors += _nested(items, f"{path}.items", level)
    for name, child in (node.get("properties") or {}).items():
        errors += _nested(child or {}, f"{path}.properties[{name}]", "field")
    errors += [field.forbidden(f"{path}.{key}", text) for key, text in _FORBIDDEN if node.get(key)]
    if "metadata" in (node.get("properties") or {}):
        errors.append(field.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))
    return errors


def _completeness(node: Node, path: str) -> list[FieldError]:
    """Every field that a junctor speaks of must be told outside of it as well."""
    errors: list[FieldError] = []
    for key in ("anyOf", "allOf", "oneOf"):
        for index, child in enumerate(node.get(key) or ()):
            errors += _told(child or {}, node, f"{path}.{key}[{index}]", path)
    negated = _sub(node, "not")
    if negated is not None:
        errors += _told(negated, node, f"{path}.not", path)
    items = _sub(node, "items")
    if items is not None:
        errors += _completeness(items, f"{path}.items")
    for name, child in (node.get("properties") or {}).items():
        errors += _completeness(child or {}, f"{path}.properties[{name}]")
    return errors


def _told(nested: Node, outside: Node, nested_path: str, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, child in (nested.get("properties") or {}).items():
        at = f"{path}.properties[{name}]"
        known = (outside.get("properties") or {}).get(name)
        if known is None:
            text = f"because it is defined in {nested_path}.properties[{name}]"
            errors.append(field.required(at, text))
        else:
            errors += _told(child or {}, known, f"{nested_path}.properties[{name}]", at)
    items = _sub(nested, "items")
    if items is not None:
        known = _sub(outside, "items")
        if known is None:
            errors.append(field.required(f"{path}.items", f"because it is defined in {nested_path}.items"))
        else:
            errors += _told(items, known, f"{nested_path}.items", f"{path}.items")
    for key in ("anyOf", "allOf", "oneOf"):
        for index, child in enumerate(nested.get(key) or ()):
            errors += _told(child or {}, outside, f"{nested_path}.{key}[{index}]", path)
    return errors


class _Place:
    """Where in an object a node applies, as far as rules depend on it."""

    __slots__ = ("in_meta", "no_defaults", "root")

    def __init__(self, root: bool = True, in_meta: bool = False, no_defaults: str = "") -> None:
        self.root = root
        self.in_meta = in_meta
        self.no_defaults = no_defaults


def _openapi(node: Node, path: str, errors: list[FieldError], place: _Place) -> None:
    """What OpenAPI allows and the API server does not, from here down."""
    errors += _plain(node, path, place)
    below = _Place(False, place.in_meta, place.no_defaults)
    additional = node.get("additionalProperties")
    if additional is not None:
        if node.get("properties") and additional is not True:
            text = "additionalProperties and properties are mutual exclusive"
            errors.append(field.forbidden(f"{path}.additionalProperties", text))
        if isinstance(additional, dict):
            reason = "inside additionalProperties applying to object metadata" if place.in_meta else place.no_defaults
            _openapi(additional, f"{path}.additionalProperties", errors, _Place(False, place.in_meta, reason))
    for name, child in (node.get("properties") or {}).items():
        inner = below
        if (place.root or node.get("x-kubernetes-embedded-resource")) and name in _META_FIELDS:
            inner = _Place(False, True, f"in top-level {name}" if place.root else place.no_defaults)
        _openapi(child or {}, f"{path}.properties[{name}]", errors, inner)
    if isinstance(node.get("not"), dict):
        _openapi(node["not"], f"{path}.not", errors, below)
    for key in ("allOf", "oneOf", "anyOf"):
        for index, child in enumerate(node.get(key) or ()):
            _openapi(child or {}, f"{path}.{key}[{index}]", errors, below)
    if isinstance(node.get("items"), dict):
        _openapi(node["items"], f"{path}.items", errors, below)
    if node.get("x-kubernetes-preserve-unknown-fields") is False:
        at = f"{path}.x-kubernetes-preserve-unknown-fields"
        errors.append(field.invalid(at, False, "must be true or undefined"))
    errors += validate_list_and_map(node, path)
    errors += validate_rules(node, path)


def _plain(node: Node, path: str, place: _Place) -> list[FieldError]:
    errors: list[FieldError] = []
    kind = node.get("type") or ""
    if kind and kind not in _TYPES:
        errors.append(field.not_supported(f"{path}.type", kind, _TYPES))
    if node.get("default") is not None and place.no_defaults:
        errors.append(field.forbidden(f"{path}.default", f"must not be set {place.no_defaults}"))
    errors += [field.forbidden(f"{path}.{key}", f"{key} is not supported") for key in _UNSUPPORTED if node.get(key)]
    if kind == "null":
        text = "type cannot be set to null, use nullable as an alternative"
        errors.append(field.forbidden(f"{path}.type", text))
    if isinstance(node.get("items"), list):
        errors.append(field.forbidden(f"{path}.items", "items must be a schema object and not an array"))
    if place.in_meta and node.get("x-kubernetes-embedded-resource"):
        at = f"{path}.x-kubernetes-embedded-resource"
        errors.append(field.forbidden(at, "must not be used inside of resource meta"))
    if node.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(field.forbidden(f"{path}.uniqueItems", text))
    return errors


def _rules(node: Node, path: str, often: Cardinality, total: TotalCost) -> list[FieldError]:
    """The CEL rules of a schema that is sound otherwise; those of children come first."""
    errors: list[FieldError] = []
    below = often.below(node)
    for key in ("additionalProperties", "items"):
        child = _sub(node, key)
        if child is not None:
            errors += _rules(child, f"{path}.{key}", below, total)
    for name, child in (node.get("properties") or {}).items():
        errors += _rules(child or {}, f"{path}.properties[{name}]", below, total)
    return errors + (schema_rules(node, path, often.of(node), total) if node.get("x-kubernetes-validations") else [])
