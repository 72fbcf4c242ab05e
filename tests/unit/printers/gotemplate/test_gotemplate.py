"""go-template; what is expected here was compared with a real kubectl."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.printers.gotemplate import ExecutionFailed, TemplateError, template

DATA: dict[str, Any] = {
    "kind": "Foo",
    "spec": {
        "n": 5,
        "f": 2.5,
        "t": True,
        "z": None,
        "s": "héllo",
        "e": [],
        "m": {"k": "<&>"},
        "nums": [0, 1, 2, 3],
        "l": [{"name": "a", "port": 80}, {"name": "b", "port": 443}],
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{.kind}} {{.spec.n}} {{.spec.f}} {{.spec.t}}", "Foo 5 2.5 true"),
        ("{{.spec.z}} {{.none}} {{.none.x}}", "<no value> <no value> <no value>"),
        ("{{.spec.m}} {{.spec.nums}}", "map[k:<&>] [0 1 2 3]"),
        ("{{range .spec.l}}{{.name}}={{.port}};{{end}}", "a=80;b=443;"),
        ("{{range $i, $e := .spec.nums}}{{if eq $i 2}}{{break}}{{end}}{{$i}}{{$e}} {{end}}", "00 11 "),
        ("{{range $i, $e := .spec.nums}}{{if eq $i 2}}{{continue}}{{end}}{{$i}} {{end}}", "0 1 3 "),
        ("{{range $k, $v := .spec.m}}{{$k}}:{{$v}}{{end}}", "k:<&>"),
        ("{{range .spec.e}}x{{else}}empty{{end}}", "empty"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{if .spec.e}}a{{else if .spec.t}}b{{end}}", "b"),
        ("{{with .spec.m}}{{.k}}{{end}}{{with .none}}x{{else with .kind}}{{.}}{{end}}", "<&>Foo"),
        ("{{$x := .spec.n}}{{$x = 7}}{{$x}}{{if true}}{{$x := 9}}{{$x}}{{end}}{{$x}}", "797"),
        ('{{define "T"}}[{{.}}]{{end}}{{template "T" .kind}}{{block "B" 1}}<{{.}}>{{end}}', "[Foo]<1>"),
        ("a {{- /* c */ -}} b {{- 1 -}}  c", "ab1c"),
        ('{{and 1 0}} {{or 0 "x"}} {{not 0}} {{1 | and 2}}', "0 x true 1"),
        ("{{eq .spec.n 5}} {{ne .kind `x`}} {{lt 1 2}} {{le 2 2}}", "true true true true"),
        ("{{gt 1 2}} {{ge 1 2}}", "false false"),
        ('{{eq .kind "A" "Foo"}} {{eq .none nil}} {{eq .none "x"}}', "true true false"),
        ('{{index .spec.l 1 "name"}} {{index .spec "none"}} {{index .kind 0}}', "b <no value> 70"),
        ("{{len .spec.l}} {{len .spec.s}} {{slice .spec.nums 1 3}} {{slice .kind 1}}", "2 6 [1 2] oo"),
        ('{{print 1 2 "a" "b" 3}} {{println 1 "a"}}', "1 2ab3 1 a\n"),
        ("{{html .spec.m.k}} {{js .spec.m.k}} {{urlquery `a b&c`}}", "&lt;&amp;&gt; \\u003C\\u0026\\u003E a+b%26c"),
        ('{{exists .spec "l" 0 "name"}} {{exists .spec "z"}}', "true false"),
        ('{{base64decode "aGVsbG8="}} {{"aA==" | base64decode}}', "hello h"),
        ("{{'a'}} {{0x10}} {{1e3}} {{1_000}} {{.5}} {{`raw`}} {{\"\\u00e9\"}}", "97 16 1000 1000 0.5 raw é"),
        ("{{(index .spec.l 0).name}} {{.spec.l | len | printf `%03d`}} {{$.kind}}", "a 002 Foo"),
        ("{{.kind\n  | printf\n  `%s`}}", "Foo"),
    ],
)
def test_templates(text: str, expected: str) -> None:
    assert template(text)(DATA) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"%5d|%-5d|%05d|%x|%+d" 5 5 5 255 5', "    5|5    |00005|ff|+5"),
        ('"%s|%q|%10s|%-6s|%.2s" .kind .kind .kind .kind .kind', 'Foo|"Foo"|       Foo|Foo   |Fo'),
        ('"%6.2f|%e|%g|%.3g" 2.5 2.5 1e-7 1234.5', "  2.50|2.500000e+00|1e-07|1.23e+03"),
        ('"%t %v %T %T %T" true .spec.m .spec.l .spec.n 1', "true map[k:<&>] []interface {} int64 int"),
        ('"%d %s" .kind', "%!d(string=Foo) %!s(MISSING)"),
        ('"%d" 1 "a"', "1%!(EXTRA string=a)"),
        ('"%z %! %%|%" 1', "%!z(int=1) %!!(MISSING) %|%!(NOVERB)"),
        ('"%v %s" nil nil', "<nil> %!s(<nil>)"),
        ('"%[2]d %[1]d %*d" 1 2 5', "2 1  5"),
        ('"%d %s" .spec.nums .spec.nums', "[0 1 2 3] [%!s(int64=0) %!s(int64=1) %!s(int64=2) %!s(int64=3)]"),
        ('"%c %U %#x %o %b" 65 233 255 8 5', "A U+00E9 0xff 10 101"),
    ],
)
def test_printf(arguments: str, expected: str) -> None:
    assert template("{{printf " + arguments + "}}")(DATA) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{.kind", "unclosed action"),
        ("{{nope}}", 'function "nope" not defined'),
        ("{{if}}x{{end}}", "missing value for if"),
        ("{{if true}}x", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{break}}", "{{break}} outside {{range}}"),
        ("{{$y}}", 'undefined variable "$y"'),
        ('{{"a" | 2}}', "non executable command in pipeline stage 2"),
        ("{{range $a, $b, $c := .x}}{{end}}", "too many declarations in range"),
        ("{{..}}", "unexpected <.> in operand"),
        ('{{"a".b}}', 'unexpected . after term "\\"a\\""'),
        ("{{(.kind}}", "unclosed left paren"),
        ("{{1a}}", 'bad number syntax: "1a"'),
        ("{{/* x }}", "unclosed comment"),
        ("{{define T}}{{end}}", 'unexpected "T" in define clause'),
    ],
)
def test_templates_that_cannot_be_parsed(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as error:
        template(text)
    assert str(error.value) == f"error parsing template {text}, template: output:1: {message}\n"


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("{{.kind.x}}", "1:7 <.kind.x>", "can't evaluate field x in type interface {}"),
        ("{{.spec.z.x}}", "1:7 <.spec.z.x>", "nil pointer evaluating interface {}.x"),
        ("{{index .spec.nums 9}}", "1:2 <index .spec.nums 9>", "error calling index: index out of range: 9"),
        ("{{eq 1 1.5}}", "1:2 <eq 1 1.5>", "error calling eq: incompatible types for comparison: int and float64"),
        ("{{lt .kind 1}}", "1:2 <lt .kind 1>", "error calling lt: incompatible types for comparison: string and int"),
        ("{{printf 1}}", "1:9 <1>", "expected string; found 1"),
        ("{{not}}", "1:2 <not>", "wrong number of args for not: want 1 got 0"),
        ('{{template "no"}}', '1:11 <{{template "no"}}>', 'template "no" not defined'),
        ("{{nil}}", "1:2 <nil>", "nil is not a command"),
        ("{{range .kind}}{{end}}", "1:8 <.kind>", "range can't iterate over Foo"),
        ("x\n {{len 1}}", "2:3 <len 1>", "error calling len: len of type int"),
    ],
)
def test_templates_that_cannot_be_executed(text: str, at: str, message: str) -> None:
    with pytest.raises(ExecutionFailed) as error:
        template(text)(DATA)
    quoted = text.replace('"', '\\"').replace("\n", "\\n")
    place, node = at.split(" ", 1)
    where = f'template: output:{place}: executing "output" at {node}: '
    assert str(error.value) == f'error executing template "{quoted}": {where}{message}'


@pytest.mark.parametrize(
    ("data", "byte"),
    [("!", 0), ("aGVsbG8", 4), ("YQ=", 3), ("YQ==YQ==", 4), ("YQ=x", 2), ("a", 0), ("====", 0)],
)
def test_corrupt_base64(data: str, byte: int) -> None:
    with pytest.raises(ExecutionFailed, match=f"base64 decode failed: illegal base64 data at input byte {byte}$"):
        template("{{base64decode .}}")(data)


def test_missing_keys_can_be_errors() -> None:
    with pytest.raises(ExecutionFailed, match='map has no entry for key "none"'):
        template("{{.none}}", allow_missing_keys=False)(DATA)


def test_a_failure_reports_template_and_object_after_what_was_printed() -> None:
    with pytest.raises(ExecutionFailed) as error:
        template("ab{{.a.b}}")({"a": 1})
    assert error.value.printed == (
        'abError executing template: template: output:1:6: executing "output" at <.a.b>: can\'t evaluate field b in '
        "type interface {}. Printing more information for debugging the template:\n\ttemplate was:\n\t\tab{{.a.b}}\n"
        '\traw data was:\n\t\t{"a":1}\n\tobject given to template engine was:\n\t\tmap[a:1]\n\n'
    )


_WORDS = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    ".",
    ".spec",
    ".kind",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    "nil",
    "true",
    "1",
    "1.5",
    '"a"',
    "`b`",
    "index",
    "len",
    "printf",
    '"%d"',
    "eq",
    "and",
    "not",
    "/*",
    "*/",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=12))
def test_any_text_gives_a_result_or_a_complaint(words: list[str]) -> None:
    try:
        assert isinstance(template("{{" + " ".join(words))(DATA), str)
    except (TemplateError, ExecutionFailed) as error:
        assert str(error)
