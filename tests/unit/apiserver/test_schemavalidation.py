from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery import textformats
from minikctl.apimachinery.openapi import from_crd, schema_for
from minikctl.apiserver import schemaproblems
from minikctl.apiserver import schemavalidation as validation

SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["database", "schedule"],
    "properties": {
        "database": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "minLength": 3, "maxLength": 20},
        "schedule": {"type": "string"},
        "keep": {"type": "integer", "default": 7, "minimum": 1, "maximum": 30},
        "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1},
        "step": {"type": "integer", "multipleOf": 5},
        "compression": {"type": "string", "enum": ["none", "gzip", "zstd"], "default": "zstd"},
        "size": {"x-kubernetes-int-or-string": True},
        "since": {"type": "string", "format": "date"},
        "note": {"type": "string", "nullable": True},
        "window": {"type": "object", "default": {}, "properties": {"start": {"type": "string", "default": "dusk"}}},
        "targets": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "url": {"type": "string", "format": "uri"}},
            },
        },
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "limits": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "integer"}},
        "one": {
            "type": "object",
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            "properties": {"a": {}, "b": {}},
        },
        "any": {"type": "integer", "anyOf": [{"maximum": 1}, {"minimum": 5}]},
        "all": {"type": "integer", "allOf": [{"maximum": 9}, {"minimum": 5}], "not": {"enum": [7]}},
    },
}
RAW = {"type": "object", "required": ["spec"], "properties": {"spec": SPEC}}


def errors(spec: Any, old: Any = None) -> list[str]:
    full = {"database": "orders", "schedule": "nightly", **spec}
    before = {"spec": {"database": "orders", "schedule": "nightly", **old}} if old is not None else None
    return [str(error) for error in validation.custom({"spec": full}, before, RAW, [])]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"keep": 99}, ["spec.keep: Invalid value: 99: spec.keep in body should be less than or equal to 30"]),
        ({"ratio": 0}, ["spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"]),
        ({"ratio": 1.5}, ["spec.ratio: Invalid value: 1.5: spec.ratio in body should be less than or equal to 1"]),
        ({"step": 7}, ["spec.step: Invalid value: 7: spec.step in body should be a multiple of 5"]),
        (
            {"compression": "lzma"},
            ['spec.compression: Unsupported value: "lzma": supported values: "none", "gzip", "zstd"'],
        ),
        (
            {"size": 1.5},
            ['spec.size: Invalid value: "number": spec.size in body must be of type integer,string: "number"'],
        ),
        (
            {"since": "yesterday"},
            ['spec.since: Invalid value: "yesterday": spec.since in body must be of type date: "yesterday"'],
        ),
        (
            {"window": {"start": 22}},
            [
                'spec.window.start: Invalid value: "integer": '
                'spec.window.start in body must be of type string: "integer"'
            ],
        ),
        ({"targets": []}, ["spec.targets: Invalid value: 0: spec.targets in body should have at least 1 items"]),
        ({"targets": [{"name": c} for c in "abcd"]}, ["spec.targets: Too many: 4: must have at most 3 items"]),
        ({"limits": {"a": 1, "b": 2, "c": 3}}, ["spec.limits: Too many: 3: must have at most 2 items"]),
        (
            {"limits": {"a": "many"}},
            ['spec.limits.a: Invalid value: "string": spec.limits.a in body must be of type integer: "string"'],
        ),
        ({"tags": ["red", "blue", "red"]}, ['spec.tags[2]: Duplicate value: "red"']),
        ({"targets": [{"name": "a"}, {"name": "a", "url": "/x"}]}, ['spec.targets[1]: Duplicate value: {"name":"a"}']),
        (
            {"targets": [{"url": "x"}]},
            [
                'spec.targets[0].url: Invalid value: "x": spec.targets[0].url in body must be of type uri: "x"',
                "spec.targets[0].name: Required value",
            ],
        ),
        ({"note": None}, []),
        (
            {"schedule": None},
            ['spec.schedule: Invalid value: "null": spec.schedule in body must be of type string: "null"'],
        ),
        (
            {"database": "9to5"},
            ['spec.database: Invalid value: "9to5": spec.database in body should match ' + "'^[a-z][a-z0-9_]*$'"],
        ),
        (
            {"database": "ab"},
            ['spec.database: Invalid value: "ab": spec.database in body should be at least 3 chars long'],
        ),
        ({"database": "a" * 21}, ["spec.database: Too long: may not be more than 20 bytes"]),
        ({"one": {"a": 1}}, []),
        (
            {"one": {}},
            [
                '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
                "spec.one.a: Required value",
            ],
        ),
        (
            {"one": {"a": 1, "b": 1}},
            [
                '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). '
                "Found 2 valid alternatives"
            ],
        ),
        (
            {"any": 3},
            [
                '<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)',
                "spec.any: Invalid value: 3: spec.any in body should be less than or equal to 1",
            ],
        ),
        ({"all": 7}, ['<nil>: Invalid value: "": "spec.all" must not validate the schema (not)']),
        (
            {"all": 10},
            [
                "spec.all: Invalid value: 10: spec.all in body should be less than or equal to 9",
                '<nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf)',
            ],
        ),
    ],
)  # fmt: skip
def test_errors_are_in_upstreams_words(spec: Any, expected: list[str]) -> None:
    assert errors(spec) == expected


