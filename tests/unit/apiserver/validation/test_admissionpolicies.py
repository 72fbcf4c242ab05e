"""Admission policies and bindings that are refused."""

from __future__ import annotations

from typing import Any

from validationlab import made, refused, status_changed

GROUP = "admissionregistration.k8s.io"
POLICIES = f"validatingadmissionpolicies.{GROUP}"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def told(**spec: Any) -> list[str]:
    whole = {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}], **spec}
    return refused(POLICIES, f"{GROUP}/v1", spec=whole)


def test_names_come_before_the_rule_they_are_of() -> None:
    rule = {**RULE, "operations": [], "resourceNames": ["a/b", "c", "c"]}
    path = "spec.matchConstraints.resourceRules[0]"
    assert told(matchConstraints={"resourceRules": [rule]}) == [
        f"{path}.resourceNames[0]: Invalid value: \"a/b\": may not contain '/'",
        f'{path}.resourceNames[2]: Duplicate value: "c"',
        f"{path}.operations: Required value",
    ]


def test_parameters() -> None:
    assert told(paramKind={"apiVersion": "example.com/", "kind": "A"}) == [
        'spec.paramKind.apiVersion: Invalid value: "example.com/": version must be specified'
    ]


def test_variables_and_messages() -> None:
    variables = [{"name": "while", "expression": "1"}, {"name": " ", "expression": ""}]
    validation = {"expression": "true", "message": "a\nb", "messageExpression": " "}
    assert told(variables=variables, validations=[validation]) == [
        'spec.variables[0].name: Invalid value: "while": name is not a valid CEL identifier',
        "spec.variables[1].name: Required value: name is not specified",
        "spec.variables[1].expression: Required value: expression is not specified",
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
    ]


def test_audit_annotations() -> None:
    items = [{"key": "a", "valueExpression": "x" * 5121}, {"key": "a", "valueExpression": ""}]
    assert told(auditAnnotations=items) == [
        "spec.auditAnnotations[0].valueExpression: Required value: must not exceed 5120 bytes in length",
        "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified",
        'spec.auditAnnotations[1].key: Duplicate value: "a"',
    ]


def test_too_many_conditions_are_looked_at_all_the_same() -> None:
    conditions = [{"name": f"n{index}", "expression": "true"} for index in range(65)]
    conditions[64]["name"] = "n0"
    assert told(matchConditions=conditions) == [
        "spec.matchConditions: Too many: 65: must have at most 64 items",
        'spec.matchConditions[64].name: Duplicate value: "n0"',
    ]


def test_status() -> None:
    policy = made(POLICIES, f"{GROUP}/v1", spec={})
    assert status_changed(POLICIES, policy, typeChecking={"expressionWarnings": [{"fieldRef": "spec.a"}]}) == [
        "status.typeChecking.expressionWarnings[0].warning: Required value"
    ]
