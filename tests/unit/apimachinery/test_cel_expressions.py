"""CEL as Kubernetes speaks it: dialect, functions, reports, types."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apimachinery import cel
from minikctl.apimachinery.cel import typing as kinds
from minikctl.apimachinery.cel.scopes import schema_scope
from minikctl.apimachinery.cel.syntax import SyntaxProblem, parse
from minikctl.apimachinery.cel.translate import unescape
from minikctl.apimachinery.cel.types import DYN, OBJECTS

OBJECT = {
    "metadata": {"name": "a", "labels": {"app": "x"}},
    "spec": {"replicas": 3, "foo-bar": 1, "list": [{"image": "a/b"}, {"image": "c"}]},
}


def value(source: str) -> Any:
    return cel.compile_(source).evaluate({"object": OBJECT})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("object.metadata.?labels['app'].orValue('none')", "x"),
        ("object.metadata.?annotations['app'].orValue('none')", "none"),
        ("object.spec.list[?5].hasValue()", False),
        ("object.?spec.?list[0].image.orValue('q')", "a/b"),
        ("has(object.spec.foo__dash__bar) && object.spec.foo__dash__bar == 1", True),
        ("Object{metadata: Object.metadata{labels: {'a': 'b'}}}", {"metadata": {"labels": {"a": "b"}}}),
        ("[?object.?absent, 2]", [2]),
        ("{?'a': object.?absent, 'b': 1}", {"b": 1}),
        ("cel.bind(x, 2, x * x)", 4),
        ("{'a': 1}.all(k, v, k == 'a' && v == 1)", True),
        ("[5, 6].transformList(i, v, i + v)", [5, 7]),
        ("{'a': 1}.transformMap(k, v, v + 1)", {"a": 2}),
        ("optional.of(5).optMap(v, v + 1).value()", 6),
        ("object.spec.list.map(c, c.image).join(', ')", "a/b, c"),
        ("'%s has %d'.format(['x', 3])", "x has 3"),
        ("'a,b,c'.split(',', 2)", ["a", "b,c"]),
        ("'hello'.substring(1, 3) + 'hello'.charAt(0)", "elh"),
        ("jsonpatch.escapeKey('a/b~c')", "a~1b~0c"),
        ("quantity('1Gi').isGreaterThan(quantity('900Mi'))", True),
        ("string(quantity('1500m').add(quantity('500m')))", "2"),
        ("cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))", True),
        ("url('https://u@example.com:8443/p?q=1').getHostname()", "example.com"),
        ("url('https://u:8@example.com:99999/p').getPort()", "99999"),
        ("url('https://[::1]:080/p').getPort() + url('https://[::1]/').getPort()", "080"),
        ("isSemver('1.2') || semver('v1.2', true).isLessThan(semver('1.10.0'))", True),
        ("string(timestamp('2024-01-01T00:00:00Z')) + string(duration('90s'))", "2024-01-01T00:00:00Z90s"),
        ("sets.contains([1, 2], [2]) && [3, 1].sort() == [1, 3]", True),
        ("[[1], [[2]]].flatten(0) == [[1], [[2]]] && [[1], [[2]]].flatten(2) == [1, 2]", True),
        ("[dyn(1), dyn(true)].distinct().size() == 2", True),
        ("string(1e6) + ' ' + string(123456.0) + ' ' + string(-0.00001)", "1e+06 123456 -1e-05"),
        ("string(timestamp('2024-01-01T00:00:00.5+02:00'))", "2024-01-01T00:00:00.5+02:00"),
        ("timestamp('2024-01-01T00:00:00+02:00').getHours()", 22),
        ("-9223372036854775808 < 0 && - -2 == 2 && !!true && --2 == 2", True),
        ("'abc'.indexOf('c', 9) == -1 && 'abc'.lastIndexOf('c', 9) == -1 && 'abc'.indexOf('') == 0", True),
        ("format.dns1123Label().validate('Bad').hasValue()", True),
        ("'abc'.find('[bc]+') == 'bc' && r'\\d' == '\\\\d'", True),
    ],
)
def test_values(source: str, expected: Any) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("object.spec.absent > 1", "no such key: absent"),
        ("1 / 0", "division by zero"),
        ("object.spec.replicas > 'a'", "no such overload"),
        ("[1][4]", "index out of bounds: 4"),
        ("'%s %s'.format(['a'])", "index 1 out of range"),
        (
            "'%d'.format(['a'])",
            "error during formatting: decimal clause can only be used on integers, was given string",
        ),
        ("'%z'.format([1])", 'could not parse formatting clause: unrecognized formatting clause "z"'),
        ("[1].slice(-1, 1)", "cannot slice(-1, 1), negative indexes not supported"),
        ("[1].slice(1, 0)", "cannot slice(1, 0), start index must be less than or equal to end index"),
        ("[1].slice(0, 2)", "cannot slice(0, 2), list is length 1"),
        ("[[1]].flatten(-1)", "level must be non-negative"),
        ("[dyn(1), dyn('a')].sortBy(x, x)", "list elements must have the same type"),
        ("[1].sortBy(x, {})", "list elements must be comparable"),
        ("object.metadata.name.matches(object.metadata.name + '[')", "error parsing regexp: missing closing ]: `[`"),
        (
            "object.metadata.name.find(object.metadata.name + '(')",
            "Illegal regex: error parsing regexp: missing closing ): `a(`",
        ),
        ("'abc'.charAt(9)", "index out of range: 9"),
        ("nobody", "undeclared reference to 'nobody' (in container '')"),
    ],
)
def test_failures_read_as_in_go(source: str, message: str) -> None:
    with pytest.raises(cel.EvaluationError) as caught:
        value(source)
    assert str(caught.value) == message


def test_syntax_reports_point_at_the_place() -> None:
    with pytest.raises(cel.CompileError) as caught:
        cel.compile_("object.?spec.(")
    assert str(caught.value) == (
        "ERROR: <input>:1:14: Syntax error: no viable alternative at input '.('\n | object.?spec.(\n | .............^"
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("object.all(x.y, x)", "1:13: argument must be a simple name\n | object.all(x.y, x)\n | ............^"),
        ("[1].map(2, 3)", "1:9: argument is not an identifier\n | [1].map(2, 3)\n | ........^"),
        ("{}.all(k, k, true)", "1:11: duplicate variable name: k\n | {}.all(k, k, true)\n | ..........^"),
        ("object.`a-b`", "1:8: unsupported syntax: '`'\n | object.`a-b`\n | .......^"),
        ("has(object)", "1:5: invalid argument to has() macro\n | has(object)\n | ....^"),
        ("package == 1", "1:1: reserved identifier: package\n | package == 1\n | ^"),
        ("99999999999999999999 > 1", "1:1: invalid int literal\n | 99999999999999999999 > 1\n | ^"),
    ],
)
def test_expressions_that_cannot_be_meant(source: str, told: str) -> None:
    with pytest.raises(cel.CompileError) as caught:
        cel.compile_(source)
    assert str(caught.value) == f"ERROR: <input>:{told}"


def test_gaps_are_told_once() -> None:
    with pytest.raises(cel.CompileError) as caught:
        cel.compile_("device.attributes[")
    assert str(caught.value).startswith("ERROR: <input>:1:19: Syntax error: mismatched input '<EOF>' expecting {'[', ")
    assert str(caught.value).count("ERROR") == 1


def test_wide_characters_have_wide_signs() -> None:
    found = cel.report("\t'é' == ñ", [("what", 8)])
    assert found == "ERROR: <input>:1:9: what\n |  'é' == ñ\n | ..\uff0e.....\uff3e"


@pytest.mark.parametrize("source", ["1 +", "a b", "(1", "{1: }", "'x", "a.", "x{", "#"])
def test_what_is_no_expression(source: str) -> None:
    with pytest.raises(SyntaxProblem):
        parse(source)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("object.spec.replicas <= 5", "bool"),
        ("object.metadata.name", "dyn"),
        ("'a' + string(1)", "string"),
        ("1 + 2", "int"),
        ("['a'].map(x, x.size())", "list(int)"),
        ("true ? 1.5 : 2.0", "double"),
        ("{'a': 1}", "map(string, int)"),
        ("Object{}", "Object"),
        ("[[1]].flatten()", "list(int)"),
        ("optional.of('a').orValue('b')", "string"),
        ("{'a': 1}.transformMap(k, v, string(v))", "map(string, string)"),
        ("quantity('1').add(1)", "kubernetes.Quantity"),
        ("format.dns1123Label().validate('a')", "optional_type(list(string))"),
        ("object.?a.b", "optional_type(dyn)"),
        ("timestamp('2024-01-01T00:00:00Z') - timestamp('2024-01-01T00:00:00Z')", "duration"),
        ("[1, dyn('a')]", "list(dyn)"),
        ("[3, 1].sortBy(x, -x)", "list(int)"),
    ],
)
def test_types(source: str, kind: str) -> None:
    found, problems = kinds.check(parse(source), {"object": DYN, OBJECTS: DYN})
    assert (str(found), problems) == (kind, [])


@pytest.mark.parametrize(
    ("source", "message", "at"),
    [
        ("nobody == 1", "undeclared reference to 'nobody' (in container '')", 0),
        ("foo(1)", "undeclared reference to 'foo' (in container '')", 3),
        ("'a' > 1", "found no matching overload for '_>_' applied to '(string, int)'", 4),
        ("'a'.b", "type 'string' does not support field selection", 3),
        ("'a'.startsWith(1)", "found no matching overload for 'startsWith' applied to 'string.(int)'", 14),
        ("size(1)", "found no matching overload for 'size' applied to '(int)'", 4),
        ("1 && true", "found no matching overload for '_&&_' applied to '(int, bool)'", 2),
        ("true ? 1 : 'a'", "found no matching overload for '_?_:_' applied to '(bool, int, string)'", 5),
        ("1 in [1.5]", "found no matching overload for '@in' applied to '(int, list(double))'", 2),
        ("[1, 'a']", "expected type 'int' but found 'string'", 4),
        ("[1].all(x, x)", "found no matching overload for '_&&_' applied to '(bool, int)'", 7),
        (
            "[1].filter(x, 'a')",
            "found no matching overload for '_?_:_' applied to '(string, list(int), list(int))'",
            10,
        ),
        (
            "'a'.map(x, x)",
            "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
            0,
        ),
        ("'a'.matches('[')", "invalid matches argument", 12),
        ("duration('1x') > duration('1s')", "invalid duration argument", 9),
        ("Object{}", "undeclared reference to 'Object' (in container '')", 6),
    ],
)
def test_type_problems(source: str, message: str, at: int) -> None:
    _, problems = kinds.check(parse(source), {})
    assert problems == [(message, at)]


def test_what_is_wrong_already_is_told_as_such() -> None:
    _, problems = kinds.check(parse("math.max(1, 2)"), {})
    assert [problem.message for problem in problems] == [
        "undeclared reference to 'math' (in container '')",
        "found no matching overload for 'max' applied to '!error!.(int, int)'",
    ]


def test_properties_go_by_their_escaped_names_and_reserved_words_by_themselves_too() -> None:
    schema = {"type": "object", "properties": {"namespace": {"type": "string"}, "a-b": {"type": "integer"}}}
    scope = schema_scope(schema, False, False)
    for source, wrong in (
        ("self.__namespace__ == 'a' && self.a__dash__b == 1", []),
        ("self.namespace == 'a'", []),
        ("self.if == 1", ["undefined field 'if'"]),
    ):
        assert [problem.message for problem in kinds.check(parse(source), scope)[1]] == wrong


def test_rules_see_what_is_declared() -> None:
    preserved = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": STRING}}
    embedded = {"type": "object", "x-kubernetes-embedded-resource": True}
    unknown = {"x-kubernetes-preserve-unknown-fields": True}
    fields = {"p": preserved, "e": embedded, "u": unknown, "us": {"type": "array", "items": unknown}, "o": OBJECT_NODE}
    scope = schema_scope({"type": "object", "properties": {**fields, "o2": OBJECT_NODE}}, False, False)
    for source, wrong in (
        ("self.p.known == self.e.metadata.name && has(self.p)", []),
        ("self.p.other == 1", ["undefined field 'other'"]),
        ("self.e.spec == 1", ["undefined field 'spec'"]),
        ("has(self.u) || has(self.us)", ["undefined field 'u'", "undefined field 'us'"]),
        ("self.o == self.o && type(self.o) == type(self.o2)", []),
        ("self.o == self.o2", ["found no matching overload for '_==_' applied to '(object, object)'"]),
    ):
        assert [problem.message for problem in kinds.check(parse(source), scope)[1]] == wrong


STRING = {"type": "string"}
OBJECT_NODE = {"type": "object", "properties": {"a": STRING}}


def test_escaped_names() -> None:
    assert [unescape(name) for name in ("a__dot__b", "__in__", "x__underscores__y", "plain")] == [
        "a.b",
        "in",
        "x__y",
        "plain",
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("format.dns1123Label().validate('A')", "a lowercase RFC 1123 label must consist of lower case alphanumeric"),
        ("format.dns1123LabelPrefix().validate('a-')", None),
        ("format.dns1035Label().validate('1')", "a DNS-1035 label must consist of lower case alphanumeric characters"),
        ("format.qualifiedName().validate('a/b/c')", "a valid label key must consist of alphanumeric characters"),
        ("format.uuid().validate('x')", "does not match the UUID format"),
        ("format.byte().validate('AA==')", None),
        ("format.date().validate('2024-02-30')", "invalid date"),
        ("format.datetime().validate('2024-02-03T04:05:06Z')", None),
        ("format.uri().validate('x y')", 'parse "x y": invalid URI for request'),
    ],
)
def test_named_formats_say_what_is_wrong(source: str, told: str | None) -> None:
    found = value(source)
    assert found.has_value() is (told is not None)
    if told is not None:
        assert found.value()[0].startswith(told)
