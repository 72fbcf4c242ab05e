"""CustomResourceDefinitions that are refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikctl.apiserver import defaults, validation
from minikctl.apiserver.validation.goregexp import regexp_problem

KEY = "customresourcedefinitions.apiextensions.k8s.io"


def crd(prop: dict[str, Any] | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "object", "properties": prop or {}}
    obj: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.toys.example.com"},
        "spec": {
            "group": "toys.example.com",
            "names": {"plural": "kites", "kind": "Kite"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
        "status": {"storedVersions": ["v1"]},
    }
    defaults.apply(KEY, "v1", obj)
    return obj


def refused(obj: dict[str, Any]) -> list[str]:
    return [str(error) for error in validation.create(KEY, obj)]


def test_a_plain_one_passes() -> None:
    assert refused(crd()) == []


@pytest.mark.parametrize(
    ("prop", "message"),
    [
        ({"colour": {"enum": ["red"]}}, "[colour].type: Required value: must not be empty for specified object fields"),
        (
            {"wind": {"type": "float"}},
            '[wind].type: Unsupported value: "float": supported values: "array", "boolean", "integer", "number",'
            ' "object", "string"',
        ),
        ({"lists": {"type": "array"}}, "[lists].items: Required value: must be specified"),
        (
            {"tail": {"type": "string", "default": 3}},
            '[tail].default: Invalid value: "integer":  in body must be of type string: "integer"',
        ),
        (
            {"keyed": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}}},
            "[keyed].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            {
                "both": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "properties": {"a": {"type": "string"}},
                }
            },
            "[both].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            {"name": {"type": "string", "pattern": "[a-"}},
            '[name].pattern: Invalid value: "[a-": must be a valid regular expression, but isn\'t: error parsing'
            " regexp: missing closing ]: `[a-`",
        ),
        (
            {"open": {"type": "object", "x-kubernetes-preserve-unknown-fields": False}},
            "[open].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
    ],
)
def test_schemas_that_are_refused(prop: dict[str, Any], message: str) -> None:
    assert refused(crd(prop)) == [f"spec.validation.openAPIV3Schema.properties[spec].properties{message}"]


def test_names_versions_and_scope() -> None:
    obj = crd()
    obj["metadata"]["name"] = "kite.toys.example.com"
    obj["spec"]["names"]["singular"] = "Kite_s"
    obj["spec"]["scope"] = "Everywhere"
    obj["spec"]["versions"].append({**copy.deepcopy(obj["spec"]["versions"][0]), "name": "v2"})
    errors = refused(obj)
    assert [error.partition(":")[0] for error in errors] == [
        "metadata.name",
        "spec.scope",
        "spec.versions",
        "spec.names.singular",
        "status.storedVersions",
    ]
    assert '"Schema":null' in errors[2]
    assert errors[4] == 'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2'


def test_a_missing_schema_and_a_protected_group() -> None:
    obj = crd()
    del obj["spec"]["versions"][0]["schema"]
    assert refused(obj) == ["spec.versions[0].schema.openAPIV3Schema: Required value"]
    obj = crd()
    obj["spec"]["group"] = "toys.k8s.io"
    obj["metadata"]["name"] = "kites.toys.k8s.io"
    assert refused(obj) == [
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval"
        ' annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'
    ]


def test_what_must_stay() -> None:
    old = crd()
    old["metadata"]["resourceVersion"] = "1"
    old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    new = copy.deepcopy(old)
    new["spec"]["scope"] = "Cluster"
    new["spec"]["names"]["kind"] = "Dragon"
    assert [str(error) for error in validation.update(KEY, new, old)] == [
        'spec.scope: Invalid value: "Cluster": field is immutable',
        'spec.names.kind: Invalid value: "Dragon": field is immutable',
    ]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("^[a-z]+$", ""),
        (r"^(?i)a(b|c)*\d{2,3}?[[:alpha:]]\pL$", ""),
        ("[a-", "missing closing ]: `[a-`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        (r"a\y", r"invalid escape sequence: `\y`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("[z-a]", "invalid character class range: `z-a`"),
    ],
)
def test_regular_expressions_are_go_s(pattern: str, problem: str) -> None:
    assert regexp_problem(pattern) == (f"error parsing regexp: {problem}" if problem else "")