def test_missing_fields() -> None:
    found = [str(error) for error in validation.custom({"spec": {}}, None, RAW, [])]
    assert found == ["spec.database: Required value", "spec.schedule: Required value"]
    assert [str(error) for error in validation.custom({}, None, RAW, [])] == ["spec: Required value"]


def test_rules_that_were_not_checked_are_mentioned_after_a_blocking_error() -> None:
    raw = {**RAW, "properties": {"spec": {**SPEC, "x-kubernetes-validations": [{"rule": "true"}]}}}
    found = [str(error) for error in validation.custom({}, None, raw, [])]
    assert found == [
        "spec: Required value",
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation",
    ]
    spec = {"database": "orders", "schedule": "x", "keep": 99}
    assert len(validation.custom({"spec": spec}, None, raw, [])) == 1


def test_what_an_update_leaves_alone_is_not_held_against_it() -> None:
    assert errors({"keep": 99, "schedule": "new"}, {"keep": 99}) == []
    assert len(errors({"keep": 98}, {"keep": 99})) == 1
    assert errors({"tags": ["a", "a"]}, {"tags": ["b", "b"]}) == []
    bad, good = {"name": "a", "url": "x"}, {"name": "b"}
    assert errors({"targets": [good, bad]}, {"targets": [bad]}) == []
    assert len(errors({"targets": [bad]}, {"targets": [good]})) == 1


def test_a_third_of_the_same_is_not_told() -> None:
    assert errors({"tags": ["a", "b", "a", "a", "b"]}) == [
        'spec.tags[2]: Duplicate value: "a"',
        'spec.tags[4]: Duplicate value: "b"',
    ]
    assert errors({"targets": [3, {"name": "a"}]})[-1] == (
        "spec.targets[0]: Invalid value: 3: must be an object for an array of list-type map"
    )


def test_a_part_is_judged_by_itself() -> None:
    status = {"type": "object", "required": ["phase"], "properties": {"n": {"type": "integer", "maximum": 3}}}
    raw = {**RAW, "properties": {**RAW["properties"], "status": status}}  # type: ignore[dict-item]
    found = [str(error) for error in validation.custom({"status": {"n": 4}}, {}, raw, [], part="status")]
    assert found == [
        "status.n: Invalid value: 4: n in body should be less than or equal to 3",
        "status.phase: Required value",
    ]
    assert validation.custom({"status": {"n": 4}}, {"status": {"n": 4}}, raw, [], part="status") == []
    assert validation.custom({}, {}, raw, [], part="status") == []


def test_defaults() -> None:
    schema = from_crd(RAW)
    obj: dict[str, Any] = {"spec": {"keep": None, "note": None, "targets": [{}]}}
    validation.apply_defaults(obj, schema)
    # A null that is allowed stays.
    assert obj == {
        "spec": {"keep": 7, "note": None, "compression": "zstd", "window": {"start": "dusk"}, "targets": [{}]}
    }
    assert RAW["properties"]["spec"]["properties"]["window"]["default"] == {}  # type: ignore[index]


def test_nulls_go_where_the_schema_allows_none_of_them() -> None:
    schema = from_crd(
        {
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "b": {"type": "string", "nullable": True},
                "m": {"type": "object", "additionalProperties": {"type": "string"}},
                "d": {"type": "object", "additionalProperties": {"type": "string", "default": "x"}},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "true": {"type": "object", "additionalProperties": True},
                "l": {"type": "array", "items": {"type": "string", "default": "y"}},
                "n": {"type": "array", "items": {"type": "string"}},
            },
        }
    )
    nulls = {"k": None}
    obj: dict[str, Any] = {"a": None, "b": None, "m": {**nulls}, "d": {**nulls}, "any": {**nulls}, "true": {**nulls}}
    obj.update(l=[None], n=[None])
    validation.apply_defaults(obj, schema)
    assert obj == {"b": None, "m": {}, "d": {"k": "x"}, "any": nulls, "true": nulls, "l": ["y"], "n": [None]}


