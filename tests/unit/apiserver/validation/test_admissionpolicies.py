"""Validation of admission policies."""

from __future__ import annotations

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apiserver.validation.admissionpolicies import VALIDATE_POLICIES

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


def test_expressions_name_only_what_is_there_for_them() -> None:
    policy = {
        "metadata": {"name": "p"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["deployments"],
                        "scope": "*",
                    }
                ],
            },
            "matchConditions": [{"name": "a", "expression": "variables.size > 1"}],
            "variables": [{"name": "size", "expression": "1"}, {"name": "twice", "expression": "variables.size * 2"}],
            "validations": [
                {"expression": "variables.twise > 1"},
                {
                    "expression": "variables.twice > 1",
                    "messageExpression": "authorizer.path('/').check('get').reason()",
                },
                {"expression": "params.x"},
            ],
            "auditAnnotations": [{"key": "k", "valueExpression": "variables.twice"}],
        },
    }
    found = [str(error).split("\n")[0] for error in VALIDATE_POLICIES[POLICIES][0](policy)]
    start = "compilation failed: ERROR: <input>:1"
    assert [text.partition("Invalid value: ")[2].partition(": ")[2] for text in found] == [
        f"{start}:1: undeclared reference to 'variables' (in container '')",
        f"{start}:10: undefined field 'twise'",
        f"{start}:1: undeclared reference to 'authorizer' (in container '')",
        f"{start}:1: undeclared reference to 'params' (in container '')",
        "must evaluate to one of [string null_type]",
    ]
