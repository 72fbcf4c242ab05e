"""Parts of CustomResourceDefinitions as errors print them: the structs of the internal version, whole.

Counterpart: apiextensions-apiserver's `pkg/apis/apiextensions/types.go` and `types_jsonschema.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.field import Struct

Node = dict[str, Any]


def version_struct(version: Node, shared: frozenset[str]) -> Struct:
    """A version of the list; what all versions share (`shared`, keys of a version) is no part of it."""
    own = {key: value for key, value in version.items() if key not in shared}
    schema, subresources = own.get("schema"), own.get("subresources")
    return Struct(
        Name=version.get("name") or "",
        Served=bool(version.get("served")),
        Storage=bool(version.get("storage")),
        Deprecated=bool(version.get("deprecated")),
        DeprecationWarning=version.get("deprecationWarning"),
        Schema=None if schema is None else Struct(OpenAPIV3Schema=_optional(schema.get("openAPIV3Schema"))),
        Subresources=None if subresources is None else _subresources(subresources),
        AdditionalPrinterColumns=_all(_column, own.get("additionalPrinterColumns")),
        SelectableFields=_all(lambda item: Struct(JSONPath=item.get("jsonPath") or ""), own.get("selectableFields")),
    )


def _all(struct: Callable[[Node], Struct], items: list[Node] | None) -> list[Struct] | None:
    return [struct(item or {}) for item in items] if items else None


def _subresources(subresources: Node) -> Struct:
    scale = subresources.get("scale")
    if scale is not None:
        scale = Struct(
            SpecReplicasPath=scale.get("specReplicasPath") or "",
            StatusReplicasPath=scale.get("statusReplicasPath") or "",
            LabelSelectorPath=scale.get("labelSelectorPath"),
        )
    return Struct(Status=None if subresources.get("status") is None else Struct(), Scale=scale)


def _column(column: Node) -> Struct:
    texts = {name: column.get(name.lower()) or "" for name in ("Name", "Type", "Format", "Description")}
    return Struct(**texts, Priority=column.get("priority") or 0, JSONPath=column.get("jsonPath") or "")


def rule_struct(rule: Node) -> Struct:
    """A rule of x-kubernetes-validations."""
    return Struct(
        Rule=rule.get("rule") or "",
        Message=rule.get("message") or "",
        MessageExpression=rule.get("messageExpression") or "",
        Reason=rule.get("reason"),
        FieldPath=rule.get("fieldPath") or "",
        OptionalOldSelf=rule.get("optionalOldSelf"),
    )


def schema_struct(schema: Node) -> Struct:
    """JSONSchemaProps: every field, also those that are not set."""
    return Struct({name: read(schema.get(key)) for name, key, read in _FIELDS})


def _optional(schema: Node | None) -> Struct | None:
    return None if schema is None else schema_struct(schema)


def _text(value: Any) -> Any:
    return value or ""


def _flag(value: Any) -> bool:
    return bool(value)


def _as_is(value: Any) -> Any:
    return value


def _list(schemas: list[Node] | None) -> list[Struct] | None:
    return None if schemas is None else [schema_struct(schema or {}) for schema in schemas]


def _map(schemas: dict[str, Node] | None) -> dict[str, Struct] | None:
    return None if schemas is None else {name: schema_struct(schema or {}) for name, schema in schemas.items()}


def _or_list(value: Any) -> Struct | None:
    if value is None:
        return None
    listed = isinstance(value, list)
    return Struct(Schema=None if listed else _optional(value), JSONSchemas=_list(value) if listed else None)


def _or_bool(value: Any) -> Struct | None:
    if value is None:
        return None
    return Struct(Allows=value is not False, Schema=_optional(value) if isinstance(value, dict) else None)


def _dependencies(value: dict[str, Any] | None) -> dict[str, Struct] | None:
    if value is None:
        return None
    return {
        name: Struct(
            Schema=_optional(item) if isinstance(item, dict) else None,
            Property=item if isinstance(item, list) else None,
        )
        for name, item in value.items()
    }


def _docs(value: Node | None) -> Struct | None:
    return None if value is None else Struct(Description=value.get("description") or "", URL=value.get("url") or "")


def _rules(rules: list[Node] | None) -> list[Struct] | None:
    return None if rules is None else [rule_struct(rule or {}) for rule in rules]


# (name in Go, key in JSON, how it is read), in the order of the struct.
_FIELDS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("ID", "id", _text),
    ("Schema", "$schema", _text),
    ("Ref", "$ref", _as_is),
    ("Description", "description", _text),
    ("Type", "type", _text),
    ("Nullable", "nullable", _flag),
    ("Format", "format", _text),
    ("Title", "title", _text),
    ("Default", "default", _as_is),
    ("Maximum", "maximum", _as_is),
    ("ExclusiveMaximum", "exclusiveMaximum", _flag),
    ("Minimum", "minimum", _as_is),
    ("ExclusiveMinimum", "exclusiveMinimum", _flag),
    ("MaxLength", "maxLength", _as_is),
    ("MinLength", "minLength", _as_is),
    ("Pattern", "pattern", _text),
    ("MaxItems", "maxItems", _as_is),
    ("MinItems", "minItems", _as_is),
    ("UniqueItems", "uniqueItems", _flag),
    ("MultipleOf", "multipleOf", _as_is),
    ("Enum", "enum", _as_is),
    ("MaxProperties", "maxProperties", _as_is),
    ("MinProperties", "minProperties", _as_is),
    ("Required", "required", _as_is),
    ("Items", "items", _or_list),
    ("AllOf", "allOf", _list),
    ("OneOf", "oneOf", _list),
    ("AnyOf", "anyOf", _list),
    ("Not", "not", _optional),
    ("Properties", "properties", _map),
    ("AdditionalProperties", "additionalProperties", _or_bool),
    ("PatternProperties", "patternProperties", _map),
    ("Dependencies", "dependencies", _dependencies),
    ("AdditionalItems", "additionalItems", _or_bool),
    ("Definitions", "definitions", _map),
    ("ExternalDocs", "externalDocs", _docs),
    ("Example", "example", _as_is),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", _as_is),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", _flag),
    ("XIntOrString", "x-kubernetes-int-or-string", _flag),
    ("XListMapKeys", "x-kubernetes-list-map-keys", _as_is),
    ("XListType", "x-kubernetes-list-type", _as_is),
    ("XMapType", "x-kubernetes-map-type", _as_is),
    ("XValidations", "x-kubernetes-validations", _rules),
)
