"""YAML scalars as goyaml.v2 writes them: plain, single-quoted, double-quoted or literal, folded after 80 columns.

Used by yamlout and, for what a plain text would be read as, by the KYAML printer.
"""

from __future__ import annotations

import re
from typing import Any

from minikctl.printers.gofmt import float_text

# Texts that are plain without a closer look unless they are one of the words below.
SAFE = re.compile(r"[A-Za-z/](?:[-\w./=+]|[:@](?=[-\w./=+]))*", re.ASCII).fullmatch
WORDS = frozenset(
    (
        *("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"),
        *("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"),
        *("~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"),
        *("+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"),
    )
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII).fullmatch
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
LINE_BREAKS = "\n\r\x85\u2028\u2029"
_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\u2028": "L",
    "\u2029": "P",
}
_WIDTH = 80


def inline(value: Any, indent: str, column: int) -> str:
    """What stands after `key: ` or `- ` for anything but a non-empty collection; it starts at `column`."""
    if isinstance(value, str):
        return text(value, indent, column)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return str(value) if -(2**63) <= value < 2**64 else float_text(float(value))


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e18:
        return str(int(value))
    if 1e18 <= abs(value) < 1e21 and -(2**63) <= int(value) < 2**64:
        return str(int(value))
    return float_text(value)


def text(value: str, indent: str, column: int) -> str:
    """A string value in a block indented by `indent`, starting at `column`."""
    if "\x85" in value:
        value = _read_back(value)
    if "\n" in value and _literal_allowed(value):
        return _literal(value, indent + "  ")
    style = _style(value)
    if style == "double":
        return _double_quoted(value, indent + "  ", column)
    if column + len(value) <= _WIDTH and value.isascii():
        return value if style == "plain" else "'" + value.replace("'", "''") + "'"
    return _folded(value, style == "single", indent + "  ", column)


def key_text(key: str) -> str:
    """A key that fits on one line."""
    style = _style(key)
    if style == "double":
        return _double_quoted(key, "", -len(key) * 10)
    return key if style == "plain" else "'" + key.replace("'", "''") + "'"


def _read_back(value: str) -> str:
    """kubectl reads its JSON as YAML before printing: a raw NEL is a line break there and gets folded."""

    def fold(match: re.Match[str]) -> str:
        breaks = match.group().count("\x85")
        return " " if breaks == 1 else "\n" * (breaks - 1)

    return re.sub(" *\x85[ \x85]*", fold, value)


def means_other(text: str) -> bool:
    """Whether YAML 1.1 would read the plain text as something other than a string."""
    if not text or text in WORDS:
        return True
    head = text[0]
    if head == ".":
        return _is_float(text)
    if head not in "+-0123456789":
        return False
    return _is_time(text) or _is_number(text.replace("_", "")) or _is_base_60(text)


def _is_number(text: str) -> bool:
    return _is_int(text) or (_FLOAT(text) is not None and _is_float(text)) or _is_binary(text)


