"""The Swagger document in protobuf, read back field by field."""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery import protobuf
from minikctl.apiserver import openapiproto

PATCH = {
    "parameters": [{"name": "fieldValidation", "in": "query", "type": "string", "uniqueItems": True}],
    "responses": {"200": {"description": "OK"}},
    "x-kubernetes-group-version-kind": {"group": "", "kind": "Pod", "version": "v1"},
}
POD = {
    "description": "A pod.",
    "type": "object",
    "required": ["spec"],
    "properties": {
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "spec": {"$ref": "#/definitions/Spec"},
        "tags": {"type": "array", "items": {"type": "string", "default": "x"}},
    },
}
SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1"},
    "paths": {"/api/v1/pods": {"patch": PATCH}},
    "definitions": {"Pod": POD},
}


def read(data: Any, *numbers: int) -> Any:
    """The value under the first field of each number, going in."""
    for number in numbers:
        data = next(value for found, value in protobuf._entries(data) if found == number)
    return data


def every(data: Any, number: int) -> list[Any]:
    return [value for found, value in protobuf._entries(data) if found == number]


def test_paths_tell_the_kind_and_the_parameters_of_a_patch() -> None:
    document = openapiproto.encode(SWAGGER)
    assert (read(document, 1), read(document, 2, 1)) == (b"2.0", b"Kubernetes")
    path = read(document, 8, 2)
    assert read(path, 1) == b"/api/v1/pods"
    patch = read(path, 2, 8)
    assert read(patch, 8, 1, 2, 3, 4) == b"fieldValidation"
    assert read(patch, 13, 1) == b"x-kubernetes-group-version-kind"
    assert json.loads(read(patch, 13, 2, 2)) == PATCH["x-kubernetes-group-version-kind"]


def test_definitions_tell_types_references_and_required_fields() -> None:
    named = read(openapiproto.encode(SWAGGER), 9, 1)
    assert read(named, 1) == b"Pod"
    schema = read(named, 2)
    assert (read(schema, 4), read(schema, 19), read(schema, 22, 1)) == (b"A pod.", b"spec", b"object")
    fields = {read(field, 1): read(field, 2) for field in every(read(schema, 25), 1)}
    assert read(fields[b"labels"], 21, 1, 22, 1) == b"string"
    assert read(fields[b"spec"], 1) == b"#/definitions/Spec"
    assert json.loads(read(fields[b"tags"], 23, 1, 5, 2)) == "x"
