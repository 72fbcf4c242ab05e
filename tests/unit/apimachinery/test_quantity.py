"""Quantities: what the API server makes of every way to write one."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import quantity
from minikctl.apimachinery.quantity import Quantity, QuantityError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("0.5", "500m"),
        (".25", "250m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.001", "1m"),
        ("0.0001", "100u"),
        ("1e1", "10"),
        ("1k", "1k"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Gi", "512Mi"),
        ("1000Ki", "1000Ki"),
        ("129M", "129M"),
        ("129e6", "129e6"),
        ("128974848", "128974848"),
        ("1048576Ki", "1Gi"),
        ("2Ti", "2Ti"),
        ("12E", "12E"),
        ("1048576000", "1048576k"),
        ("0.1Ki", "102400m"),
        ("0Ki", "0"),
        ("-0", "0"),
        ("100Ei", "9223372036854775807"),
        ("0.0000000001", "1n"),
        ("00", "0"),
        ("-1.5Ki", "-1536"),
        (0.5, "500m"),
        (2, "2"),
        (129e6, "129M"),
        (None, "0"),
    ],
)
def test_canonical_form(text: object, expected: str) -> None:
    assert quantity.canonical(text) == expected


@pytest.mark.parametrize("text", ["", "1,5", "1gb", "1GiB", True, [1], "1 Gi", "abc", "1.2.3"])
def test_other_text_does_not_match(text: object) -> None:
    with pytest.raises(QuantityError, match="quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1MM", "1e", "5K", "1e+"])
def test_unknown_suffix(text: str) -> None:
    with pytest.raises(QuantityError) as caught:
        quantity.parse(text)
    assert str(caught.value) == "unable to parse quantity's suffix"


def test_sums_keep_the_format_of_the_left_operand() -> None:
    assert quantity.add("512Mi", "256Mi") == "768Mi"
    assert quantity.add("1G", "1048576000") == "2048576k"
    assert quantity.add("1Gi", "1G") == "2073741824"
    assert quantity.add("0", "1Gi") == "1Gi"
    assert quantity.sub("1", "250m") == "750m"


def test_numbers_round_away_from_zero() -> None:
    assert quantity.as_int("1500m") == 2
    assert quantity.as_int("-1500m") == -2
    assert quantity.as_milli("100u") == 1
    assert quantity.as_int("1Ki") == 1024
    assert quantity.round_up_milli("0.0001") == "1m"


def test_comparing() -> None:
    assert quantity.compare("1Gi", "1G") == 1
    assert quantity.compare("1000m", "1") == 0
    assert quantity.parse("1") == quantity.parse("1000m")
    assert Quantity(1) < Quantity(2)
