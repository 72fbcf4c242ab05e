"""/openapi/v3 (the index and one document per group version) and /openapi/v2, made from schemas/ and from CRDs.

Clients find kinds in them (`components.schemas`) and ask what a kind's PATCH accepts (`paths`). The
documents list the operations in brief. Counterparts: kube-openapi's `handler3`, apiextensions' OpenAPI controller.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from minikctl import KUBERNETES_VERSION
from minikctl.apimachinery import descriptions, openapi
from minikctl.apimachinery.resources import Resource, ResourceSet

Document = dict[str, Any]

_PREFIX = "#/components/schemas/"
_META = ("APIResourceList", "DeleteOptions", "Patch", "Status", "WatchEvent")
_ACTIONS = {"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
_NOT_IN_SWAGGER = frozenset({"allOf", "anyOf", "not", "nullable", "oneOf"})
_OTHERS = (".well-known/openid-configuration/", "logs", "openid/v1/jwks/", "version")


def index(resources: ResourceSet, crds: Iterable[Document] = ()) -> Document:
    """/openapi/v3: which documents there are. The hash in a link changes with the document."""
    paths = ["api", "api/v1", "apis", *_OTHERS]
    for group, versions in resources.groups().items():
        if group:
            builtin = openapi.read(openapi.file_of(f"{group}/{versions[0]}")) is not None
            paths += [f"apis/{group}"] * builtin + [f"apis/{group}/{version}" for version in versions]
    known = list(crds)
    links = {path: f"/openapi/v3/{path}?hash={document_hash(path, known)}" for path in sorted(paths)}
    return {"paths": {path: {"serverRelativeURL": link} for path, link in links.items()}}


def document_hash(path: str, crds: Iterable[Document] = ()) -> str:
    """The hash of /openapi/v3/PATH, told without making it: by the version, and by what defines custom kinds."""
    from hashlib import sha512

    text = f"{KUBERNETES_VERSION} {path}"
    group = path.split("/")[1] if path.startswith("apis/") and "/" in path else ""
    for crd in crds:
        if crd["spec"]["group"] == group:
            text += json.dumps(crd["spec"], sort_keys=True)
    return sha512(text.encode("utf-8", "surrogatepass")).hexdigest().upper()


def swagger(resources: ResourceSet, crds: Iterable[Document] = ()) -> Document:
    """/openapi/v2: every definition and path in one Swagger 2.0 document."""
    known = list(crds)
    definitions: Document = {}
    paths: Document = {}
    for group, versions in resources.groups().items():
        for version in versions:
            found = document(resources, f"apis/{group}/{version}" if group else f"api/{version}", known, old=True)
            if found is not None:
                definitions.update(found["components"]["schemas"])
                paths.update(found["paths"])
    for operations in paths.values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                parameter.update(parameter.pop("schema"))
            operation["responses"] = {"200": {"description": "OK"}, "401": {"description": "Unauthorized"}}
    info = {"title": "Kubernetes", "version": KUBERNETES_VERSION}
    named = {name: _swagger(schema) for name, schema in sorted(definitions.items())}
    return {"swagger": "2.0", "info": info, "paths": dict(sorted(paths.items())), "definitions": named}


def _swagger(schema: Document) -> Document:
    """A schema as Swagger writes it: its references, without what 2.0 does not know."""
    link = schema.get("$ref")
    if link is not None:
        return {"$ref": link.replace(_PREFIX, "#/definitions/")}
    result: Document = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _swagger(field) for name, field in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            result[key] = _swagger(value)
        elif key == "allOf" and len(value) == 1:  # a reference that is described
            result.update(_swagger(value[0]))
        elif key not in _NOT_IN_SWAGGER:
            result[key] = value
    if "$ref" in result:
        return {key: result[key] for key in ("description", "$ref") if key in result}
    return result


def document(resources: ResourceSet, path: str, crds: Iterable[Document] = (), *, old: bool = False) -> Document | None:
    """/openapi/v3/PATH: the document of a group version ("api/v1", "apis/apps/v1"), None where there is none.

    `old`: custom kinds as the document of /openapi/v2 tells them.
    """
    parts = path.strip("/").split("/")
    group, version = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
    if parts[0] == "apis" and len(parts) == 3:
        group, version = parts[1], parts[2]
    rows = [row for row in resources.all_resources() if (row.group, row.version) == (group, version)]
    if not rows:
        return None
    if rows[0].custom:
        schemas = _custom_schemas(rows, crds, old)
    else:
        schemas = _builtin_schemas(openapi.file_of(rows[0].api_version))
    paths: Document = {}
    for row in rows:
        paths.update(_paths(row))
    info = {"title": "Kubernetes", "version": KUBERNETES_VERSION}
    if rows[0].custom:
        info = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _builtin_schemas(file: str) -> Document:
    """Every definition of a group version, and what they lead to."""
    content = openapi.read(file)
    own = [(file, name) for name in content["$defs"]] if content else []
    if file == "core_v1":
        own += [("pod", name) for name in (openapi.read("pod") or {})["$defs"]]
    return _closure(own + [("meta", name) for name in _META])


def _closure(todo: list[tuple[str, str]]) -> Document:
    schemas: Document = {}
    while todo:
        home, name = todo.pop()
        full = _full_name(home, name)
        if full not in schemas:
            found = openapi.definition(home, name)
            assert found is not None
            schemas[full] = _describe(_expand(found.raw, home, todo), home, name)
    return dict(sorted(schemas.items()))


def _describe(schema: Document, file: str, name: str) -> Document:
    """The schema with what is said of it and of its fields."""
    text, fields = descriptions.described(file, name)
    properties = schema.get("properties", {})
    for field, prose in fields.items():
        shown = properties[field]
        if "$ref" in shown:
            shown = {"allOf": [shown]}
        properties[field] = {"description": prose, **shown}
    return {"description": text, **schema} if text else schema


def _full_name(file: str, name: str) -> str:
    found = openapi.definition(file, name)
    assert found is not None
    return f"{found.package}.{name}"


def _expand(raw: Document, file: str, todo: list[tuple[str, str]]) -> Document:
    """A compact schema as OpenAPI writes it; the definitions it refers to are noted."""
    result: Document = {}
    for key, value in raw.items():
        if key == "$ref":
            there, _, name = value.partition("#/$defs/")
            there = there.removesuffix(".json") or file
            todo.append((there, name))
            link = {"$ref": _PREFIX + _full_name(there, name)}
            result.update(link if len(raw) == 1 else {"allOf": [link]})
        elif key == "properties":
            result[key] = {name: _expand(field, file, todo) for name, field in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            result[key] = _expand(value, file, todo)
        elif not key.startswith("x-go-") and key != "x-package":
            result[key] = value
    return result


def _custom_schemas(rows: list[Resource], crds: Iterable[Document], old: bool) -> Document:
    """The schemas of custom kinds and of their lists, with the metadata of every object."""
    schemas = _closure([("meta", name) for name in (*_META, "ObjectMeta", "ListMeta")])
    for crd in crds:
        for row in rows:
            if f"{crd['spec']['names']['plural']}.{crd['spec']['group']}" == row.key:
                schema, version = _custom_version(crd, row.version, old)
                fields = _selectable(version)
                if schema:
                    properties = {**schema.get("properties", {}), **_common("ConfigMap", "ObjectMeta")}
                    schema = {**schema, "properties": properties}
                schemas[_custom_name(row, row.kind)] = {**(schema or {"type": "object"}), **_gvk_list(row), **fields}
                listed = _custom_list(row, crd["spec"]["names"]["listKind"])
                schemas[_custom_name(row, crd["spec"]["names"]["listKind"])] = {**listed, **fields}
    return dict(sorted(schemas.items()))


def _common(kind: str, metadata: str) -> Document:
    """The fields every object has, or every list, as they are described in a built-in one of that kind."""
    _, texts = descriptions.described("core_v1", kind)
    found: Document = {field: {"description": texts[field], "type": "string"} for field in ("apiVersion", "kind")}
    return {**found, "metadata": _reference(texts["metadata"], metadata)}


def _reference(text: str, name: str) -> Document:
    return {"description": text, "allOf": [{"$ref": f"{_PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.{name}"}]}


def _custom_list(row: Resource, kind: str) -> Document:
    more = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
    items = {
        "description": f"List of {row.plural}. {more}",
        "type": "array",
        "items": {"$ref": _PREFIX + _custom_name(row, row.kind)},
    }
    return {
        "description": f"{kind} is a list of {row.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {**_common("ConfigMapList", "ListMeta"), "items": items},
        "x-kubernetes-group-version-kind": [{**_gvk(row), "kind": kind}],
    }


def _selectable(version: Document) -> Document:
    paths = [item["jsonPath"].removeprefix(".") for item in version.get("selectableFields") or ()]
    return {"x-kubernetes-selectable-fields": [{"fieldPath": path} for path in paths]} if paths else {}


def _custom_name(row: Resource, kind: str) -> str:
    """com.example.sky.v1.Telescope of group sky.example.com."""
    return ".".join([*reversed(row.group.split(".")), row.version, kind])


def _custom_version(crd: Document, name: str, old: bool) -> tuple[Document, Document]:
    """The schema of a version as it is published (empty where it has none), and the version."""
    version = next(known for known in crd["spec"]["versions"] if known["name"] == name)
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return _published(openapi.for_swagger(schema) if old else schema, old), version


def _published(schema: Document, old: bool = False) -> Document:
    """A schema with what its extensions mean: the fields of embedded objects, the types of int-or-string."""
    result = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = _published(result[key], old)
    if result.get("properties"):
        fields = {name: _published(field or {}, old) for name, field in result["properties"].items()}
        result["properties"] = fields
    if result.get("x-kubernetes-int-or-string") and not _told_either(result):
        either = [{"type": "integer"}, {"type": "string"}]
        if result.get("anyOf"):
            result["allOf"] = [{"anyOf": either}, *(result.get("allOf") or ())]
        else:
            result["anyOf"] = either
    untold = old and result.get("x-kubernetes-preserve-unknown-fields")
    if result.get("x-kubernetes-embedded-resource") and not untold:
        fields = openapi.embedded_fields(result)
        fields["metadata"] = _reference(fields["metadata"]["description"], "ObjectMeta")
        result["properties"] = {**(result.get("properties") or {}), **fields}
        result["required"] = openapi.embedded_required(result)
    return result


def _told_either(schema: Document) -> bool:
    either = [{"type": "integer"}, {"type": "string"}]
    first = (schema.get("allOf") or [{}])[0]
    return schema.get("anyOf") == either or first.get("anyOf") == either


def _gvk(row: Resource) -> Document:
    return {"group": row.group, "kind": row.kind, "version": row.version}


def _gvk_list(row: Resource) -> Document:
    return {"x-kubernetes-group-version-kind": [_gvk(row)]}


def _paths(row: Resource) -> Document:
    """The operations on a resource: what clients read of them is the kind and the query parameters."""
    root = row.path("{namespace}")
    collection = {
        verb: _operation(row, "list" if verb == "get" else verb)
        for verb, wanted in (("get", "list"), ("post", "create"), ("delete", "deletecollection"))
        if wanted in row.verbs
    }
    single = {
        method: _operation(row, method) for verb, method in _ACTIONS.items() if verb in row.verbs and verb != "create"
    }
    found = {root: collection, f"{root}/{{name}}": single}
    return {path: operations for path, operations in found.items() if operations}


def _operation(row: Resource, action: str) -> Document:
    names = ["pretty"]
    if action in ("post", "put", "patch"):
        names += ["dryRun", "fieldManager", "fieldValidation"]
    if action == "patch":
        names.append("force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names]
    return {"parameters": parameters, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": _gvk(row)}
