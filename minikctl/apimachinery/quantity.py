"""Quantities: "500m", "1536Mi", "4G" as numbers and in their canonical form (apimachinery's `api/resource`).

Everybody who counts resources calls this: defaulting, quota, the scheduler, printers. A value is an
exact integer of nanos (the smallest unit there is); parsed quantities are immutable and memoised.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

DECIMAL_SI = "DecimalSI"
BINARY_SI = "BinarySI"
DECIMAL_EXPONENT = "DecimalExponent"

FORMAT_WRONG = r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX_WRONG = "unable to parse quantity's suffix"

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {0: "", **{exponent: suffix for suffix, exponent in _BINARY.items()}}

_UNIT = 10**9
_MILLI = 10**6
_KIBI = 1024 * _UNIT
_MAX_BINARY = (2**63 - 1) * _UNIT
_MAX_EXPONENT = 1000
_FAST_DIGITS = 18


class QuantityError(ValueError):
    """Text that is no quantity; its message is upstream's."""


class Quantity:
    """An exact amount, the format it was written in, and its text once known. Never mutated."""

    __slots__ = ("_text", "format", "nanos")

    def __init__(self, nanos: int, format_: str = DECIMAL_SI, text: str = "") -> None:
        self.nanos = nanos
        self.format = format_
        self._text = text

    def __str__(self) -> str:
        if not self._text:
            self._text = _canonical(self.nanos, self.format)
        return self._text

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: Quantity) -> bool:
        return self.nanos <= other.nanos

    def __gt__(self, other: Quantity) -> bool:
        return self.nanos > other.nanos

    def __ge__(self, other: Quantity) -> bool:
        return self.nanos >= other.nanos

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __add__(self, other: Quantity) -> Quantity:
        """The sum, in the format of the left operand (of the right one if the left is zero)."""
        return Quantity(self.nanos + other.nanos, self.format if self.nanos else other.format)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos, self.format if self.nanos else other.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.format)

    def __mul__(self, factor: int) -> Quantity:
        return Quantity(self.nanos * factor, self.format)

    def value(self) -> int:
        """Whole units, rounded away from zero."""
        return _round_up(self.nanos, _UNIT)

    def milli(self) -> int:
        """Thousandths, rounded away from zero."""
        return _round_up(self.nanos, _MILLI)

    def is_integer(self) -> bool:
        return self.nanos % _UNIT == 0

    def approximate(self) -> float:
        return self.nanos / _UNIT

    def round_up_milli(self) -> Quantity:
        """The quantity with nothing smaller than a thousandth, as resource lists are defaulted."""
        if self.nanos % _MILLI == 0:
            return self
        return Quantity(self.milli() * _MILLI, self.format)


ZERO = Quantity(0, DECIMAL_SI, "0")


def of_int(value: int, format_: str = DECIMAL_SI) -> Quantity:
    """A quantity of whole units."""
    return Quantity(value * _UNIT, format_)


def of_milli(value: int, format_: str = DECIMAL_SI) -> Quantity:
    """A quantity of thousandths."""
    return Quantity(value * _MILLI, format_)


def parse(value: Any) -> Quantity:
    """The quantity a JSON value stands for (text, number, or null as zero); QuantityError otherwise."""
    if value.__class__ is str:
        return _parse(value)
    return _parse(_number_text(value))


def is_valid(value: Any) -> bool:
    try:
        parse(value)
    except QuantityError:
        return False
    return True


def as_int(value: Any) -> int:
    """Whole units, rounded away from zero (Go's Value())."""
    return parse(value).value()


def as_milli(value: Any) -> int:
    """Thousandths, rounded away from zero (Go's MilliValue())."""
    return parse(value).milli()


def canonical(value: Any) -> str:
    """The text a quantity has after a round trip through the API server."""
    return str(parse(value))


def round_up_milli(value: Any) -> str:
    """The canonical text after the rounding that defaulting does in resource lists."""
    return str(parse(value).round_up_milli())


def add(left: Any, right: Any) -> str:
    return str(parse(left) + parse(right))


