from __future__ import annotations

import copy
from typing import Any

from minikctl.apimachinery.resources import ResourceSet, builtin, from_crd
from minikctl.apiserver import openapidocs

CRD: dict[str, Any] = {
    "spec": {
        "group": "sky.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Telescope", "listKind": "TelescopeList", "plural": "telescopes"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
            }
        ],
    }
}


def test_the_index_names_every_group_version() -> None:
    paths = openapidocs.index(ResourceSet(from_crd(CRD)))["paths"]
    assert {"api", "api/v1", "apis", "apis/apps", "apis/apps/v1", "apis/autoscaling/v2"} <= set(paths)
    assert "apis/sky.example.com/v1" in paths
    assert paths["api/v1"]["serverRelativeURL"].startswith("/openapi/v3/api/v1?hash=")


def test_a_built_in_document() -> None:
    found = openapidocs.document(builtin(), "apis/apps/v1")
    assert found is not None
    schemas = found["components"]["schemas"]
    assert len([name for name in schemas if name.startswith("io.k8s.api.apps.v1.")]) == 30
    spec = schemas["io.k8s.api.apps.v1.DeploymentSpec"]
    assert spec["required"] == ["selector", "template"]
    assert spec["properties"]["template"] == {
        "allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec"}],
        "default": {},
        "description": "Template describes the pods that will be created. The only allowed "
        'template.spec.restartPolicy value is "Always".',
    }
    assert schemas["io.k8s.api.apps.v1.Deployment"]["description"].startswith("Deployment enables declarative")
    assert "io.k8s.api.core.v1.PodSpec" in schemas
    patch = found["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "kind": "Deployment", "version": "v1"}
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]
    assert "x-go-" not in str(found)


def test_every_reference_resolves() -> None:
    def refs(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(refs(child) for child in node.values()))
        return set().union(*(refs(child) for child in node)) if isinstance(node, list) else set()

    found = openapidocs.document(builtin(), "api/v1")
    assert found is not None
    names = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert refs(found) <= names


def test_a_custom_document() -> None:
    resources = ResourceSet(from_crd(CRD))
    found = openapidocs.document(resources, "apis/sky.example.com/v1", [CRD])
    assert found is not None
    schema = found["components"]["schemas"]["com.example.sky.v1.Telescope"]
    assert sorted(schema["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert schema["properties"]["metadata"]["description"].startswith("Standard object's metadata.")
    assert openapidocs.document(resources, "apis/none/v1") is None


def test_custom_kinds_are_published_with_what_their_extensions_mean() -> None:
    pod = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    either = {"x-kubernetes-int-or-string": True}
    fields: dict[str, Any] = {
        "pod": pod,
        "port": either,
        "size": {**either, "anyOf": [{"pattern": "^a"}]},
        "told": {**either, "anyOf": [{"type": "integer"}, {"type": "string"}]},
    }
    spec = {"type": "object", "properties": fields}
    version = {
        **CRD["spec"]["versions"][0],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        "selectableFields": [{"jsonPath": ".spec.port"}],
    }
    crd = {"spec": {**CRD["spec"], "versions": [version]}}
    found = openapidocs.document(ResourceSet(from_crd(crd)), "apis/sky.example.com/v1", [crd])
    assert found is not None
    schemas = found["components"]["schemas"]
    shown = schemas["com.example.sky.v1.Telescope"]["properties"]["spec"]["properties"]
    assert shown["pod"]["required"] == ["kind", "apiVersion"]
    assert shown["pod"]["properties"]["metadata"]["allOf"][0]["$ref"].endswith(".meta.v1.ObjectMeta")
    assert shown["pod"]["properties"]["kind"]["description"].startswith("kind is a string value")
    assert shown["port"]["anyOf"] == shown["told"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert shown["size"]["allOf"] == [{"anyOf": shown["port"]["anyOf"]}]
    listed = schemas["com.example.sky.v1.TelescopeList"]
    assert listed["properties"]["items"]["items"] == {"$ref": "#/components/schemas/com.example.sky.v1.Telescope"}
    assert listed["x-kubernetes-group-version-kind"][0]["kind"] == "TelescopeList"
    assert listed["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.port"}]


def test_what_swagger_does_not_tell_of_custom_kinds() -> None:
    text = {"type": "string"}
    fields: dict[str, Any] = {
        "null": {"type": "object", "nullable": True, "properties": {"a": text}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": text}},
        "list": {"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": text},
        "map": {"type": "object", "required": ["a"], "additionalProperties": {**text, "nullable": True}},
        "object": {"type": "object", "x-kubernetes-embedded-resource": True},
    }
    fields["all"] = {**fields["any"], "x-kubernetes-embedded-resource": True}
    crd = copy.deepcopy(CRD)
    spec = {"type": "object", "required": ["null", "any"], "properties": fields}
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = spec
    definition = openapidocs.swagger(ResourceSet(from_crd(crd)), [crd])["definitions"]["com.example.sky.v1.Telescope"]
    told = definition["properties"]["spec"]
    assert told["required"] == ["any"]
    assert told["properties"]["null"] == {}
    assert told["properties"]["any"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert told["properties"]["list"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert told["properties"]["map"] == {"type": "object", "additionalProperties": {}}
    assert set(told["properties"]["object"]["properties"]) == {"apiVersion", "kind", "metadata"}
    assert "properties" not in told["properties"]["all"]
