"""Durations: how AGE columns print them, and Go's own text form (time.ParseDuration, Duration.String).

Called by printers, describers, kubectl flags (`--timeout`) and validation of metav1.Duration fields.
"""

from __future__ import annotations

from minikctl.apimachinery.field import quote

_MINUTE = 60
_HOUR = 3600
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY

_NANOS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MAX = 2**63 - 1


class DurationError(ValueError):
    """Text that is no duration; its message is Go's."""


def human(seconds: float) -> str:
    """HumanDuration: 45s, 3m20s, 5h12m, 2d3h, 40d, 2y30d. Whole seconds; a clock skew below 2 s reads 0s."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 2 * _MINUTE:
        return f"{total}s"
    minutes = total // _MINUTE
    if minutes < 10:
        return _two(minutes, "m", total % _MINUTE, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    hours = total // _HOUR
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 8 * 24:
        return _two(hours // 24, "d", hours % 24, "h")
    if hours < 2 * 365 * 24:
        return f"{hours // 24}d"
    years, days = hours // 24 // 365, hours // 24 % 365
    return _two(years, "y", days, "d") if years < 8 else f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def parse_go(text: str) -> float:
    """Seconds of a Go duration ("1h15m30.5s"); DurationError with time.ParseDuration's message."""
    return parse_nanos(text) / 1e9


def parse_nanos(text: str) -> int:
    """Nanoseconds of a Go duration; DurationError with time.ParseDuration's message."""
    body = text
    negative = body[:1] == "-"
    if body[:1] in ("-", "+"):
        body = body[1:]
    if body == "0":
        return 0
    if not body:
        raise DurationError(f"time: invalid duration {quote(text)}")
    total = 0
    while body:
        value, body = _component(body, text)
        total += value
        if total > _MAX + 1:
            raise DurationError(f"time: invalid duration {quote(text)}")
    if negative:
        return -total
    if total > _MAX:
        raise DurationError(f"time: invalid duration {quote(text)}")
    return total


def _component(body: str, text: str) -> tuple[int, str]:
    """The nanoseconds of the leading number and unit, and the rest."""
    at = _digits_end(body, 0)
    whole, decimals = body[:at], ""
    if body[at : at + 1] == ".":
        end = _digits_end(body, at + 1)
        decimals = body[at + 1 : end]
        at = end
    if not whole and not decimals:
        raise DurationError(f"time: invalid duration {quote(text)}")
    end = at
    while end < len(body) and body[end] != "." and not ("0" <= body[end] <= "9"):
        end += 1
    unit = body[at:end]
    if not unit:
        raise DurationError(f"time: missing unit in duration {quote(text)}")
    if unit not in _NANOS:
        raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    nanos = int(whole or "0") * _NANOS[unit]
    if decimals:
        nanos += int(decimals) * _NANOS[unit] // 10 ** len(decimals)
    return nanos, body[end:]


def _digits_end(body: str, at: int) -> int:
    while at < len(body) and "0" <= body[at] <= "9":
        at += 1
    return at


def format_go(seconds: float) -> str:
    """Go's Duration.String: 1h15m0s, 1.5s, 250ms, 0s."""
    return format_nanos(round(seconds * 1e9))


def format_nanos(nanos: int) -> str:
    """Go's Duration.String of nanoseconds."""
    sign = "-" if nanos < 0 else ""
    nanos = abs(nanos)
    if nanos == 0:
        return "0s"
    if nanos < 1_000_000_000:
        for unit, name in ((1_000_000, "ms"), (1_000, "\u00b5s"), (1, "ns")):
            if nanos >= unit:
                return sign + _fraction(nanos, unit) + name
    minutes, rest = divmod(nanos, 60_000_000_000)
    seconds = _fraction(rest, 1_000_000_000)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}s"
    return f"{sign}{minutes}m{seconds}s" if minutes else f"{sign}{seconds}s"


def _fraction(nanos: int, unit: int) -> str:
    whole, rest = divmod(nanos, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
