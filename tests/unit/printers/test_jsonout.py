"""JSON as Go writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.printers.jsonout import compact, dump, number


def test_layout() -> None:
    value = {"b": [], "a": {"y": [1, {"z": None}], "x": {}}}
    assert dump(value) == (
        '{\n    "a": {\n        "x": {},\n        "y": [\n            1,\n            {\n                "z": null\n'
        '            }\n        ]\n    },\n    "b": []\n}\n'
    )
    assert compact(value) == '{"a":{"x":{},"y":[1,{"z":null}]},"b":[]}'


def test_escapes() -> None:
    assert compact('<a&b>\u2028"\\\n\té') == '"\\u003ca\\u0026b\\u003e\\u2028\\"\\\\\\n\\té"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "1"),
        (1.5, "1.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (-0.0, "-0"),
        (-123456789.25, "-123456789.25"),
    ],
)
def test_floats(value: float, expected: str) -> None:
    assert number(value) == expected


_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e15, 1e15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(_VALUES)
def test_it_reads_back(value: Any) -> None:
    assert json.loads(dump(value)) == json.loads(compact(value)) == value
