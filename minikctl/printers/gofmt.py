"""Values as Go's fmt and strconv write them: %v, %#v, quoted strings, floats.

Shared by jsonpath, go-template, custom columns and tables, which all print through fmt upstream.
Objects are JSON values: str, bool, int, float, None, list, dict.
"""

from __future__ import annotations

from typing import Any

_SIMPLE = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def digits_of(number: float) -> tuple[str, int]:
    """The shortest decimal digits of a finite positive float, and where the point is: 0.00123 is ("123", -2)."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", point if stripped.strip("0") else 1


def float_text(number: float, threshold: int = 6) -> str:
    """A float as strconv's shortest 'g'; an exponent from 10**`threshold` on."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    sign = "-" if number < 0 or (number == 0 and str(number)[0] == "-") else ""
    digits, point = digits_of(abs(number))
    exponent = point - 1
    if number != 0 and (exponent < -4 or exponent >= threshold):
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return sign + plain(digits, point)


def plain(digits: str, point: int) -> str:
    """Decimal digits without an exponent."""
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def quote(text: str) -> str:
    """strconv.Quote: a double-quoted Go string literal."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    out = []
    for char in text:
        if char in _SIMPLE:
            out.append(_SIMPLE[char])
        elif char.isprintable():
            out.append(char)
        else:
            out.append(escape_rune(ord(char)))
    return '"' + "".join(out) + '"'


def escape_rune(code: int) -> str:
    """A rune as Go writes it when it cannot be printed."""
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def value_text(value: Any) -> str:
    """fmt's %v: `map[a:1 b:2]`, `[x y]`, `<nil>`."""
    if value.__class__ is str:
        text: str = value
        return text
    if value is None:
        return "<nil>"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return "map[" + " ".join([f"{key}:{value_text(value[key])}" for key in sorted(value)]) + "]"
    if isinstance(value, list):
        return "[" + " ".join([value_text(item) for item in value]) + "]"
    return str(value)


def go_syntax(value: Any) -> str:
    """fmt's %#v of a decoded JSON value."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, dict):
        pairs = [f"{quote(key)}:{go_syntax(value[key])}" for key in sorted(value)]
        return "map[string]interface {}{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join([go_syntax(item) for item in value]) + "}"
    return value_text(value)


def as_floats(value: Any) -> Any:
    """The value as Go decodes JSON into an interface: every number a float64."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
