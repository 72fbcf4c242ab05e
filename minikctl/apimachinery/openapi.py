"""Schemas of the served kinds: the only reader of schemas/, and of CustomResourceDefinitions' schemas.

A `Schema` is a node of the tree that explain, strict decoding, patches and field ownership walk.
Files are read and nodes made when they are first asked for, and kept.
"""

from __future__ import annotations

import json
import os.path
import sys
from functools import cache
from typing import Any

_ANY = frozenset(("RawExtension", "FieldsV1", "JSON"))
_EMBEDDED = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": "meta.json#/$defs/ObjectMeta"},
}
_MORE = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
# What is said of them in an object within a custom object.
_EMBEDDED_TEXTS = {
    "apiVersion": f"apiVersion defines the versioned schema of this representation of an object. {_MORE}#resources",
    "kind": f"kind is a string value representing the type of this object. In CamelCase. {_MORE}#types-kinds",
    "metadata": f"Standard object's metadata. {_MORE}#metadata",
}


def embedded_fields(raw: dict[str, Any]) -> dict[str, Any]:
    """The fields that every object has, as the schema of an embedded one shows them beside its own."""
    own = raw.get("properties") or {}
    return {
        name: {**({} if name == "metadata" else own.get(name) or {}), **common, "description": _EMBEDDED_TEXTS[name]}
        for name, common in _EMBEDDED.items()
    }


def embedded_required(raw: dict[str, Any]) -> list[str]:
    """The fields that an embedded object must have."""
    named = raw.get("required") or []
    return [*named, *(name for name in ("kind", "apiVersion") if name not in named)]


class Schema:
    """One node: what a value may be. `name` is the definition's name ("PodSpec"), "" for an inline node.

    `source` is the file a built-in node comes from, "" for nodes of a CustomResourceDefinition.
    A field that refers to a definition shows the definition's properties and its own markers.
    """

    __slots__ = (
        "_additional", "_items", "_properties", "_raw_properties", "additional_raw", "base", "checker", "custom",
        "default", "embedded", "enum", "format", "go_type", "int_or_string", "items_raw", "list_map_keys", "list_type",
        "map_type", "name", "nullable", "package", "patch_merge_key", "patch_strategy", "pointer", "preserve_unknown",
        "raw", "required", "source", "type",
    )  # fmt: skip

    def __init__(self, raw: dict[str, Any], source: str = "", name: str = "", package: str = "") -> None:
        get = raw.get
        ref = get("$ref")
        base = _resolve(ref, source) if ref else None
        self.raw = raw
        self.source = source
        self.base = base
        self.custom = not source
        self.default: Any = get("default")
        self.pointer: bool = get("x-go-pointer", False)
        self.list_type: str = get("x-kubernetes-list-type", "")
        self.list_map_keys: list[str] = get("x-kubernetes-list-map-keys", [])
        self.patch_strategy: str = get("x-kubernetes-patch-strategy", "")
        self.patch_merge_key: str = get("x-kubernetes-patch-merge-key", "")
        self.map_type: str = get("x-kubernetes-map-type", "")
        self.nullable: bool = get("nullable", False)
        self.enum: list[Any] | None = get("enum")
        self.checker: Any = None
        self._properties: dict[str, Schema] | None = None
        self._items: Schema | None = None
        self._additional: Schema | None = None
        if base is not None:
            self._take(base, get("x-go-type", ""))
            return
        self.name = name
        self.package = package
        self.type: str = get("type", "")
        self.format: str = get("format", "")
        self.go_type: str = get("x-go-type") or (f"{package.rpartition('.')[2]}.{name}" if name else "")
        self.required: list[str] = get("required", [])
        self.int_or_string: bool = get("x-kubernetes-int-or-string", False) or self.format == "int-or-string"
        self.preserve_unknown: bool = get("x-kubernetes-preserve-unknown-fields", False) or name in _ANY
        self.embedded: bool = get("x-kubernetes-embedded-resource", False)
        self._raw_properties: dict[str, Any] = get("properties") or {}
        if self.embedded and self.custom and self.type:  # for_swagger leaves out the types of those that keep all
            self._raw_properties = {**self._raw_properties, **embedded_fields(raw)}
            self.required = embedded_required(raw)
        self.items_raw = get("items")
        self.additional_raw = get("additionalProperties")

    def _take(self, base: Schema, go_type: str) -> None:
        """Show what the definition says where the reference to it says nothing."""
        self.name = base.name
        self.package = base.package
        self.type = base.type
        self.format = base.format
        self.go_type = go_type or base.go_type
        self.required = base.required
        self.int_or_string = base.int_or_string
        self.preserve_unknown = base.preserve_unknown
        self.embedded = base.embedded
        self.source = base.source
        self._raw_properties = base._raw_properties
        self.items_raw = base.items_raw
        self.additional_raw = base.additional_raw
        self.map_type = self.map_type or base.map_type
        self.enum = self.enum or base.enum

    @property
    def properties(self) -> dict[str, Schema]:
        """All fields of a struct, in the order of their names for built-in kinds."""
        for name in self._raw_properties:
            self.prop(name)
        made = self._made()
        return {name: made[name] for name in self._raw_properties}

    def _made(self) -> dict[str, Schema]:
        owner = self.base or self
        if owner._properties is None:
            owner._properties = {}
        return owner._properties

    def is_common(self, name: str) -> bool:
        """Whether a field of a custom object is one of those that every object has."""
        return name in _EMBEDDED and self._raw_properties.get(name) is _EMBEDDED[name]

    def prop(self, name: str) -> Schema | None:
        """The field of that name, or None."""
        made = self._made()
        found = made.get(name)
        if found is None:
            raw = self._raw_properties.get(name)
            if raw is None:
                return None
            source = "meta" if "$ref" in raw and self.custom else self.source
            found = made[name] = Schema(raw, source)
        return found

    @property
    def items(self) -> Schema | None:
        """What a list holds."""
        if self._items is None and isinstance(self.items_raw, dict):
            self._items = Schema(self.items_raw, self.source)
        return self._items

    @property
    def additional(self) -> Schema | None:
        """What a map holds under any key."""
        if self._additional is None and self.additional_raw:
            raw = self.additional_raw
            self._additional = Schema({} if raw is True else raw, self.source)
        return self._additional

    def child(self, name: str) -> Schema | None:
        """What stands under a key: the field of that name, else the map's values."""
        return self.prop(name) or self.additional

    def type_name(self) -> str:
        """The type as explain prints it: PodSpec, []Container, map[string]string, integer, Object."""
        if self.items is not None:
            return f"[]{self.items.type_name()}"
        if self.additional is not None:
            return f"map[string]{self.additional.type_name()}"
        if self.name:
            return self.name
        return "Object" if self.type == "object" or not self.type else self.type

    def at(self, path: list[str]) -> Schema | None:
        """The node under a path of field names, looking through lists and maps."""
        node: Schema | None = self
        for name in path:
            while node is not None and not node._raw_properties and (node.items or node.additional):
                node = node.items or node.additional
            node = node.prop(name) if node else None
        return node

    def __repr__(self) -> str:
        return f"Schema({self.type_name()})"


