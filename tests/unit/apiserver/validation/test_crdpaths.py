"""Paths into schemas."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.validation.crdpaths import resolve

SCHEMA: dict[str, Any] = {
    "properties": {
        "spec": {
            "properties": {
                "a.b": {"type": "string"},
                "labels": {"additionalProperties": {"type": "integer"}},
                "it's": {"type": "boolean"},
            }
        }
    }
}


@pytest.mark.parametrize(
    ("path", "names", "kind"),
    [
        (".spec['a.b']", ("spec", "a.b"), "string"),
        (".spec.labels.any", ("spec", "labels", "any"), "integer"),
        (r"['spec']['it\'s']", ("spec", "it's"), "boolean"),
    ],
)
def test_paths_that_lead_somewhere(path: str, names: tuple[str, ...], kind: str) -> None:
    found = resolve(path, SCHEMA)
    assert (found.names, found.schema["type"], found.problem) == (names, kind, "")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (".spec.none", "does not refer to a valid field"),
        (".spec['a.b'].c", "does not refer to a valid field"),
        (".spec..labels", "does not refer to a valid field"),
        (".spec.", "unexpected end of JSON path"),
        (".spec[", "unexpected end of JSON path"),
        (".spec['a.b'", "unexpected end of JSON path"),
        (".spec['a.b'.c", "expected ] but got ."),
        (".spec[0]", "expected single quoted string but got 0"),
        (r".spec['\x']", r"invalid string literal: invalid escape char \x"),
        ("spec", "expected [ or . but got: spec"),
    ],
)
def test_paths_that_lead_nowhere(path: str, problem: str) -> None:
    assert resolve(path, SCHEMA).problem == problem
