from __future__ import annotations

from minikctl.apimachinery import descriptions, openapi
from minikctl.apimachinery.openapi import Schema


def schema(api_version: str, kind: str, *path: str) -> Schema:
    found = openapi.schema_for(api_version, kind)
    assert found is not None
    node = found.at(list(path))
    assert node is not None
    return node


def test_types_and_fields_say_what_they_are_for() -> None:
    spec = schema("v1", "Pod", "spec")
    assert descriptions.of_type(spec) == "PodSpec is a description of a pod."
    field = spec.prop("nodeName")
    assert field is not None
    assert descriptions.of_field(spec, "nodeName", field).startswith("NodeName indicates in which node this pod is")


def test_enums_list_their_values() -> None:
    strategy = schema("apps/v1", "Deployment", "spec", "strategy")
    field = strategy.prop("type")
    assert field is not None
    text = descriptions.of_field(strategy, "type", field)
    assert '\n\nPossible enum values:\n - `"Recreate"` Kill all existing pods before creating new ones.\n - ' in text


def test_values_without_comments_are_listed_alone() -> None:
    toleration = openapi.definition("pod", "Toleration")
    assert toleration is not None
    field = toleration.prop("operator")
    assert field is not None
    assert descriptions.of_field(toleration, "operator", field).endswith(
        'Possible enum values:\n - `"Equal"`\n - `"Exists"`\n - `"Gt"`\n - `"Lt"`'
    )


def test_custom_resources_speak_for_themselves() -> None:
    crd = {"type": "object", "description": "A telescope.", "properties": {"spec": {"type": "object"}}}
    custom = openapi.from_crd(crd)
    assert descriptions.of_type(custom) == "A telescope."
    kind, spec = custom.prop("kind"), custom.prop("spec")
    assert kind is not None and spec is not None
    assert descriptions.of_field(custom, "kind", kind).startswith("Kind is a string value representing the REST")
    assert descriptions.of_field(custom, "spec", spec) == ""


def test_every_description_belongs_to_a_definition() -> None:
    for file in ("pod", "meta", "core_v1", "apps_v1", "batch_v1", "networking_v1"):
        content = openapi.read(file)
        assert content is not None
        silent = [name for name in content["$defs"] if descriptions.described(file, name) == ("", {})]
        assert silent == []
