"""YAML and JSON input: goyaml's view of scalars, its errors, and hostile documents."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.kubectl.manifest import ParseError, documents, parse_yaml
from minikctl.printers.yamlout import dump


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("on", True), ("No", False), ("~", None), ("'y'", "y"), ("010", 8), ("0x1f", 31), ("1_000", 1000),
        ("1:30", "1:30"), ("1e3", 1000), ("1.50", 1.5), (".5", 0.5), ("2020-01-01", "2020-01-01"), ("!!str 12", "12"),
        ("-12", -12), ("1.0", 1), ("0o17", 15), ("- a", ["a"]), ("+1", 1), ("1.2.3", "1.2.3"), ("-", [None]),
    ],
)  # fmt: skip
def test_scalars_mean_what_goyaml_says(text: str, value: Any) -> None:
    assert parse_yaml(text.encode()) == value


def test_streams_split_at_separators() -> None:
    assert list(documents(b"a: 1\n---\n# nothing\n--- # note\nb: 2\n")) == [{"a": 1}, {"b": 2}]
    assert list(documents(b'{"a": 1}\n{"b": 2}')) == [{"a": 1}, {"b": 2}]
    assert list(documents(b"")) == []


def test_aliases_and_merges() -> None:
    value = parse_yaml(b"a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  b: 2\n  e: [*x]\n")
    assert value == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 2, "e": [{"b": 1}]}}
    value["c"]["b"] = 9
    assert value["a"]["b"] == 1


def test_the_last_of_duplicate_keys_wins() -> None:
    assert parse_yaml(b"a: 1\na: 2\n") == {"a": 2}
    assert list(documents(b'{"a": 1, "a": 2}')) == [{"a": 2}]


def test_keys_become_strings() -> None:
    assert parse_yaml(b"1: a\ntrue: b\n1.5: c\n") == {"1": "a", "true": "b", "1.5": "c"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"a: b\nc:\n\td: e\n",
            "error converting YAML to JSON: yaml: line 3: found character that cannot start any token",
        ),
        (
            b"a: b\n  c: d\n",
            "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
        ),
        (b"a: *b\n", "error converting YAML to JSON: yaml: unknown anchor 'b' referenced"),
        (b"a: b\n--- c\n", "invalid Yaml document separator: c"),
        (b"a: \x00b\n", "error converting YAML to JSON: yaml: control characters are not allowed"),
        (b"a: .inf\n", "error converting YAML to JSON: json: unsupported value: +Inf"),
        (b'{"a": ', "unexpected EOF"),
        (b'{"a": ]}', "json: offset 7: invalid character ']' looking for beginning of value"),
        (b'{"a": ["x" 2]}', "json: offset 12: invalid character '2' after array element"),
    ],
)
def test_errors_have_gos_words(data: bytes, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        list(documents(data))
    assert str(caught.value) == message


def test_bombs_are_defused() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(ParseError, match="excessive aliasing"):
        parse_yaml("\n".join(lines).encode())


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    for data in (b"a: " + b"[" * 50_000, b'{"a":' * 50_000):
        with pytest.raises(ParseError):
            list(documents(data))


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_TEXT, _VALUES, min_size=1, max_size=4))
def test_what_is_printed_is_read_back(value: dict[str, Any]) -> None:
    assert parse_yaml(dump(value).encode()) == value
    assert list(documents(json.dumps(value).encode())) == [value]


@given(st.binary(max_size=60))
def test_garbage_never_raises_anything_else(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        list(documents(data))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": 1,}', [{"a": 1}]),
        ('{"a": 1}\n---\nb: 2\n', [{"a": 1}, {"b": 2}]),
        ('{a: 1}\n---\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n{b: 2}\n', [{"a": 1}, {"b": 2}]),
    ],
)
def test_yaml_may_follow_json(text: str, values: list[object]) -> None:
    assert list(documents(text.encode())) == values


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1} x\n', "json: offset 10: invalid character 'x' looking for beginning of value"),
        ('{"é": 1} x\n', "json: offset 11: invalid character 'x' looking for beginning of value"),
        ('{"a": "x\n', "unexpected EOF"),
        ("x: 1\na: [x\nb: 2\n", "yaml: line 2: did not find expected ',' or ']'"),
        ('x: 1\na: "x\ny: 3\n', "yaml: line 4: found unexpected end of stream"),
        ("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: !!float true\n", "yaml: cannot decode !!bool `true` as a !!float"),
        ("? [c, 1]\n: d\n", 'yaml: invalid map key: []interface {}{"c", 1}'),
        ("? {a: null}\n: d\n", 'yaml: invalid map key: map[interface {}]interface {}{"a":<nil>}'),
        ("null: d\n", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "d"'),
    ],
)
def test_problems_in_go_s_words(text: str, problem: str) -> None:
    with pytest.raises(ParseError) as caught:
        list(documents(text.encode()))
    assert str(caught.value).removeprefix("error converting YAML to JSON: ") == problem
