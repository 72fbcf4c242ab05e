"""KYAML (`-o kyaml`): flow style over several lines, strings always quoted, keys where they need it.

Upstream counterpart: sigs.k8s.io/yaml/kyaml.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers.jsonout import number
from minikctl.printers.yamlscalars import means_other

_ESCAPES = {
    "\a": "a",
    "\b": "b",
    "\f": "f",
    "\r": "r",
    "\t": "t",
    "\v": "v",
    "\0": "0",
    "\x1b": "e",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
    '"': '"',
    "\\": "\\",
}
_FALSE_FRIENDS = frozenset(("null", "true", "y", "yes", "on", "false", "n", "no", "off", "t", "f"))
_NUMBERS = frozenset(("inf", "infinity", "nan"))


def dump(value: Any, in_order: bool = False) -> str:
    """A JSON value as a KYAML document, with the `---` it always starts with.

    Keys are sorted, unless they are to stay in their order, as those of a struct do.
    """
    out: list[str] = ["---\n"]
    _node(value if in_order else _sorted(value), "", out)
    out.append("\n")
    return "".join(out)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _node(value: Any, indent: str, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(_string(value, indent + "  "))
    elif isinstance(value, dict):
        _mapping(value, indent, out)
    elif isinstance(value, list):
        _sequence(value, indent, out)
    elif value is None:
        out.append("null")
    elif value is True or value is False:
        out.append("true" if value else "false")
    else:
        out.append(number(value) if isinstance(value, float) else str(value))


def _mapping(value: dict[str, Any], indent: str, out: list[str]) -> None:
    if not value:
        out.append("{}")
        return
    deeper = indent + "  "
    out.append("{\n")
    for key in value:
        out.append(f"{deeper}{_key(key)}: ")
        _node(value[key], deeper, out)
        out.append(",\n")
    out.append(indent + "}")


def _sequence(value: list[Any], indent: str, out: list[str]) -> None:
    if not value:
        out.append("[]")
    elif all(isinstance(item, (dict, list)) for item in value):
        before = "["
        for item in value:
            out.append(before)
            _node(item, indent, out)
            before = ", "
        out.append("]")
    else:
        deeper = indent + "  "
        out.append("[\n")
        for item in value:
            out.append(deeper)
            _node(item, deeper, out)
            out.append(",\n")
        out.append(indent + "]")


def _key(key: str) -> str:
    if _needs_quotes(key):
        return '"' + "".join([_escaped(char) for char in key]) + '"'
    return key


def _needs_quotes(key: str) -> bool:
    low = key.lower()
    if means_other(key) or low in _FALSE_FRIENDS or low.replace("_", "") in _NUMBERS or _hexadecimal(key):
        return True
    last = len(key) - 1
    for i, char in enumerate(key):
        if not (char.isalpha() or char.isnumeric() or char == "_" or (0 < i < last and char in "-./")):
            return True
    return False


def _hexadecimal(key: str) -> bool:
    """Go also reads hexadecimal floats such as 0x1p-2."""
    text = key.replace("_", "").lower()
    if not text.startswith("0x") or "p" not in text:
        return False
    try:
        float.fromhex(text)
    except (ValueError, OverflowError):
        return False
    return True


def _string(text: str, indent: str) -> str:
    if "\n" not in text:
        if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
            return f'"{text}"'
        return '"' + "".join([_escaped(char) for char in text]) + '"'
    out = ['"\\\n']
    line_start = True
    for char in text:
        if line_start:
            out.append(indent + ("\\" if char == " " else " "))
        line_start = char == "\n"
        out.append("\\n\\\n" if line_start else _escaped(char))
    if not line_start:
        out.append("\\\n")
    return "".join(out) + indent + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    if char == "\n":
        return "\\n"
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
