"""Whole numbers in texts, as Go's strconv reads them: ASCII digits with at most a sign, and no more than fit."""

from __future__ import annotations


def int_or_string(text: str) -> int | str:
    """The number where the text is one (intstr.Parse)."""
    number = parse_int(text)
    return text if number is None else number


def parse_int(text: str, bits: int = 64) -> int | None:
    """The number; None for what is none, or none of so many bits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdecimal()):
        return None
    digits = digits.lstrip("0") or "0"
    if len(digits) > 19:  # more than 64 bits, and perhaps more than int() takes
        return None
    number = -int(digits) if text[0] == "-" else int(digits)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None
