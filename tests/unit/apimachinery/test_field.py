"""Field errors read as Go prints them."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("tab\there\x01é", r'"tab\there\x01é"'),
        (3, "3"),
        (True, "true"),
        (None, "null"),
        (2.0, "2"),
        (2.5, "2.5"),
        ({"b": 1, "a": "x>y"}, r'{"a":"x\u003ey","b":1}'),
        (Struct(Name="", Port=80, Extra={"z": 1, "y": None}), '{"Name":"","Port":80,"Extra":{"y":null,"z":1}}'),
        (["a", "b"], '["a","b"]'),
    ],
)
def test_bad_values_are_shown_as_go_shows_them(value: object, shown: str) -> None:
    assert str(field.invalid("spec.x", value, "no")) == f"spec.x: Invalid value: {shown}: no"


def test_other_bodies() -> None:
    assert field.required("a").body() == "Required value"
    assert field.not_supported("a", "x", ["b", "c"]).body() == 'Unsupported value: "x": supported values: "b", "c"'
    assert field.too_many("a", 3, 1).body() == "Too many: 3: must have at most 1 item"
    assert field.too_long("a", 5).body() == "Too long: may not be more than 5 bytes"
    assert field.duplicate("a", "b").body() == 'Duplicate value: "b"'
