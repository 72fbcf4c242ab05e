"""Times and the form they are written in."""

from __future__ import annotations

from minikctl.apimachinery.clock import parse_time, rfc3339


def test_whole_seconds_are_written_and_read() -> None:
    assert rfc3339(1.9) == "1970-01-01T00:00:01Z"
    assert parse_time("1970-01-01T00:00:01Z") == 1.0


def test_times_end_with_the_year_9999() -> None:
    assert rfc3339(1e19) == "9999-12-31T23:59:59Z"
