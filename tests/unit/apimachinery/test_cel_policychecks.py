"""Type checking of policies against the kinds they match."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apimachinery import resources
from minikctl.apimachinery.cel import policychecks

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
    "status": {"acceptedNames": {"kind": "Widget", "plural": "widgets", "singular": "widget"}},
}


def warnings(rule: dict[str, Any], *expressions: str, **spec: Any) -> list[str]:
    rows = resources.ResourceSet(resources.from_crd(WIDGETS))
    policy = {
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": expression} for expression in expressions],
            **spec,
        }
    }
    found = policychecks.warnings(policy, rows, lambda kind: WIDGETS)
    return [f"{one['fieldRef']}: {one['warning'].splitlines()[0]}" for one in found]


def rule(group: str, *plurals: str) -> dict[str, Any]:
    return {"apiGroups": [group], "apiVersions": ["v1"], "resources": list(plurals), "operations": ["*"]}


def test_built_in_kinds_are_known_to_the_field() -> None:
    assert warnings(rule("apps", "deployments"), "object.spec.replicas > 1", "object.spec.replica > 1") == [
        "spec.validations[1].expression: apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'"
    ]


def test_variables_have_the_types_of_their_expressions() -> None:
    variables = [{"name": "count", "expression": "object.spec.replicas"}]
    assert warnings(rule("apps", "deployments"), "variables.count == 'a'", variables=variables) == [
        "spec.validations[0].expression: apps/v1, Kind=Deployment: ERROR: <input>:1:17: found no matching overload"
        " for '_==_' applied to '(int, string)'"
    ]


def test_custom_kinds_and_parameters_are_checked_too() -> None:
    kind = {"apiVersion": "example.com/v1", "kind": "Widget"}
    found = warnings(
        rule("example.com", "widgets"),
        "object.metadata.labels.size() > object.spec.size",
        "object.spec.sise > 1",
        "params.spec.sise > 1",
        paramKind=kind,
    )
    assert found == [
        f"spec.validations[{at}].expression: example.com/v1, Kind=Widget: ERROR: <input>:1:12: undefined field 'sise'"
        for at in (1, 2)
    ]
