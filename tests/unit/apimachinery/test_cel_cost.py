"""Estimated costs of CEL expressions, in cel-go's units."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.cel import cost, prices, sizes
from minikctl.apimachinery.cel.scopes import device_scope, schema_scope
from minikctl.apimachinery.cel.syntax import parse

STRING = {"type": "string"}
FIELDS = {
    "n": {"type": "integer"},
    "text": STRING,
    "short": {"type": "string", "maxLength": 10},
    "day": {"type": "string", "format": "date"},
    "one": {"type": "string", "enum": ["a", "abcd"]},
    "list": {"type": "array", "items": STRING},
    "few": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 5}},
    "map": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 5}},
}
RAW = {"type": "object", "properties": FIELDS}
MANY = 3145728 - 2


def estimated(raw: dict[str, Any], expression: str) -> int:
    return cost.estimate(parse(expression), schema_scope(raw, False, False), sizes.SchemaSizes(raw, False))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "array", "items": {"type": "number"}}, 4718591),
        ({"type": "array", "items": {"type": "number"}, "maxItems": 10}, 32),
    ],
)
def test_a_loop_costs_three_per_element(raw: dict[str, Any], expected: int) -> None:
    assert estimated(raw, "self.all(x, true)") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("true", 0),
        ("self.n > 1", 3),
        ("self.n > -1", 3),
        ("self.n > -self.n", 6),
        ("has(self.n)", 1),
        ("has(self.n) && self.n > 1", 4),
        ("self.n > 1 ? self.n < 5 : true", 6),
        ("self.short == 'abc'", 3),
        ("self.short.startsWith('abc')", 3),
        ("self.short.contains('abc')", 6),
        ("self.short.matches('^a+b+$')", 12),
        ("self.one.size() == 1", 4),
        ("[1, 2].size() == 2", 12),
        ("self.text + 'a' == 'b'", 3 + 314573),
        ("self.few.map(x, x.upperAscii()).join(',') == 'A'", 1844674407370955428),
        ("self.few.join(',') == 'A'", 2 + 21 + 1),
        ("self.few.isSorted()", 2 + 10 * 3),
        ("sets.contains([1, 2, 3, 4], [2, 3])", 29),
        ("!sets.equivalent([1, 2], [2, 2, 2])", 34),
        ("sets.intersects([[1], [2, 3]], [[1, 2], [2, 3]])", 65),
        ("{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})", 131),
        ("[1, 2].transformList(i, v, v < 5, v + 1)", 53),
        ("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 11),
        ("cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 2 + 9),
        ("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 2 + 9),
        ("cidr('192.168.0.0/16').containsIP(ip('192.169.169.250'))", 2 + 6),
        ("cidr('192.168.0.0/16').containsIP('192.0.0.1')", 2 + 5),
        ("'abc 123 def 123'.replace('123', '456')", 3),
        ("'  abc 123 def 123  '.trim()", 2),
        ("self.few.all(x, x.size() > 1)", 2 + 10 * (3 + 3) + 1),
        ("self.few.exists(x, x == 'a')", 2 + 10 * (4 + 2) + 1),
        ("self.few.filter(x, x == 'a').size() > 0", 2 + 10 + 10 * (13 + 2) + 1 + 2),
        ("self.map.all(k, self.map[k] == 'a')", 2 + MANY // 8 * (3 + 5) + 1),
        ("self.list.isSorted()", 2 + MANY // 3 * (1 + 314573)),
        ("cel.bind(x, self.short, x == 'abc')", 10 + 2 + 2),
        ("optional.of(self.n).hasValue()", 4),
        ("self.few.reverse().size() == 1", 2 + 10 + 11 + 1 + 1),
        ("self.few.distinct().size() == 1", 2 + 210 + 11 + 1 + 1),
        ("self.few.sortBy(x, x.size()).size() == 1", 10 + 2 + 2 + 10 + 10 * (12 + 2) + 1 + 200 + 11 + 1 + 1),
        ("self.few.slice(1, 4).size() == 3", 2 + 3 + 11 + 1 + 1),
        ("lists.range(5).size() == 5", 5 + 11 + 1 + 1),
        ("[self.few].flatten().size() == 1", 2 + 10 + 1 + 11 + 1 + 1),
        ("sets.contains(self.few, ['a', 'b'])", 2 + 10 + 20 + 1),
        ("sets.equivalent(self.few, self.few)", 4 + 200 + 1),
        ("quantity(self.short) == quantity('1')", 2 + 4 + 1 + 1),
        ("ip.isCanonical(self.short)", 2 + 8),
        ("ip('192.168.0.1') == ip('192.168.0.1')", 2 + 2 + 1),
        ("cidr('192.168.0.0/16').ip().family()", 2 + 1 + 1),
        ("semver(self.short).major() == 1", 2 + 4 + 1 + 1),
        ("strings.quote(self.short) == 'a'", 2 + 4 + 1),
        ("self.text.split(',', 3).all(x, true)", 2 + 629146 + 3 * 3 + 1),
        ("format.dns1123Label().validate(self.short).hasValue()", 2 + 1 + 4 * 32 + 1),
    ],
)
def test_prices(expression: str, expected: int) -> None:
    assert estimated(RAW, expression) == expected


def test_what_nothing_bounds_costs_the_most_there_is() -> None:
    expression = "self.list.all(a, self.list.all(b, self.list.all(c, self.list.all(d, a == b && c == d))))"
    assert estimated(RAW, expression) == prices.UNKNOWN


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("self", "short"), 40),
        (("self", "day"), 12),
        (("self", "one"), 4),
        (("self", "list", "@items"), MANY),
        (("self", "map"), MANY // 8),
        (("self", "map", "@keys"), 0),
        (("self", "absent"), None),
        (("int",), 0),
    ],
)
def test_sizes_that_a_schema_allows(path: tuple[str, ...], expected: int | None) -> None:
    assert sizes.SchemaSizes(RAW, False).of(path) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("device.driver == 'x'", 2 + 1),
        ("device.attributes['a'].b == 'x'", 4 + 1),
        ("device.attributes['a'].b.matches('^abcd$')", 4 + 7 * 2),
        ("device.attributes.all(d, d == 'x')", 2 + 32 * (1 + 1 + 3) + 1),
        ("device.capacity['a'].b.isGreaterThan(quantity('1Gi'))", 4 + 1 + 1),
    ],
)
def test_selectors_of_devices(expression: str, expected: int) -> None:
    assert cost.estimate(parse(expression), device_scope(), sizes.DeviceSizes()) == expected


def test_sizes_of_data_are_those_of_the_largest() -> None:
    found = sizes.ValueSizes({"self": {"a": [{"b": "xy"}, {"b": "xyz"}], "m": {"key": 1}}})
    assert [found.of(("self", *rest)) for rest in (("a",), ("a", "@items", "b"), ("m", "@keys"))] == [2, 3, 3]
