"""Series of a metric: chosen by labels, added up, each a curve of its own."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import metricseries
from minikctl.apimachinery.selectors import parse

TEXT = '{verb="GET", code=200} 0s=0,10s=100 ;{verb=PUT}5'


@pytest.mark.parametrize(
    ("text", "selector", "elapsed", "expected"),
    [
        ("7", "verb=GET", 0, 7000),
        ("0s=1,10s=3", "", 5, 2000),
        (TEXT, "verb=GET", 5, 50_000),
        (TEXT, "verb in (GET,PUT)", 20, 105_000),
        (TEXT, "verb,code!=200", 0, 5000),
        (TEXT, "", 0, 5000),
        (TEXT, "verb=HEAD", 0, None),
        ("{} 3", "verb=GET", 0, None),
        ("{} 3", "", 0, 3000),
    ],
)
def test_a_selector_chooses(text: str, selector: str, elapsed: float, expected: int | None) -> None:
    assert metricseries.value(text, parse(selector), elapsed) == expected


def test_without_a_selector_all_count() -> None:
    assert metricseries.value(TEXT, None, 0) == 5000


@pytest.mark.parametrize("text", ["{a=b", "{a=b}", "x{a=b} 1", "{a=b} 1 {c=d} 2"])
def test_what_is_no_series_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        metricseries.value(text, None, 0)