def sub(left: Any, right: Any) -> str:
    return str(parse(left) - parse(right))


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1."""
    a, b = parse(left).nanos, parse(right).nanos
    return (a > b) - (a < b)


def _number_text(value: Any) -> str:
    if value is None:
        return "0"
    if value.__class__ is int:
        return str(value)
    if value.__class__ is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, str):
        return str(value)
    raise QuantityError(FORMAT_WRONG)


@lru_cache(maxsize=8192)
def _parse(text: str) -> Quantity:
    text = text.strip()
    if text.isdecimal() and text.isascii() and len(text) <= _FAST_DIGITS and text[0] != "0":
        return Quantity(int(text) * _UNIT, DECIMAL_SI, "" if text.endswith("000") else text)
    if not text:
        raise QuantityError(FORMAT_WRONG)
    negative, digits, decimals, suffix = _split(text)
    format_, exponent = _interpret(suffix)
    number = int(digits + decimals)
    if format_ == BINARY_SI:
        nanos, kept = _binary(number, digits, decimals, exponent)
        if 0 < nanos < _UNIT:
            format_ = DECIMAL_SI
    else:
        scale = exponent - len(decimals)
        nanos = number * 10 ** (scale + 9) if scale >= -9 else -(-number // 10 ** -(scale + 9))
        kept = len(digits) + len(decimals) <= _FAST_DIGITS and scale >= -9 and scale % 3 == 0
        kept = kept and not (digits + decimals).endswith("000") and digits[0] != "0"
    return Quantity(-nanos if negative else nanos, format_, text if kept else "")


def _binary(number: int, digits: str, decimals: str, exponent: int) -> tuple[int, bool]:
    """(nanos, whether the text counts as canonical): upstream keeps what its fast path read."""
    scaled = (number << exponent) * _UNIT
    if decimals:
        return min(-(-scaled // 10 ** len(decimals)), _MAX_BINARY), False
    fast = 15 - len(digits) - exponent * 3 // 10 - 1 >= 0
    return min(scaled, _MAX_BINARY), fast and number & 7 != 0


def _split(text: str) -> tuple[bool, str, str, str]:
    """Sign, integer digits (without leading zeros), decimals and suffix."""
    at = 1 if text[0] in "+-" else 0
    end = len(text)
    start = at
    while at < end and text[at] in "0123456789":
        at += 1
    digits = text[start:at].lstrip("0") or "0"
    decimals = ""
    if at < end and text[at] == ".":
        start = at = at + 1
        while at < end and text[at] in "0123456789":
            at += 1
        decimals = text[start:at]
    suffix = text[at:]
    rest = suffix.lstrip("eEinumkKMGTP")
    if rest[:1] in ("+", "-"):
        rest = rest[1:]
    if rest.strip("0123456789"):
        raise QuantityError(FORMAT_WRONG)
    return text[0] == "-", digits, decimals, suffix


def _interpret(suffix: str) -> tuple[str, int]:
    if suffix in _DECIMAL:
        return DECIMAL_SI, _DECIMAL[suffix]
    if suffix in _BINARY:
        return BINARY_SI, _BINARY[suffix]
    if suffix[0] in "eE" and suffix[1:].lstrip("+-").isdecimal():
        exponent = int(suffix[1:])
        if abs(exponent) <= _MAX_EXPONENT:
            return DECIMAL_EXPONENT, exponent
    raise QuantityError(SUFFIX_WRONG)


def _round_up(nanos: int, unit: int) -> int:
    return -(-nanos // unit) if nanos >= 0 else nanos // unit


def _canonical(nanos: int, format_: str) -> str:
    if nanos == 0:
        return "0"
    if format_ == BINARY_SI and not -_KIBI < nanos < _KIBI and nanos % _UNIT == 0:
        return _binary_text(nanos // _UNIT)
    amount, exponent = nanos, -9
    while amount % 1000 == 0:
        amount //= 1000
        exponent += 3
    if format_ == DECIMAL_EXPONENT:
        return f"{amount}e{exponent}" if exponent else str(amount)
    # beyond exa there is no suffix, and upstream writes none
    return f"{amount}{_DECIMAL_SUFFIX.get(exponent, '')}"


def _binary_text(value: int) -> str:
    exponent = 0
    while value % 1024 == 0:
        value //= 1024
        exponent += 10
    return f"{value}{_BINARY_SUFFIX.get(exponent, '')}"