def _is_int(text: str) -> bool:
    """strconv.ParseInt(text, 0, 64) or ParseUint succeeds."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    low = digits.lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(low[:2], 8 if len(low) > 1 and low[0] == "0" else 10)
    body = low[2:] if low[:2] in ("0x", "0o", "0b") else low
    if not (body.isascii() and body.isalnum()):
        return False
    try:
        number = int(body, base)
    except ValueError:
        return False
    return number <= 2**63 if sign == "-" else number < (2**63 if sign == "+" else 2**64)


def _is_binary(text: str) -> bool:
    body = text[2:] if text.startswith("0b") else text[3:] if text.startswith("-0b") else ""
    return bool(body) and set(body) <= {"0", "1"} and len(body) <= 64


def _is_float(text: str) -> bool:
    if not text.isascii() or "_" in text or text != text.strip():
        return False
    try:
        return abs(float(text)) != float("inf")
    except ValueError:
        return False


def _is_base_60(text: str) -> bool:
    if ":" not in text:
        return False
    return re.fullmatch(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", text, re.ASCII) is not None


def _is_time(text: str) -> bool:
    if len(text) < 8 or text[4] != "-" or not text[:4].isdigit():
        return False
    clock = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?"
    pattern = rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[Tt]{clock}(?:Z|[+-]\d\d:\d\d)| +{clock})?"
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        return False
    year, month, day, *rest = [int(part) if part else 0 for part in match.groups()]
    hour, minute, second = [a + b for a, b in zip(rest[:3], rest[3:], strict=True)]
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _style(text: str) -> str:
    """The plainest style that keeps the text: "plain", "single" or "double"."""
    if "\n" in text or means_other(text):
        return "double"
    if not _printable(text) or any(f" {char}" in text or f"{char} " in text for char in LINE_BREAKS):
        return "double"
    head = text[0]
    if head in " \n" or text[-1] in " \n" or any(char in text for char in LINE_BREAKS):
        return "single"
    if head in _INDICATORS or text[:3] in ("---", "..."):
        return "single"
    if head in "?:-" and (len(text) == 1 or text[1] in " \t"):
        return "single"
    if ": " in text or ":\t" in text or text[-1] == ":" or " #" in text or "\t#" in text:
        return "single"
    return "plain"


def _printable(text: str) -> bool:
    """goyaml's idea of printable: no control characters (tabs included), nothing outside the basic plane."""
    if text.isascii():
        return text.isprintable() or text.replace("\n", "").isprintable()
    return "\ufeff" not in text and all(
        " " <= char <= "~" or char == "\n" or "\xa0" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd"
        for char in text
    )


def _folded(value: str, quoted: bool, indent: str, column: int) -> str:
    """A plain or single-quoted text, broken at single spaces beyond the width."""
    out = ["'"] if quoted else []
    column += quoted
    last = len(value) - 1
    spaces = after_break = False
    for i, char in enumerate(value):
        if char == " ":
            inside = not quoted or 0 < i < last
            if inside and not spaces and column > _WIDTH and value[i + 1 : i + 2] != " ":
                out.append("\n" + indent)
                column = len(indent)
            else:
                out.append(char)
                column += 1
            spaces = True
            continue
        if char in LINE_BREAKS:
            out.append(char)
            column = 0
            after_break = True
            continue
        if after_break:
            out.append(indent)
            column = len(indent)
        out.append("''" if char == "'" and quoted else char)
        column += 2 if char == "'" and quoted else 1
        spaces = after_break = False
    if quoted:
        out.append("'")
    return "".join(out)


def _double_quoted(value: str, indent: str, column: int) -> str:
    out = ['"']
    column += 1
    last = len(value) - 1
    spaces = False
    bom = value.startswith("\ufeff")
    for i, char in enumerate(value):
        if char == " " and not bom:
            if not spaces and column > _WIDTH and 0 < i < last:
                out.append("\n" + indent + ("\\" if value[i + 1] == " " else ""))
                column = len(indent) + (value[i + 1] == " ")
            else:
                out.append(char)
                column += 1
            spaces = True
            continue
        shown = _escaped(char, bom)
        out.append(shown)
        column += len(shown)
        spaces = False
    return "".join(out) + '"'


def _escaped(char: str, always: bool) -> str:
    """A character within double quotes; after a leading byte order mark upstream escapes all (`always`)."""
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    if not always and _printable(char):
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _literal_allowed(text: str) -> bool:
    if text[-1] == " " or not _printable(text):
        return False
    return not any(f" {char}" in text for char in LINE_BREAKS)


def _literal(text: str, indent: str) -> str:
    hints = "2" if text[0] == " " or text[0] in LINE_BREAKS else ""
    if text[-1] not in LINE_BREAKS:
        hints += "-"
    elif len(text) == 1 or text[-2] in LINE_BREAKS:
        hints += "+"
    lines = text.split("\n")
    if lines[-1] == "":
        del lines[-1]
    body = "\n".join([indent + line if line and line[0] not in LINE_BREAKS else line for line in lines])
    if not body.isascii():
        body = re.sub("[\u2028\u2029](?=[^\n\u2028\u2029])", r"\g<0>" + indent, body)
    return f"|{hints}\n{body}"
