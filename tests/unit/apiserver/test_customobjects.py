"""Objects within custom resources, and the numbers behind /scale."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.customobjects import embedded_problems, scale_problems

POD = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
RAW = {
    "type": "object",
    "properties": {
        "one": POD,
        "many": {"type": "array", "items": POD},
        "named": {"type": "object", "additionalProperties": POD},
    },
}
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def embedded(value: Any) -> list[str]:
    return [str(error).partition(" (e.g.")[0] for error in embedded_problems(value, RAW)]


def test_embedded_objects_say_what_they_are() -> None:
    assert embedded({"one": {}, "many": [{"apiVersion": "v1", "kind": "Pod"}]}) == [
        "one.apiVersion: Required value",
        "one.kind: Required value",
    ]
    assert embedded({"named": {"x": {"apiVersion": "a/b/c", "kind": ""}}}) == [
        'named[x].apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        'named[x].kind: Invalid value: "": must not be empty',
    ]
    (told,) = embedded({"one": {"apiVersion": "v1", "kind": "A b"}})
    assert told.startswith(
        'one.kind: Invalid value: "A b": may have mixed case, but should otherwise match: a DNS-1035'
    )


def test_embedded_metadata_may_lack_a_name_but_not_be_wrong() -> None:
    fine = {"apiVersion": "v1", "kind": "Pod"}
    assert embedded({"one": {**fine, "metadata": {"labels": {"a": "b"}}}}) == []
    (told,) = embedded({"many": [{**fine, "metadata": {"name": "a/b"}}]})
    assert told == "many[0].metadata.name: Invalid value: \"a/b\": may not contain '/'"


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {}, []),
        ({"replicas": 1}, {"replicas": 2, "selector": "a=b"}, []),
        ({"replicas": -1}, {}, [".spec.replicas: Invalid value: -1: should be a non-negative integer"]),
        (
            {},
            {"replicas": 2**31},
            [".status.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647"],
        ),
        (
            {"replicas": "two"},
            {"selector": 1},
            [
                ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: two is of the type string,"
                " expected int64",
                '.status.selector: Invalid value: "": .status.selector accessor error: 1 is of the type int64,'
                " expected string",
            ],
        ),
    ],
)
def test_numbers_of_replicas(spec: Any, status: Any, expected: list[str]) -> None:
    assert [str(error) for error in scale_problems({"spec": spec, "status": status}, SCALE)] == expected


def test_a_status_is_not_blamed_for_the_spec() -> None:
    assert scale_problems({"spec": {"replicas": -1}}, SCALE, status_only=True) == []
