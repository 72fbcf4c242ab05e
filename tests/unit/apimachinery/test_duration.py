"""Durations as AGE columns and Go print and read them."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import duration
from minikctl.apimachinery.duration import DurationError

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.5, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (10 * _MINUTE + 5, "10m"),
        (179 * _MINUTE, "179m"),
        (3 * _HOUR, "3h"),
        (5 * _HOUR + 12 * _MINUTE, "5h12m"),
        (47 * _HOUR, "47h"),
        (51 * _HOUR, "2d3h"),
        (40 * _DAY, "40d"),
        (760 * _DAY, "2y30d"),
        (3000 * _DAY, "8y"),
    ],
)
def test_human(seconds: float, text: str) -> None:
    assert duration.human(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds", "printed"),
    [
        ("0", 0, "0s"),
        ("1h15m30.5s", 4530.5, "1h15m30.5s"),
        ("-1.5h", -5400, "-1h30m0s"),
        ("250ms", 0.25, "250ms"),
        ("90s", 90, "1m30s"),
        (".5s", 0.5, "500ms"),
        ("1us", 1e-6, "1\u00b5s"),
        ("10ns", 1e-8, "10ns"),
    ],
)
def test_go_durations(text: str, seconds: float, printed: str) -> None:
    assert duration.parse_go(text) == seconds
    assert duration.format_go(seconds) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("abc", 'time: invalid duration "abc"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1s-2s", 'time: unknown unit "s-" in duration "1s-2s"'),
        (".s", 'time: invalid duration ".s"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_go_errors(text: str, message: str) -> None:
    with pytest.raises(DurationError) as caught:
        duration.parse_go(text)
    assert str(caught.value) == message