def test_the_branch_with_most_to_look_at_is_told() -> None:
    deep = {"properties": {"a": {"properties": {"b": {"minimum": 5}, "c": {"minimum": 5}}}}}
    raw = {"type": "object", "anyOf": [{"required": ["x"]}, deep], "properties": {"a": {"type": "object"}}}
    found = [str(error) for error in validation.validate({"a": {"b": 1, "c": 2}}, raw)]
    assert found == [
        '<nil>: Invalid value: "": "" must validate at least one schema (anyOf)',
        "a.b: Invalid value: 1: a.b in body should be greater than or equal to 5",
        "a.c: Invalid value: 2: a.c in body should be greater than or equal to 5",
    ]
    even = {"type": "object", "oneOf": [{"required": ["x", "y"]}, {"required": ["z"]}]}
    assert [error.field for error in validation.validate({}, even)] == ["<nil>", "x", "y"]


def test_of_the_same_complaints_one_is_told() -> None:
    raw = {"allOf": [{"minimum": 5}, {"minimum": 5}], "minimum": 5}
    assert [error.detail for error in validation.validate({"n": 1}, {"properties": {"n": raw}})] == [
        "n in body should be greater than or equal to 5",
        '"n" must validate all the schemas (allOf). None validated',
    ]


def test_an_object_of_the_wrong_size_is_not_looked_into() -> None:
    raw = {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "integer"}, "required": ["x"]}
    assert [str(error) for error in validation.validate({"a": "b", "c": 1}, {"properties": {"m": raw}})] == []
    assert [str(error) for error in validation.validate({"m": {"a": "b", "c": 1}}, {"properties": {"m": raw}})] == [
        "m: Too many: 2: must have at most 1 item"
    ]


def test_properties_may_be_forbidden() -> None:
    raw = {"properties": {"m": {"type": "object", "additionalProperties": False}}}
    assert [str(error) for error in validation.validate({"m": {"a": 1}}, raw)] == [
        'm: Invalid value: "a": m.a in body is a forbidden property'
    ]


def test_pruning() -> None:
    obj: dict[str, Any] = {"spec": {"keep": 7, "colour": "red"}, "status": {}}
    validation.prune(obj, from_crd(RAW))
    assert obj == {"spec": {"keep": 7}, "metadata": {}} or obj == {"spec": {"keep": 7}}


@pytest.mark.parametrize(
    ("format_", "good", "bad"),
    [
        ("date", "2026-02-28", "2026-02-30"),
        ("date-time", "2026-02-28T10:00:00Z", "2026-02-28"),
        ("duration", "1h30m", "soon"),
        ("email", "a@example.com", "example.com"),
        ("hostname", "a-b.example.com", "-a"),
        ("ipv4", "10.0.0.1", "10.0.0"),
        ("ipv6", "::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("uri", "s3://one", "x"),
        ("mac", "01:23:45:67:89:ab", "01:23"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
        ("uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("byte", "YQ==", "Y"),
        ("hexcolor", "#fff", "red"),
        ("rgbcolor", "rgb(1,2,255)", "rgb(1,2,256)"),
        ("isbn", "0321751043", "0321751042"),
        ("isbn", "0-321-75104-3", "032175104²"),
        ("isbn13", "978-3401013190", "978-3401013191"),
        ("creditcard", "4111-1111-1111-1111", "4111-1111-1111-1112"),
    ],
)
def test_formats(format_: str, good: str, bad: str) -> None:
    assert textformats.fits(format_, good)
    assert not textformats.fits(format_, bad)


def test_unknown_formats_accept_everything() -> None:
    assert textformats.fits("quux", "anything")


def test_built_in_kinds_by_their_schema() -> None:
    schema = schema_for("networking.k8s.io/v1", "NetworkPolicy")
    assert schema is not None
    obj = {"metadata": {"name": "x"}, "spec": {"policyTypes": ["Sideways"], "egress": [{"to": [{"ipBlock": {}}]}]}}
    assert [str(error) for error in validation.builtin(obj, schema)] == [
        "spec.egress[0].to[0].ipBlock.cidr: Required value",
        'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Egress", "Ingress"',
    ]


SCALARS = st.none() | st.booleans() | st.integers(-2, 9) | st.floats(-2, 9) | st.sampled_from(["", "abc", "2026-02-28"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(SPEC["properties"])), VALUES)
def test_the_walk_and_jsonschema_have_the_same_verdict(name: str, value: Any) -> None:
    raw = SPEC["properties"][name]
    assert validation.accepts(value, raw) == (not schemaproblems.find(value, raw))
