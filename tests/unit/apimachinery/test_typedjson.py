"""What Go would hold of a JSON text, or that it would not take it."""

from __future__ import annotations

import json

import pytest

from minikctl.apimachinery import typedjson

POLICY = typedjson.struct("core.Policy", type=typedjson.string, value=typedjson.int32)
RULES = typedjson.struct(
    "core.Rules", policies=typedjson.many(POLICY), tolerance=typedjson.amount, since=typedjson.moment
)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("null", {}),
        ('{"Policies":[{"TYPE":"Pods","Value":4,"more":[]},null]}', {"policies": [{"type": "Pods", "value": 4}, {}]}),
        ('{"policies":null,"tolerance":0.5}', {"tolerance": "500m"}),
        ('{"tolerance":"1000m","since":"2026-01-01T00:00:00Z"}', {"tolerance": "1", "since": "2026-01-01T00:00:00Z"}),
    ],
)
def test_what_fits_is_held_by_the_names_of_the_fields(text: str, held: object) -> None:
    assert typedjson.read(text, RULES) == held


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "5", "[]", '"x"', "[" * 100_000, '{"policies":{}}', '{"policies":[5]}', '{"policies":[{"type":5}]}'),
        *('{"policies":[{"value":true}]}', '{"policies":[{"value":1.5}]}', '{"policies":[{"value":2147483648}]}'),
        *('{"tolerance":"banana"}', '{"tolerance":[]}', '{"since":"today"}', '{"since":5}'),
    ],
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        typedjson.read(text, RULES)


def test_selectors_have_their_parts() -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}
    assert typedjson.read(json.dumps(selector), typedjson.LABEL_SELECTOR) == selector
    with pytest.raises(ValueError, match=r"field LabelSelector[.]MatchLabels of type string"):
        typedjson.read('{"matchLabels":{"a":1}}', typedjson.LABEL_SELECTOR)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "json: cannot unmarshal array into Go value of type core.Rules"),
        ('{"Policies":7}', "json: cannot unmarshal number into Go struct field Rules.Policies of type []core.Policy"),
        (
            '{"policies":[{"value":1.5}]}',
            "json: cannot unmarshal number 1.5 into Go struct field Policy.Policies.Value of type int32",
        ),
        ('{"policies":', "unexpected end of JSON input"),
        ("[" * 100_000, "exceeded max depth"),
    ],
)
def test_what_does_not_fit_is_told_in_go_s_words(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        typedjson.read(text, RULES)
    assert str(caught.value) == problem


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert typedjson.read('"a\\ud800b"', typedjson.string) == "a\ufffdb"
