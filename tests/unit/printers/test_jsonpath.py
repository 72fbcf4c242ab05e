"""kubectl's JSONPath dialect; what is expected here was compared with a real kubectl."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.printers.jsonpath import JSONPath, JSONPathError, explain_failure, relaxed

DATA: dict[str, Any] = {
    "kind": "Foo",
    "metadata": {"labels": {"x.y/z": "dotted"}},
    "spec": {
        "n": 5,
        "f": 2000001.0,
        "t": True,
        "z": None,
        "m": {"k": "<&>"},
        "e": [],
        "nums": [0, 1, 2, 3, 4, 5],
        "l": [
            {"name": "a", "port": 80, "w": 1.5, "tags": ["p", "q"]},
            {"name": "b", "port": 443, "w": 2.5},
        ],
    },
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain text", "plain text"),
        ("{.spec.n} {.spec.f} {.spec.t} {.spec.z}", "5 2.000001e+06 true null"),
        ("{.spec.m}", '{"k":"\\u003c\\u0026\\u003e"}'),
        ("{.metadata.labels.x\\.y/z}", "dotted"),
        ("{.spec.nums[-1]} {.spec.nums[1:3]} {.spec.nums[::2]} {.spec.nums[-3:]}", "5 1 2 0 2 4 3 4 5"),
        ("{.spec.nums[1,3]}", "1 3"),
        ("{.spec.l[*]['name','port']}", "a b 80 443"),
        ("{.spec.l[?(@.port>100)].name}", "b"),
        ('{.spec.l[?(@.name=="a")].port}', "80"),
        ("{.spec.l[?(@.tags)].name}", "a"),
        ('{.spec.l[?(@.none=="x")].name}', ""),
        ("{range .spec.l[*]}{.name}={.port}{'\\n'}{end}end", "a=80\nb=443\nend"),
        ("{range .spec.l[*]}{.name}{range .tags[*]}<{@}>{end};{end}", "a<p><q>;b;"),
        ("{range .spec.e[*]}{.name}{end}after", "after"),
        ("{range .spec.l[*]}{.name}{end}{range .spec.nums[0:2]}-{@}{end}", "ab-0-1"),
        ("{..name}", "a b"),
        ("{.none}|", "|"),
        ("{\"\\u00e9\\x41\"}{'a\\'b'}", "éAa'b"),
        ("{1.5}{-3}{true}", "1.5-3true"),
        ("{.kind.*}", "70 111 111"),
    ],
)
def test_results(template: str, expected: str) -> None:
    assert JSONPath(template, allow_missing_keys=True).render(DATA) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.spec", "unclosed action"),
        ("{(}", "unrecognized character in action: U+0028 '('"),
        ('{"abc}', "unterminated quoted string"),
        ("{.spec.nums[1", "unterminated array"),
        ("{.spec.nums[a]}", "invalid array index a"),
        ('{.l[?(@.name=="b"}', "unterminated filter"),
        ("{....name}", "invalid multiple recursive descent"),
        ('{"\\q"}', 'unquote string "\\q" error invalid syntax'),
        ("{1.2.3}", "cannot parse number 1.2.3"),
    ],
)
def test_templates_that_cannot_be_parsed(template: str, message: str) -> None:
    with pytest.raises(JSONPathError) as error:
        JSONPath(template)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.none}", "none is not found"),
        ("{.spec.nums[6]}", "array index out of bounds: index 6, length 6"),
        ("{.spec.nums[0:9]}", "array index out of bounds: index 8, length 6"),
        ("{.spec.nums[2:1]}", "starting index 2 is greater than ending index 1"),
        ("{.spec.nums[::-1]}", "step must be > 0"),
        ("{.kind[0]}", "string is not array or slice"),
        ("{.metadata[?(@.a)]}", "map[labels:map[x.y/z:dotted]] is not array or slice and cannot be filtered"),
        ("{.spec.l[?(@.name==1)]}", "incompatible types for comparison"),
        ("{.spec.l[?(@.w>2)]}", "incompatible types for comparison"),
        ("{end}", "not in range, nothing to end"),
        ("{foo}", "unrecognized identifier foo"),
    ],
)
def test_templates_that_cannot_be_executed(template: str, message: str) -> None:
    with pytest.raises(JSONPathError) as error:
        JSONPath(template).render(DATA)
    assert str(error.value) == message


def test_json_output_wraps_each_result_in_a_list() -> None:
    assert JSONPath("{.spec.n}", json_output=True).render(DATA) == "[\n    5\n]\n"


def test_a_failure_shows_template_and_object() -> None:
    text = explain_failure("{.a}", JSONPathError("a is not found"), {"b": [1, None, "x"]})
    assert text == (
        'error executing jsonpath "{.a}": Error executing template: a is not found. Printing more information for '
        "debugging the template:\n\ttemplate was:\n\t\t{.a}\n\tobject given to jsonpath engine was:\n"
        '\t\tmap[string]interface {}{"b":[]interface {}{1, interface {}(nil), "x"}}\n\n\n'
    )


@pytest.mark.parametrize("path", ["a.b", ".a.b", "{a.b}", "{.a.b}"])
def test_relaxed_paths(path: str) -> None:
    assert relaxed(path) == "{.a.b}"


def test_bad_relaxed_path() -> None:
    with pytest.raises(JSONPathError, match="unexpected path string, expected a 'name1"):
        relaxed("{a}{b}")


_PARTS = [
    "{",
    "}",
    ".",
    "..",
    "[",
    "]",
    "?(",
    ")",
    "@",
    "$",
    "*",
    ",",
    ":",
    "'",
    '"',
    "\\",
    "==",
    "<",
    "1",
    "-1",
    "a",
    "spec",
    "l",
    "nums",
    "range",
    "end",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PARTS), max_size=14))
def test_any_text_gives_a_result_or_a_complaint(parts: list[str]) -> None:
    try:
        assert isinstance(JSONPath("{" + "".join(parts), allow_missing_keys=True).render(DATA), str)
    except JSONPathError as error:
        assert str(error)
