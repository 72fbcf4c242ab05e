"""Errors of JSON texts and values, in Go's words."""

from __future__ import annotations

import pytest

from minikctl.apimachinery.jsonsyntax import json_problem, json_type


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{nope}", "invalid character 'n' looking for beginning of object key string"),
        ('{"a":1', "unexpected end of JSON input"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ("{} x", "invalid character 'x' after top-level value"),
        ("", "unexpected end of JSON input"),
        ('{"a":[1,{"b":null}]}', ""),
    ],
)
def test_json_problems_are_go_s(text: str, problem: str) -> None:
    assert json_problem(text) == problem


def test_types_are_named_as_go_names_them() -> None:
    values = ["a", True, 1, 1.5, [], {}]
    assert [json_type(value) for value in values] == ["string", "bool", "number", "number", "array", "object"]
