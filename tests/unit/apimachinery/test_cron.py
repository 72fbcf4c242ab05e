"""Cron schedules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery.cron import CronError, is_zone, parse


def following(schedule: str, start: str, zone: str = "") -> str | None:
    after = datetime.fromisoformat(start).replace(tzinfo=timezone.utc).timestamp()
    found = parse(schedule).next(after, zone)
    return None if found is None else datetime.fromtimestamp(found, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("schedule", "start", "expected"),
    [
        ("30 2 * * 1-5", "2024-03-01T10:00:00", "2024-03-04T02:30:00"),
        ("*/15 * * * *", "2024-02-28T10:45:00", "2024-02-28T11:00:00"),
        ("*/15 * * * *", "2024-02-28T10:44:59.5", "2024-02-28T10:45:00"),
        ("@daily", "2024-02-28T10:00:00", "2024-02-29T00:00:00"),
        ("@every 90s", "2024-01-01T00:00:00", "2024-01-01T00:01:30"),
        ("7 4 * * sun", "2024-01-01T00:00:00", "2024-01-07T04:07:00"),
        ("0 0 13 * 5", "2024-01-01T00:00:00", "2024-01-05T00:00:00"),
        ("0 0 */2 * 5", "2024-01-01T00:00:00", "2024-01-03T00:00:00"),
        ("0 0 29 feb *", "2023-02-28T10:00:00", "2024-02-29T00:00:00"),
        ("0 0 31 2 *", "2023-01-01T00:00:00", None),
        ("59 23 31 12 *", "2024-12-31T23:59:00", "2025-12-31T23:59:00"),
    ],
)
def test_times(schedule: str, start: str, expected: str | None) -> None:
    assert following(schedule, start) == expected


@pytest.mark.skipif(not is_zone("Europe/Berlin"), reason="no time zone database")
def test_time_zones_and_clock_changes() -> None:
    assert following("0 9 * * *", "2024-03-30T10:00:00", "Europe/Berlin") == "2024-03-31T07:00:00"
    # half past two does not exist on the night the clocks go forward
    assert following("30 2 * * *", "2024-03-30T10:00:00", "Europe/Berlin") == "2024-04-01T00:30:00"
    assert following("TZ=Europe/Berlin 0 9 * * *", "2024-01-30T10:00:00") == "2024-01-31T08:00:00"


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("", "empty spec string"),
        ("99 * * * *", "end of range (99) above maximum (59): 99"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("every five minutes", "expected exactly 5 fields, found 3: [every five minutes]"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'),
        ("TZ=Mars/X * * * * *", "provided bad location Mars/X: unknown time zone Mars/X"),
    ],
)
def test_refusals(schedule: str, message: str) -> None:
    with pytest.raises(CronError) as error:
        parse(schedule)
    assert str(error.value) == message


@given(
    st.integers(0, 59), st.integers(0, 23), st.integers(0, 6),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),
)  # fmt: skip
def test_a_weekly_schedule_comes_within_a_week(minute: int, hour: int, day: int, start: datetime) -> None:
    after = start.replace(tzinfo=timezone.utc)
    found = parse(f"{minute} {hour} * * {day}").next(after.timestamp())
    assert found is not None
    at = datetime.fromtimestamp(found, timezone.utc)
    assert after < at <= after + timedelta(days=7)
    assert (at.minute, at.hour, at.isoweekday() % 7, at.second) == (minute, hour, day, 0)
