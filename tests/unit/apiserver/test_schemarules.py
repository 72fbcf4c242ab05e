"""x-kubernetes-validations: which rules are applied when, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apiserver import schemarules
from minikctl.apiserver.validation.celcosts import TotalCost
from minikctl.apiserver.validation.expressions import schema_rules

Node = dict[str, Any]


def schema(*rules: Node, **properties: Node) -> Node:
    return {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}


def texts(new: Any, old: Any, raw: Node) -> list[str]:
    return [str(error) for error in schemarules.check(new, old, raw)[0]]


def test_rules_name_their_field_and_reason() -> None:
    rule = {
        "rule": "self.a > 1",
        "fieldPath": ".a",
        "reason": "FieldValueForbidden",
        "messageExpression": "'a is ' + string(self.a)",
    }
    raw = {"type": "object", "properties": {"spec": schema(rule, a={"type": "integer"})}}
    assert texts({"spec": {"a": 1}}, None, raw) == ["spec.a: Forbidden: a is 1"]
    assert texts({"spec": {"a": 2}}, None, raw) == []


def test_the_rule_itself_is_the_last_resort_for_a_message() -> None:
    raw = {
        "type": "object",
        "properties": {"n": {"type": "integer", "x-kubernetes-validations": [{"rule": " self > 1 "}]}},
    }
    assert texts({"n": 1}, None, raw) == ["n: Invalid value: 1: failed rule: self > 1"]


def test_transition_rules_look_at_updates_only() -> None:
    raw = {
        "type": "object",
        "properties": {"n": {"x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed"}]}},
    }
    assert texts({"n": 1}, None, raw) == []
    assert texts({"n": 1}, {"n": 1}, raw) == []
    assert texts({"n": 2}, {"n": 1}, raw) == ["n: Invalid value: 2: fixed"]


def test_list_maps_correlate_items() -> None:
    item = {"type": "object", "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "grows"}]}
    raw = {
        "type": "object",
        "properties": {
            "l": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": item,
            }
        },
    }
    old = {"l": [{"name": "a", "v": 5}, {"name": "b", "v": 1}]}
    new = {"l": [{"name": "b", "v": 2}, {"name": "a", "v": 4}, {"name": "c", "v": 0}]}
    assert texts(new, old, raw) == ["l[1]: Invalid value: grows"]


def test_what_an_update_leaves_alone_is_only_warned_about() -> None:
    raw = schema({"rule": "self.n > 5", "message": "more"}, n={"type": "integer"})
    assert [[str(error) for error in found] for found in schemarules.check({"n": 1}, {"n": 1}, raw)] == [
        [],
        ["<nil>: Invalid value: more"],
    ]
    assert texts({"n": 2}, {"n": 1}, raw) == ["<nil>: Invalid value: more"]


def test_values_have_the_types_of_the_schema() -> None:
    raw = {
        "type": "object",
        "properties": {"t": {"type": "string", "format": "date-time"}, "r": {"type": "number"}},
        "x-kubernetes-validations": [{"rule": "self.t > timestamp('2024-01-01T00:00:00Z') && self.r / 2.0 < 1.0"}],
    }
    assert texts({"t": "2025-01-01T00:00:00Z", "r": 1}, None, raw) == []
    assert len(texts({"t": "2023-01-01T00:00:00Z", "r": 1}, None, raw)) == 1


def test_errors_of_evaluation_are_told() -> None:
    raw = schema({"rule": "self.absent.size() > 1", "message": "m"})
    assert texts({"n": 1}, None, raw) == ['<nil>: Invalid value: "object": no such key: absent evaluating rule: m']


def test_rules_are_compiled_with_the_crd() -> None:
    raw = schema(
        {"rule": "self.n >"},
        {"rule": "self.x > 1"},
        {"rule": "self.n + 1"},
        {"rule": "self.n > 1"},
        n={"type": "integer"},
    )
    found = [str(error) for error in schema_rules(raw, "p", 1, TotalCost())]
    assert [text.partition("}: ")[2].splitlines()[0] for text in found] == [
        found[0].partition("}: ")[2].splitlines()[0],
        "compilation failed: ERROR: <input>:1:5: undefined field 'x'",
        "cel expression must evaluate to a bool",
    ]
    assert 'p.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.n \\u003e",' in found[0]


def test_rules_that_could_cost_too_much_are_refused() -> None:
    raw = schema(
        {"rule": "self.tags.all(x, self.tags.exists(y, x == y))"}, tags={"type": "array", "items": {"type": "string"}}
    )
    total = TotalCost()
    (error,) = schema_rules(raw, "p", 1, total)
    assert str(error).startswith(
        "p.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x"
    )
    assert [str(problem).partition(": ")[0] for problem in total.problems("p.openAPIV3Schema")] == [
        "p.x-kubernetes-validations[0].rule",
        "p.openAPIV3Schema",
    ]


def test_bounds_in_the_schema_make_rules_cheap() -> None:
    tags = {"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 10}}
    raw = schema({"rule": "self.tags.all(x, self.tags.exists(y, x == y))"}, tags=tags)
    assert schema_rules(raw, "p", 1, TotalCost()) == []


def test_data_that_cost_too_much_are_refused() -> None:
    raw = schema({"rule": "self.tags.all(x, self.tags.exists(y, x == y))"})
    few, many = {"tags": [str(n) for n in range(50)]}, {"tags": [str(n) for n in range(1000)]}
    assert texts(few, None, raw) == []
    (told,) = texts(many, None, raw)
    assert (
        "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call"
        " cost exceeds limit for rule: "
    ) in told


def test_what_is_cut_short_costs_no_more_than_what_is_done() -> None:
    raw = schema({"rule": "self.tags.all(x, self.tags.exists(y, x == y))"})
    assert texts({"tags": ["a"] * 5000}, None, raw) == []


def test_rules_of_all_of_are_judged_too() -> None:
    raw = {**schema(n={"type": "integer"}), "allOf": [{"x-kubernetes-validations": [{"rule": "self.n > 5"}]}]}
    assert texts({"n": 1}, None, raw) == ["<nil>: Invalid value: failed rule: self.n > 5"]


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        ({"type": "string", "maxLength": 20}, "isQuantity(self)"),
        ({"type": "string", "format": "date-time"}, "self > timestamp('2020-01-01T00:00:00Z')"),
        ({"type": "string", "format": "duration"}, "self > duration('1h')"),
        ({"type": "integer"}, "self > oldSelf"),
        ({"type": "array", "maxItems": 3, "items": {"type": "integer"}}, "self.all(i, i > 0)"),
        ({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 1 : self == '5%'"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 3}, "self.all(k, self[k])"),
    ],
)
def test_rules_stand_at_nodes_of_every_type(node: Node, rule: str) -> None:
    raw = {**node, "x-kubernetes-validations": [{"rule": rule}]}
    assert [str(error) for error in schema_rules(raw, "p.properties[x]", 1, TotalCost())] == []


def test_null_counts_as_absent_in_fields_but_not_in_lists() -> None:
    optional = {"type": "string", "nullable": True}
    raw = schema(
        {"rule": "!has(self.s)", "message": "there"},
        {"rule": "self.l.all(x, x == null)", "message": "not null"},
        s=optional,
        l={"type": "array", "items": optional},
    )
    assert texts({"s": None, "l": [None]}, None, raw) == []
    assert texts({"s": "x", "l": [None]}, None, raw) == ["<nil>: Invalid value: there"]


def test_the_order_of_sets_and_list_maps_does_not_count() -> None:
    same = {"rule": "self == oldSelf", "message": "fixed"}
    tags = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    parts = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "properties": {"name": {"type": "string"}, "tags": tags}},
    }
    raw = schema(same, tags=tags, parts=parts, plain={"type": "array", "items": {"type": "string"}})
    old = {"tags": ["a", "b"], "parts": [{"name": "x", "tags": ["c", "d"]}, {"name": "y"}], "plain": ["a", "b"]}
    new = {"tags": ["b", "a"], "parts": [{"name": "y"}, {"name": "x", "tags": ["d", "c"]}], "plain": ["a", "b"]}
    assert texts(new, old, raw) == []
    assert texts({**new, "tags": ["b"]}, old, raw) == ["<nil>: Invalid value: fixed"]
    assert texts({**new, "plain": ["b", "a"]}, old, raw) == ["<nil>: Invalid value: fixed"]


def test_field_paths_through_maps_have_brackets() -> None:
    rule = {"rule": "false", "fieldPath": ".m['x']", "message": "no", "reason": "FieldValueDuplicate"}
    raw = {
        "type": "object",
        "properties": {
            "spec": schema(rule, m={"type": "object", "additionalProperties": {"type": "string"}}),
            "n": {"type": "integer", "x-kubernetes-validations": [{"rule": "false", "reason": "FieldValueDuplicate"}]},
        },
    }
    assert texts({"spec": {"m": {}}, "n": 1}, None, raw) == ["n: Duplicate value: 1", "spec.m[x]: Duplicate value"]


def test_messages_see_the_old_value_itself() -> None:
    rule = {
        "rule": "oldSelf.hasValue() && self.n == oldSelf.value().n",
        "optionalOldSelf": True,
        "messageExpression": "'was ' + string(oldSelf.n)",
        "message": "fixed",
    }
    raw = schema(rule, n={"type": "integer"})
    assert texts({"n": 2}, {"n": 1}, raw) == ["<nil>: Invalid value: was 1"]
    assert texts({"n": 2}, None, raw) == ["<nil>: Invalid value: fixed"]


def test_what_was_null_is_new() -> None:
    raw = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "nullable": True, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
        },
    }
    assert texts({"n": 2}, {"n": None}, raw) == []
