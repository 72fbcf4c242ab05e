"""Evaluation step by step: the values of the engine, failures in cel-go's words, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apimachinery import cel
from minikctl.apimachinery.cel.evaluation import CostExceededError, Walk
from minikctl.apimachinery.cel.library import FunctionError
from minikctl.apimachinery.cel.literals import value_of

DATA = {"list": ["a", "b", "c"], "n": 3, "text": "x" * 25, "map": {"k": "v"}, "empty": []}


def walked(source: str, limit: float = float("inf")) -> tuple[Any, int]:
    walk = Walk({}, None, limit)
    return walk.value(cel.compile_(source).tree, {"self": DATA}), walk.cost


@pytest.mark.parametrize(
    "source",
    [
        "self.list.map(x, x + '!') == ['a!', 'b!', 'c!']",
        "self.list.filter(x, x > 'a').size() == 2",
        "self.list.exists_one(x, x == 'a') && !self.list.exists(x, x == 'z')",
        "self.map.all(k, v, k == 'k' && v == 'v')",
        "self.list.transformMap(i, v, i > 0, v) == {1: 'b', 2: 'c'}",
        "self.?absent.orValue(7) == 7 && self.?map.k.hasValue()",
        "optional.of(2).optMap(x, x * 2).value() == 4",
        "has(self.n) && !has(self.m)",
        "7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1 && 7.0 / 2.0 == 3.5",
        "'é'.size() == 1 && size(b'é') == 2",
        "timestamp('2024-02-29T23:30:00Z').getDayOfMonth('+01:00') == 0",
        "duration('90s').getMinutes() == 1 && duration('1h') > duration('59m')",
        "int('12') + int(3.9) == 15 && string(1.5) == '1.5' && double('2') == 2.0",
        "[3, 1, 2].sortBy(x, -x) == [3, 2, 1] && lists.range(2) == [0, 1]",
        "(self.n > 2 ? 'many' : 'few') == 'many'",
        "1 / 0 == 1 || true",
        "{'a': [1, 2]}.a[1] in [2]",
        "[?optional.of(1), ?optional.none()] == [1]",
    ],
)
def test_the_engine_agrees(source: str) -> None:
    assert walked(source)[0] is cel.compile_(source).evaluate({"self": DATA}) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("int('a')", "type conversion error from 'string' to 'int'"),
        ("duration('a')", "type conversion error from 'string' to 'google.protobuf.Duration'"),
        ("self.list[3]", "index out of bounds: 3"),
        ("self.m", "no such key: m"),
        ("self.n.m", "no such overload"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("self.n % 0", "modulus by zero"),
        ("self.list.all(x, x)", "no such overload"),
    ],
)
def test_failures_read_as_in_go(source: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        walked(source)
    with pytest.raises(cel.EvaluationError, match=message):
        cel.compile_(source).evaluate({"self": DATA})


@pytest.mark.parametrize(
    ("source", "cost"),
    [
        ("true", 0),
        ("self.n > 1", 3),
        ("has(self.n)", 1),
        ("self.map['k'] == 'v'", 4),
        ("self.empty.all(x, true)", 3),
        # three for each, two for the look at the condition that ends the loop
        ("self.list.all(x, x < 'b')", 2 + (3 + 2) * 2 + 2 + 1),
        ("self.list.exists(x, x == 'c')", 2 + (4 + 2) * 3 + 1),
        ("self.list.map(x, x)", 2 + 3 * (1 + 12) + 1),
        ("self.list.filter(x, x == 'a')", 2 + 3 * 2 + 13 + 1),
        # constant lists are made when the expression is compiled
        ("self.n in [1, 2, 3]", 2),
        ("[self.n, 1].size() == 2", 2 + 10 + 1 + 1),
        ("self.text.startsWith('x')", 2 + 3),
        ("self.text.matches('x+y')", 2 + 3 * 1),
        ("self.text + 'ab' == 'ab'", 2 + 3 + 1),
        ("self.n > 5 && self.text.matches('(x+)+')", 3),
        ("self.n > 1 ? 'a' : self.text", 3),
        ("self.list.join(', ')", 2 + 2),
        ("url('https://example.com/').getHost()", 2 + 1),
        ("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 2 + 5),
        ("cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 2 + 5),
        ("cidr('192.168.0.0/16').containsIP(ip('192.169.169.250'))", 2 + 3),
        ("cidr('2001:db8::/32').containsIP('2001:db8:3333:4444:5555:6666:7777:8888')", 2 + 5),
        ("ip('2001:db8:3333:4444:5555:6666:7777:8888') == ip('192.168.0.1')", 7),
        ("ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8),
        ("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 9),
        ("[self.list[0]].distinct() == ['a']", 10 + 3 + 2 + 11 + 1),
        ("lists.range(3) == [0, 1, 2]", 3 + 11 + 1),
        ("sets.equivalent(self.list, ['a', 'b'])", 2 + 12 + 1),
        ("semver('1.2.3') == semver('1.2.3')", 3),
    ],
)
def test_costs_are_those_of_what_was_evaluated(source: str, cost: int) -> None:
    assert walked(source)[1] == cost


def test_an_evaluation_stops_at_its_limit() -> None:
    with pytest.raises(CostExceededError):
        walked("self.list.all(x, self.list.exists(y, x == y))", 20)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'a\\n\\x41\\u00e9'", "a\nAé"),
        ("r'\\d'", "\\d"),
        ("b'\\xffé'", b"\xff\xc3\xa9"),
        ('"""a"b"""', 'a"b'),
        ("0x1F", 31),
        ("7u", 7),
        ("1e3", 1000.0),
        ("null", None),
    ],
)
def test_literals(literal: str, value: Any) -> None:
    assert value_of(literal) == value
