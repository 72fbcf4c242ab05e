"""YAML as kubectl prints it; the expected texts were compared with a real kubectl."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.printers.yamlout import dump, sorted_keys


def test_layout() -> None:
    value = {
        "b": {"x": [], "y": {}},
        "a": [{"name": "c", "list": ["p", ["q", ["r"]], {"m": 1}]}, None],
        "n": None,
        "t": True,
    }
    assert dump(value) == (
        "a:\n- list:\n  - p\n  - - q\n    - - r\n  - m: 1\n  name: c\n- null\n"
        "b:\n  x: []\n  'y': {}\nn: null\nt: true\n".replace("'y'", '"y"').replace("\nn:", '\n"n":')
    )
    assert dump([1, "a"]) == "- 1\n- a\n"
    assert dump({}) == "{}\n"


@pytest.mark.parametrize(
    "text",
    ["y", "1", "1e3", "true", "null", "~", "", "0x1F", "0777", "08", "1_000", "2020-01-01", "12:30", ".5", ".inf"],
)
def test_texts_that_would_be_read_as_something_else(text: str) -> None:
    assert dump({"a": text}) == f'a: "{text}"\n'


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3",
        "1e999",
        "2020-13-01",
        "nginx:1.25",
        "a:b",
        ":a",
        "?a",
        "--",
        "<<",
        "v1",
        "100m",
        "=",
        "http://x/?z&w=<2>",
    ],
)
def test_plain_texts(text: str) -> None:
    assert dump({"a": text}) == f"a: {text}\n"


@pytest.mark.parametrize(
    "text", ["a: b", "a:", "a #b", "#a", "- a", "-", "---", "[a]", "{a", "&a", "*a", "!a", "|", " a", "a ", "%a", "@a"]
)
def test_single_quoted_texts(text: str) -> None:
    assert dump({"a": text}) == f"a: '{text}'\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's: b", "'it''s: b'"),
        ("a\tb", '"a\\tb"'),
        ("\x1b[0m", '"\\e[0m"'),
        ("\U0001f600", '"\\U0001F600"'),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\n", "|2+\n"),
        (" a\nb", "|2-\n   a\n  b"),
        ("a \nb", '"a \\nb"'),
        ("a\nb ", '"a\\nb "'),
        ("a\n\nb", "|-\n  a\n\n  b"),
        ("é", "é"),
    ],
)
def test_other_texts(text: str, expected: str) -> None:
    assert dump({"a": text}) == f"a: {expected}\n"


def test_long_texts_are_folded_after_eighty_columns() -> None:
    words = "word " * 20 + "end"
    line = "  a: " + "word " * 15 + "word"
    assert dump({"q": {"a": words}}) == f"q:\n{line}\n    word word word word end\n"
    assert dump({"a": "x" * 200}) == f"a: {'x' * 200}\n"


def test_numbers() -> None:
    value: list[Any] = [2**63 - 1, -5, 1.5, 3.0, 1e30, 1e-7, 123456789.5]
    assert dump(value) == "- 9223372036854775807\n- -5\n- 1.5\n- 3\n- 1e+30\n- 1e-07\n- 1.234567895e+08\n"


def test_keys() -> None:
    long_key = "k" * 129
    assert dump({long_key: 1, "a\nb": [2]}) == f"? |-\n  a\n  b\n: - 2\n? {long_key}\n: 1\n"
    assert dump({"1": 1, "true": 2, "": 3}) == '"": 3\n"1": 1\n"true": 2\n'


def test_keys_sort_digits_as_numbers_and_letters_last() -> None:
    assert sorted_keys(dict.fromkeys(["a10", "a2", "a/b", "aB", "ab", "a", "a1", "a01"])) == [
        "a", "a/b", "a1", "a01", "a2", "a10", "aB", "ab",
    ]  # fmt: skip


# PyYAML reads NEL, the other Unicode breaks and the astral planes in its own way.
_TEXTS = st.text(st.characters(codec="utf-8", max_codepoint=0xD7FF, exclude_characters="\x85\u2028\u2029"), max_size=12)
_PUNCTUATION = st.text("ab1 -:#,[]{}'\"\n\t.0yT~?&*!|>%@`\\_+e", max_size=12)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXTS | _PUNCTUATION,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS | _PUNCTUATION, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_VALUES)
def test_a_loader_reads_the_same_value_back(value: Any) -> None:
    assert yaml.load(dump(value), Loader=yaml.CSafeLoader) == value
