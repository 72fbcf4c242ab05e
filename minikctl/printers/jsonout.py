"""JSON as Go's encoding/json writes it: sorted keys, HTML characters escaped, Go's floats.

`dump` is `-o json` (four spaces), `compact` is json.Marshal (the last-applied annotation, raw output, jsonpath).
"""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

from minikctl.printers.gofmt import digits_of, plain

_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_CONSTANTS = {True: "true", False: "false", None: "null"}


def string(text: str) -> str:
    """A JSON string literal."""
    out: str = encode_basestring(text)
    if out.isascii() and "<" not in out and ">" not in out and "&" not in out:
        return out
    for char, escaped in _HTML.items():
        out = out.replace(char, escaped)
    return out


def number(value: float) -> str:
    """A float: without an exponent from 1e-6 up to 1e21."""
    if value == 0:
        return "-0" if str(value)[0] == "-" else "0"
    sign = "-" if value < 0 else ""
    size = abs(value)
    digits, point = digits_of(size)
    if 1e-6 <= size < 1e21:
        return sign + plain(digits, point)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    exponent = point - 1
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent)}"


def scalar(value: Any) -> str:
    """A string, number, boolean or null."""
    if value.__class__ is str:
        return string(value)
    if value is None or value is True or value is False:
        return _CONSTANTS[value]
    return number(value) if isinstance(value, float) else str(value)


def compact(value: Any) -> str:
    """The value on one line without spaces."""
    if isinstance(value, dict):
        return "{" + ",".join([f"{string(key)}:{compact(value[key])}" for key in sorted(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([compact(item) for item in value]) + "]"
    return scalar(value)


def dump(value: Any, indent: str = "    ", in_order: bool = False) -> str:
    """The value over several lines, with a newline at the end.

    Keys are sorted, unless they are to stay in their order, as those of a struct do.
    """
    out: list[str] = []
    _write(value, "\n", indent, out, list if in_order else sorted)
    out.append("\n")
    return "".join(out)


def _write(value: Any, newline: str, indent: str, out: list[str], keys: Callable[[Any], list[str]]) -> None:
    deeper = newline + indent
    if isinstance(value, dict):
        if not value:
            out.append("{}")
            return
        before = "{" + deeper
        for key in keys(value):
            item = value[key]
            if isinstance(item, (dict, list)):
                out.append(f"{before}{string(key)}: ")
                _write(item, deeper, indent, out, keys)
            else:
                out.append(f"{before}{string(key)}: {scalar(item)}")
            before = "," + deeper
        out.append(newline + "}")
    elif isinstance(value, list):
        if not value:
            out.append("[]")
            return
        before = "[" + deeper
        for item in value:
            out.append(before)
            _write(item, deeper, indent, out, keys)
            before = "," + deeper
        out.append(newline + "]")
    else:
        out.append(scalar(value))
