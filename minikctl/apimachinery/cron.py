"""Cron schedules: "30 2 * * 1-5", "@daily", "@every 1h30m" parsed, and the times they name.

Validation parses, the CronJob controller asks for times. Behaviour and messages are those of
robfig/cron v3, which upstream uses.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from minikctl.apimachinery.duration import parse_go
from minikctl.apimachinery.field import quote

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NO_NAMES: dict[str, int] = {}
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_DAY_NUMBERS = {name: number for number, name in enumerate(_DAYS)}
# (lowest, highest, names) of minute, hour, day of month, month, day of week.
_BOUNDS = ((0, 59, _NO_NAMES), (0, 23, _NO_NAMES), (1, 31, _NO_NAMES), (1, 12, _MONTH_NUMBERS), (0, 6, _DAY_NUMBERS))
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_YEARS_AHEAD = 5


class CronError(ValueError):
    """Text that is no schedule; its message is the parser's."""


class Schedule:
    """A parsed schedule: either a fixed interval, or sets of minutes, hours, days, months and weekdays."""

    __slots__ = ("any_day", "any_weekday", "fields", "interval", "zone")

    def __init__(self, interval: int = 0, zone: str = "") -> None:
        self.interval = interval
        self.zone = zone
        self.fields: list[frozenset[int]] = []
        self.any_day = self.any_weekday = False

    def next(self, after: float, zone: str = "") -> float | None:
        """The first time of the schedule after the given one, on the clocks of the zone (UTC by default)."""
        if self.interval:
            return float(int(after) + self.interval)
        return _next(self, int(after) + 1, load_zone(self.zone or zone))


@lru_cache(maxsize=512)
def parse(text: str) -> Schedule:
    """The schedule; CronError if there is none such."""
    if not text:
        raise CronError("empty spec string")
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        prefix, space, rest = text.partition(" ")
        if not space:
            raise CronError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
        zone, text = prefix.partition("=")[2], rest.strip()
        if not is_zone(zone):
            raise CronError(f"provided bad location {zone}: unknown time zone {zone}")
    if text.startswith("@"):
        if text.startswith("@every "):
            return Schedule(_interval(text), zone)
        if text not in _DESCRIPTORS:
            raise CronError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    parts = text.split()
    if len(parts) != len(_BOUNDS):
        raise CronError(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
    schedule = Schedule(zone=zone)
    stars = []
    for part, (low, high, names) in zip(parts, _BOUNDS, strict=True):
        values, star = _field(part, low, high, names)
        schedule.fields.append(values)
        stars.append(star)
    schedule.any_day, schedule.any_weekday = stars[2], stars[4]
    return schedule


def _interval(text: str) -> int:
    try:
        seconds = parse_go(text.removeprefix("@every "))
    except ValueError as error:
        raise CronError(f"failed to parse duration {text}: {error}") from None
    return max(int(seconds), 1)


def _field(text: str, low: int, high: int, names: dict[str, int]) -> tuple[frozenset[int], bool]:
    values: set[int] = set()
    star = False
    for part in text.split(","):
        if part:
            numbers, is_star = _range(part, low, high, names)
            values.update(numbers)
            star = star or is_star
    return frozenset(values), star


def _range(text: str, low: int, high: int, names: dict[str, int]) -> tuple[range, bool]:
    steps = text.split("/")
    ends = steps[0].split("-")
    star = ends[0] in ("*", "?")
    if star:
        start, end = low, high
    else:
        start = end = _number(ends[0], names)
        if len(ends) == 2:
            end = _number(ends[1], names)
        elif len(ends) > 2:
            raise CronError(f"too many hyphens: {text}")
    step = 1
    if len(steps) == 2:
        step = _number(steps[1], _NO_NAMES)
        if len(ends) == 1:
            end = high
        star = star and step <= 1
    elif len(steps) > 2:
        raise CronError(f"too many slashes: {text}")
    if start < low:
        raise CronError(f"beginning of range ({start}) below minimum ({low}): {text}")
    if end > high:
        raise CronError(f"end of range ({end}) above maximum ({high}): {text}")
    if start > end:
        raise CronError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step), star


def _number(text: str, names: dict[str, int]) -> int:
    known = names.get(text.lower())
    if known is not None:
        return known
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdecimal()):
        problem = f"strconv.Atoi: parsing {quote(text)}: invalid syntax"
        raise CronError(f"failed to parse int from {text}: {problem}")
    if text[0] == "-" and int(digits):
        raise CronError(f"negative number ({-int(digits)}) not allowed: {text}")
    return int(digits)


def load_zone(name: str) -> tzinfo:
    """The time zone of that name; UTC for none."""
    from datetime import timezone

    if name in ("", "UTC"):
        return timezone.utc
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    """Whether the time zone database knows the name."""
    try:
        load_zone(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _next(schedule: Schedule, start: int, zone: tzinfo) -> float | None:
    """The walk of robfig's SpecSchedule.Next: raise month, day, hour, minute until all fit."""
    from datetime import datetime, timedelta

    minutes, hours, days, months, weekdays = schedule.fields
    any_day = schedule.any_day or schedule.any_weekday

    def day_fits(at: datetime) -> bool:
        in_days, in_weekdays = at.day in days, at.isoweekday() % 7 in weekdays
        return (in_days and in_weekdays) if any_day else (in_days or in_weekdays)

    at = datetime.fromtimestamp(start, zone)
    if at.second:
        at = _shift(at, 60 - at.second)
    limit = at.year + _YEARS_AHEAD
    while at.year <= limit:
        if at.month not in months:
            year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
            at = _local(datetime(year, month, 1), zone)
        elif not day_fits(at):
            at = _local(datetime(at.year, at.month, at.day) + timedelta(days=1), zone)
        elif at.hour not in hours:
            at = _shift(at, 3600 - at.minute * 60)
        elif at.minute not in minutes:
            at = _shift(at, 60)
        else:
            return at.timestamp()
    return None


def _local(naive: datetime, zone: tzinfo) -> datetime:
    """Wall-clock time in the zone; a time that the clocks skip becomes the one they skip to."""
    from datetime import datetime

    return datetime.fromtimestamp(naive.replace(tzinfo=zone).timestamp(), zone)


def _shift(at: datetime, seconds: int) -> datetime:
    """So many seconds later, as time passes (not as clocks show)."""
    from datetime import datetime

    return datetime.fromtimestamp(at.timestamp() + seconds, at.tzinfo)