@cache
def folder() -> str:
    """Where the schemas are: beside the package in a checkout, else in share/ of the installation."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    home = os.path.dirname(package)
    candidates = [os.path.join(home, "schemas")]
    share = os.path.join("share", "minikctl", "schemas")
    candidates += [os.path.join(prefix, share) for prefix in (sys.prefix, os.path.join(home, "..", "..", ".."))]
    for candidate in candidates:
        if os.path.isfile(os.path.join(candidate, "meta.json")):
            return candidate
    raise FileNotFoundError(f"no schemas found in {', '.join(candidates)}")


@cache
def _files() -> frozenset[str]:
    return frozenset(name.removesuffix(".json") for name in os.listdir(folder()) if name.endswith(".json"))


def read(file: str) -> dict[str, Any] | None:
    """The content of one schema file ("apps_v1"), None when there is none."""
    return _content(file) if file in _files() else None


@cache
def _content(file: str) -> dict[str, Any]:
    with open(os.path.join(folder(), file + ".json"), "rb") as stream:
        content: dict[str, Any] = json.loads(stream.read())
    return content


def knows(api_version: str, kind: str) -> bool:
    """Whether a kind is built in, whatever those who ask have written: nothing is kept of what is not."""
    content = read(file_of(api_version))
    return content is not None and kind in content["$defs"] and schema_for(api_version, kind) is not None


@cache
def definition(file: str, name: str) -> Schema | None:
    """A definition by file and name: ("pod", "PodSpec"), ("meta", "ObjectMeta")."""
    content = read(file)
    raw = content["$defs"].get(name) if content else None
    if content is None or raw is None:
        return None
    return Schema(raw, file, name, raw.get("x-package") or content["x-package"])


def _resolve(ref: str, source: str) -> Schema:
    file, _, name = ref.partition("#/$defs/")
    found = definition(file.removesuffix(".json") or source, name)
    if found is None:
        raise KeyError(ref)
    return found


def file_of(api_version: str) -> str:
    """The schema file of a built-in group version: "apps/v1" -> "apps_v1", "v1" -> "core_v1"."""
    group, _, version = api_version.rpartition("/")
    package = "apiserverinternal" if group == "internal.apiserver.k8s.io" else group.partition(".")[0]
    return f"{package or 'core'}_{version}"


@cache
def schema_for(api_version: str, kind: str) -> Schema | None:
    """The schema of a built-in kind, also of those that exist only as a subresource (Scale, Eviction)."""
    found = definition(file_of(api_version), kind)
    if found is None:
        return None
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "kind": kind, "version": version}
    return found if wanted in found.raw.get("x-kubernetes-group-version-kind", ()) else None


def for_swagger(schema: dict[str, Any]) -> dict[str, Any]:
    """A custom schema without what kubectl misunderstands in Swagger: what is in values that may be null or anything.

    Counterpart of apiextensions' `openapi/v2` conversion.
    """
    result = dict(schema)
    anything, null = schema.get("x-kubernetes-preserve-unknown-fields"), schema.get("nullable")
    if null or anything:
        result.pop("items", None)
        result.pop("properties", None)
    kind = schema.get("type")
    if null or (kind == "array" and not result.get("items")) or (kind == "object" and anything):
        result.pop("type", None)
    fields, inner = result.get("properties") or {}, result.get("additionalProperties")
    nullable = {name for name, field in fields.items() if (field or {}).get("nullable")}
    required = [name for name in schema.get("required") or () if name not in nullable]
    result.pop("required", None)
    if required and not (isinstance(inner, dict) and inner.get("nullable")):
        result["required"] = required
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = for_swagger(result[key])
    if fields:
        result["properties"] = {name: for_swagger(field or {}) for name, field in fields.items()}
    return result


def from_crd(raw: dict[str, Any]) -> Schema:
    """The schema of a custom resource, from a CustomResourceDefinition's openAPIV3Schema.

    apiVersion, kind and metadata are those of every object, whatever the definition says of them.
    """
    properties = {**(raw.get("properties") or {}), **_EMBEDDED}
    return Schema({**raw, "type": "object", "properties": properties})
