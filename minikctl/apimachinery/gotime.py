"""Why Go's time.Parse refuses a text as RFC 3339; only decoding problems need it."""

from __future__ import annotations

from minikctl.apimachinery.field import quote

_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_PARTS = (
    ("2006", 4, 0, 9999, ""), ("-", 0, 0, 0, ""), ("01", 2, 1, 12, "month"), ("-", 0, 0, 0, ""),
    ("02", 2, 1, 31, "day"), ("T", 0, 0, 0, ""), ("15", 2, 0, 23, "hour"), (":", 0, 0, 0, ""),
    ("04", 2, 0, 59, "minute"), (":", 0, 0, 0, ""), ("05", 2, 0, 59, "second"),
)  # fmt: skip


def problem(text: str, micro: bool = False) -> str:
    """The error's text for something that is no RFC 3339 time."""
    layout = _MICRO_LAYOUT if micro else _LAYOUT
    head = f"parsing time {quote(text)}"
    rest, out_of_range = text, ""
    for element, digits, low, high, name in _PARTS:
        taken = rest[: digits or 1]
        fits = len(taken) == digits and taken.isdigit() and taken.isascii() if digits else taken == element
        if not fits:
            return f"{head} as {quote(layout)}: cannot parse {quote(rest)} as {quote(element)}"
        if digits and not low <= int(taken) <= high:
            out_of_range = out_of_range or name
            if name in ("hour", "minute", "second"):
                return f"{head}: {name} out of range"
        rest = rest[digits or 1 :]
    rest = _after_fraction(rest)
    if not (rest[:1] == "Z" or (rest[:1] in ("+", "-") and rest[3:4] == ":" and _digits(rest[1:3] + rest[4:6], 4))):
        if out_of_range == "month":
            return f"{head}: month out of range"
        return f"{head} as {quote(layout)}: cannot parse {quote(rest)} as {quote('Z07:00')}"
    extra = rest[1:] if rest[0] == "Z" else rest[6:]
    if extra:
        return f"{head}: extra text: {quote(extra)}"
    return f"{head}: {out_of_range or 'day'} out of range"


def _after_fraction(rest: str) -> str:
    """What follows a fraction of a second, which the layout need not mention."""
    if rest[:1] not in (".", ",") or not rest[1:2].isdigit():
        return rest
    return rest[1:].lstrip("0123456789")


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isdigit() and text.isascii()
