"""Rules of custom resources on data, as apiextensions-apiserver's `schema/cel` tests have them."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apiserver import schemarules
from minikctl.apiserver.validation import celcosts, expressions

Schema = dict[str, Any]

INTEGER, NUMBER, STRING = ({"type": kind} for kind in ("integer", "number", "string"))
SPAN, EITHER = {"type": "string", "format": "duration"}, {"x-kubernetes-int-or-string": True}
EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "foo", "generateName": "pickItForMe", "namespace": "n"}}


def object_of(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def list_of(items: Schema, kind: str = "atomic", *keys: str) -> Schema:
    found = {"type": "array", "items": items, "x-kubernetes-list-type": kind, "maxItems": 10}
    return {**found, "x-kubernetes-list-map-keys": list(keys)} if keys else found


def nullable(schema: Schema) -> Schema:
    return {**schema, "nullable": True}


def outcome(schema: Schema, rule: str, new: Any, old: Any = None) -> str:
    """What is wrong with a rule, or else what it has against an object."""
    ruled = {**schema, "x-kubernetes-validations": [{"rule": rule}]}
    found = expressions.schema_rules(ruled, "spec.x", 1, celcosts.TotalCost())
    return "; ".join(str(error) for error in found or schemarules.check(new, old, ruled)[0])


ENTRY = object_of(k=STRING, v=STRING)
SETS = object_of(s=list_of(INTEGER, "set"), t=list_of(INTEGER, "set"), plain=list_of(INTEGER))
MAPS = object_of(m=list_of(ENTRY, "map", "k"))
WORDS = {"true": 1, "namespace": 2, "int": 3, "size": 4, "dot.dot": 5, "dash-dash": 6, "a__b": 7}
RESERVED = {**EMBEDDED, **object_of(kind=STRING, apiVersion=STRING)}
RESERVED["properties"]["metadata"] = object_of(name=STRING, generateName=STRING, namespace=STRING)
CASES: list[tuple[Schema, Any, list[str]]] = [
    (
        SETS,
        {"s": [1, 2], "t": [2, 1], "plain": [2, 1]},
        ["self.s == self.t", "(self.s + self.t).size() == 2", "self.plain != self.s", "self.s + [3] == self.t + [3]"],
    ),
    (
        object_of(o=EITHER),
        {"o": "25%"},
        [
            "self.o == '25%' && self.o != 1 && self.o != ['anything']",
            "type(self.o) == string && int(self.o.replace('%', '')) == 25",
        ],
    ),
    (
        object_of(a=STRING, n=nullable(STRING), l=list_of(nullable(STRING))),
        {"n": None, "l": [None, "x"]},
        ["!has(self.a) && !has(self.n)", "self.l.size() == 2 && type(self.l[0]) == null_type"],
    ),
    (
        object_of(**dict.fromkeys(WORDS, INTEGER)),
        WORDS,
        [
            "self.__true__ == 1 && self.__namespace__ == 2 && self.namespace == 2 && self.int == 3 && self.size == 4",
            "self.dot__dot__dot == 5 && self.dash__dash__dash == 6 && self.a__underscores__b == 7",
        ],
    ),
    (object_of(e=EMBEDDED), {"e": POD}, ["self.e.kind == 'Pod' && self.e.metadata.generateName == 'pickItForMe'"]),
    (object_of(e=RESERVED), {"e": POD}, ["has(self.e.metadata.namespace) && self.e.metadata.namespace == 'n'"]),
    (
        object_of(d=SPAN),
        {"d": "1h2m3s4ms"},
        [
            "self.d.getHours() == 1 && self.d.getMinutes() == 62 && self.d.getSeconds() == 3723",
            "self.d.getMilliseconds() == 3723004 && string(self.d) == '3723.004s'",
        ],
    ),
    (
        object_of(),
        {},
        [
            "url('https://example.com/with space/%41').getEscapedPath() == '/with%20space/A'",
            "url('/a%2Fb(c)').getEscapedPath() == '/a%2Fb(c)'",
            "type(ip('::1')) == net.IP && type(cidr('::1/128')) != net.IP && type(type(1)) == type",
            "string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z'",
            "03 + int('+4') == 7 && string(10.0) == '10'",
        ],
    ),
]


@pytest.mark.parametrize(
    ("schema", "value", "rule"), [(schema, value, rule) for schema, value, rules in CASES for rule in rules]
)
def test_rules_that_hold(schema: Schema, value: Any, rule: str) -> None:
    assert outcome(schema, rule, value) == ""


def test_transition_rules_of_maps_and_sets() -> None:
    new, old = ({"m": [{"k": k, "v": v} for k, v in entries]} for entries in (("ax", "by"), ("by", "ax")))
    assert outcome(MAPS, "self == oldSelf && self.m[0] != oldSelf.m[0]", new, old) == ""
    merged = "(oldSelf.m + self.m) == self.m && (oldSelf.m + self.m)[1].v == 'z'"
    assert outcome(MAPS, merged, {"m": [{"k": "b", "v": "z"}, {"k": "a", "v": "x"}]}, new) == ""


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("self.s.find(')') == ''", "program instantiation failed: error parsing regexp: unexpected ): `)`"),
        ("matches(self.s, '[')", "program instantiation failed: error parsing regexp: missing closing ]: `[`"),
        ("int('a') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"),
        ("self.s.matches('x++')", "<input>:1:16: invalid matches argument"),
        ("timestamp(-62135596801) == timestamp(0)", "<input>:1:11: invalid timestamp argument"),
        ("timestamp('1000-00-00T00:00:00Z') == timestamp(0)", "<input>:1:11: invalid timestamp argument"),
        ("timestamp('2000-01-01') == timestamp(0)", "<input>:1:11: invalid timestamp argument"),
        ("duration('1d') == duration('1s')", "<input>:1:10: invalid duration argument"),
        ("self.true == 1", "<input>:1:6: Syntax error: no viable alternative at input '.true'"),
        ("self.o['b'] == 'x'", "found no matching overload for '_[_]'"),
        ("has(self.o.d.e)", "no such key: d"),
        ("[?dyn(self.s)] == []", "cannot initialize optional list element from non-optional value x"),
        ("{?'a': dyn(self.s)} == {}", "cannot initialize optional entry 'a' from non-optional value x"),
        ("[9223372036854775807, size(self.s)].sum() > 0", "integer overflow"),
        ("string(b'\\xff') == self.s", "invalid UTF-8 in bytes, cannot convert to string"),
        ("self.l[100] == 'x'", "index out of bounds: 100"),
    ],
)
def test_rules_that_do_not(rule: str, wrong: str) -> None:
    schema = object_of(s=STRING, l=list_of(STRING), o=object_of(b=STRING, d=object_of(e=STRING)))
    assert wrong in outcome(schema, rule, {"s": "x", "l": [], "o": {}})
