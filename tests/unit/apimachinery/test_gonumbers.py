"""Which texts are numbers to Go."""

from __future__ import annotations

import pytest

from minikctl.apimachinery.gonumbers import parse_int


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("007", 7), ("+5", 5), ("-5", -5), ("-0", 0), ("0" * 5000 + "1", 1)),
        *((str(2**63 - 1), 2**63 - 1), (str(-(2**63)), -(2**63))),
    ],
)
def test_digits_with_a_sign_are_numbers(text: str, number: int) -> None:
    assert parse_int(text) == number


@pytest.mark.parametrize(
    "text", ["", "-", "+", "--5", "1_0", " 5", "5 ", "\u00b2", "\u0665", "1e3", "9" * 5000, str(2**63)]
)
def test_others_are_none(text: str) -> None:
    assert parse_int(text) is None


def test_there_are_narrower_ones() -> None:
    assert parse_int("-2147483648", 32) == -(2**31)
    assert parse_int("2147483648", 32) is None
