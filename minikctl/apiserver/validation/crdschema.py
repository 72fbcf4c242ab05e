"""What the schema of a CustomResourceDefinition must be like: structural, and free of what OpenAPI
allows but the API server cannot work with.

Counterparts: apiextensions-apiserver's `pkg/apiserver/schema/validation.go` and
`pkg/apis/apiextensions/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.regexpproblems import regexp_problem
from minikctl.apiserver.validation.celcosts import Cardinality, TotalCost
from minikctl.apiserver.validation.crddefaults import validate_defaults
from minikctl.apiserver.validation.crdextensions import validate_list_and_map, validate_rules
from minikctl.apiserver.validation.crdstructs import schema_struct
from minikctl.apiserver.validation.expressions import schema_rules

Node = dict[str, Any]

_TYPES = ["array", "boolean", "integer", "number", "object", "string"]
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_META_FIELDS = ("metadata", "kind", "apiVersion")
_POINTERS = ("additionalProperties", "default", "maxProperties", "minProperties", "not")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_UNREADABLE = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
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
    errors = validate_root(schema, path, has_status)
    if schema.get("nullable"):
        errors.append(field.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    unreadable, structural = unsupported(schema), []
    if not unreadable:
        structural = sorted(_invariants(schema, "root", path) + _completeness(schema, schema, path, path), key=str)
        structural = structural or validate_defaults(schema, path)
    plain: list[FieldError] = []
    _openapi(schema, path, plain, _Place())
    errors += structural + plain
    if unreadable:
        return errors or [field.invalid(path, "", unreadable)]
    if not structural:
        rules = _Rules([error.field for error in plain])
        errors += rules.problems(schema, path, Cardinality(), "")
        errors += rules.total.problems(path)
    return errors


def validate_root(schema: Node, path: str, has_status: bool) -> list[FieldError]:
    """What a status subresource forbids at the root of the schema, from which `status` is taken apart."""
    if not has_status:
        return []
    if schema.get("type") and schema["type"] != "object":
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [field.invalid(f"{path}.type", schema["type"], text)]
    if all(key in _AT_ROOT for key, value in schema.items() if value or (key in _POINTERS and value is not None)):
        return []
    allowed = " ".join(_AT_ROOT.values())
    text = f"only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
    return [field.invalid(path, schema_struct(schema), text)]


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


def _junctors(node: Node, path: str, level: str, either: bool = True, first: bool = True) -> list[FieldError]:
    """Under anyOf, allOf, oneOf and not only values may be restricted, no structure told.

    `either`: an anyOf may say that a value is an integer or a string; `first`: so may that of the first allOf.
    """
    errors: list[FieldError] = []
    if not (either and node.get("anyOf") == _INT_OR_STRING):
        for index, child in enumerate(node.get("anyOf") or ()):
            errors += _nested(child or {}, f"{path}.anyOf[{index}]", level)
    for index, child in enumerate(node.get("allOf") or ()):
        errors += _nested(child or {}, f"{path}.allOf[{index}]", level, first and not index)
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
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def _nested(node: Node, path: str, level: str, either: bool = False) -> list[FieldError]:
    errors = _junctors(node, path, level, either, False)
    items = _sub(node, "items")
    if items is not None:
        errors += _nested(items, f"{path}.items", level)
    for name, child in (node.get("properties") or {}).items():
        errors += _nested(child or {}, f"{path}.properties[{name}]", "field")
    errors += [field.forbidden(f"{path}.{key}", text) for key, text in _FORBIDDEN if node.get(key)]
    text = "must be undefined to be structural"
    if node.get("additionalProperties") not in (None, False):
        errors.append(field.forbidden(f"{path}.additionalProperties", text))
    if node.get("default") is not None:
        errors.append(field.forbidden(f"{path}.default", text))
    if "metadata" in (node.get("properties") or {}):
        errors.append(field.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))
    return errors


def _completeness(node: Node, outside: Node, nested_path: str, path: str) -> list[FieldError]:
    """Every field that a junctor at the root speaks of must be told outside of it as well."""
    errors: list[FieldError] = []
    negated = _sub(node, "not")
    if negated is not None:
        errors += _told(negated, outside, f"{nested_path}.not", path)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(node.get(key) or ()):
            errors += _told(child or {}, outside, f"{nested_path}.{key}[{index}]", path)
    return errors


def _told(nested: Node, outside: Node | None, nested_path: str, path: str) -> list[FieldError]:
    if outside is None:
        return [field.required(path, f"because it is defined in {nested_path}")]
    errors = _completeness(nested, outside, nested_path, path)
    items = _sub(nested, "items")
    if items is not None:
        errors += _told(items, _sub(outside, "items"), f"{nested_path}.items", f"{path}.items")
    known = outside.get("properties") or {}
    for name, child in (nested.get("properties") or {}).items():
        there, here = f"{nested_path}.properties[{name}]", f"{path}.properties[{name}]"
        errors += _told(child or {}, (known[name] or {}) if name in known else None, there, here)
    return errors


def unsupported(node: Node) -> str:
    """Why a schema cannot be read as a structural one, in which case nothing is said of its structure; "" if it can."""
    for key in _UNREADABLE:
        if node.get(key) or (key == "additionalItems" and node.get(key) is not None):
            return f"OpenAPIV3Schema '{key.removeprefix('$') if key == '$schema' else key}' is not supported"
    if isinstance(node.get("items"), list):
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    if node.get("x-kubernetes-preserve-unknown-fields") is False:
        return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    children = [node.get(key) for key in ("not", "additionalProperties", "items")]
    for key in ("allOf", "anyOf", "oneOf"):
        children += node.get(key) or ()
    children += (node.get("properties") or {}).values()
    return next((text for child in children if isinstance(child, dict) and (text := unsupported(child))), "")


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


def _given(node: Node, key: str) -> bool:
    value = node.get(key)
    return value is not None if key in ("additionalItems", "dependencies", "$ref") else bool(value)


def _plain(node: Node, path: str, place: _Place) -> list[FieldError]:
    errors: list[FieldError] = []
    kind = node.get("type") or ""
    if kind and kind not in _TYPES:
        errors.append(field.not_supported(f"{path}.type", kind, _TYPES))
    if node.get("default") is not None and place.no_defaults:
        errors.append(field.forbidden(f"{path}.default", f"must not be set {place.no_defaults}"))
    errors += [field.forbidden(f"{path}.{key}", f"{key} is not supported") for key in _UNSUPPORTED if _given(node, key)]
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


class _Rules:
    """The CEL rules of a structural schema, those of children first.

    Nothing is said of rules where the schema at or below them has other problems (`bad`: their paths).
    """

    def __init__(self, bad: list[str]) -> None:
        self.total = TotalCost()
        self._bad = bad

    def problems(self, node: Node, path: str, often: Cardinality, unmatched: str) -> list[FieldError]:
        """From a node down; `unmatched` is the list above whose items cannot be found again after an update."""
        errors: list[FieldError] = []
        below = often.below(node)
        values = _sub(node, "additionalProperties")
        if values is not None:
            errors += self.problems(values, f"{path}.additionalProperties", below, unmatched)
        for name, child in (node.get("properties") or {}).items():
            errors += self.problems(child or {}, f"{path}.properties[{name}]", below, unmatched)
        items = _sub(node, "items")
        if items is not None:
            lost = unmatched or ("" if node.get("x-kubernetes-list-type") == "map" else path)
            errors += self.problems(items, f"{path}.items", below, lost)
        if node.get("x-kubernetes-validations") and not any(at.startswith(f"{path}.") for at in self._bad):
            errors += schema_rules(node, path, often.of(node), self.total, unmatched)
        return errors
