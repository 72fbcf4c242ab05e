"""What is wrong with a text that is not JSON, or not the JSON that was wanted, in the words of Go's encoding/json.

The server passes these words on for Secrets, bodies and patches, kubectl for the files it reads.
"""

from __future__ import annotations

import re
from typing import Any

_ESCAPES = frozenset('"\\/bfnrtu')
_SPACE = " \t\r\n"
_TYPES: dict[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
# What Go reads the version and kind of any object into.
TYPE_META = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'


class _Stop(Exception):
    """Scanning found the text's problem."""


def json_type(value: Any) -> str:
    """What Go calls the type of a JSON value other than null."""
    return _TYPES.get(type(value), "number")


def json_problem(text: str) -> str:
    """Go's syntax error for a text that is not JSON; empty for one that is."""
    try:
        at = _skip(text, _value(text, 0))
        if at < len(text):
            raise _Stop(_bad(text, at, "after top-level value"))
    except _Stop as stop:
        return str(stop)
    except RecursionError:
        return "exceeded max depth"
    return ""


def _bad(text: str, at: int, where: str) -> str:
    if at >= len(text):
        return "unexpected end of JSON input"
    char = text[at]
    shown = {"'": r"'\''", '"': "'\"'", "\n": r"'\n'", "\t": r"'\t'", "\r": r"'\r'"}.get(char, "")
    if not shown:
        shown = f"'{char}'" if char.isprintable() else f"'\\x{ord(char):02x}'"
    return f"invalid character {shown} {where}"


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _value(text: str, at: int) -> int:
    at = _skip(text, at)
    char = text[at] if at < len(text) else ""
    if char == "{":
        return _object(text, at + 1)
    if char == "[":
        return _array(text, at + 1)
    if char == '"':
        return _string(text, at + 1)
    for word in ("true", "false", "null"):
        if char == word[0]:
            return _word(text, at, word)
    match = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?").match(text, at)
    if match:
        return match.end()
    if char == "-":
        raise _Stop(_bad(text, at + 1, "in numeric literal"))
    raise _Stop(_bad(text, at, "looking for beginning of value"))


def _word(text: str, at: int, word: str) -> int:
    for index, expected in enumerate(word):
        if text[at + index : at + index + 1] != expected:
            raise _Stop(_bad(text, at + index, f"in literal {word} (expecting '{expected}')"))
    return at + len(word)


def _string(text: str, at: int) -> int:
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1
        if char < " ":
            raise _Stop(_bad(text, at, "in string literal"))
        if char == "\\":
            at += 1
            if text[at : at + 1] not in _ESCAPES:
                raise _Stop(_bad(text, at, "in string escape code"))
        at += 1
    raise _Stop(_bad(text, at, ""))


def _object(text: str, at: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        at = _skip(text, at)
        if text[at : at + 1] != '"':
            raise _Stop(_bad(text, at, "looking for beginning of object key string"))
        at = _skip(text, _string(text, at + 1))
        if text[at : at + 1] != ":":
            raise _Stop(_bad(text, at, "after object key"))
        at = _skip(text, _value(text, at + 1))
        if text[at : at + 1] == "}":
            return at + 1
        if text[at : at + 1] != ",":
            raise _Stop(_bad(text, at, "after object key:value pair"))
        at += 1


def _array(text: str, at: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        at = _skip(text, _value(text, at))
        if text[at : at + 1] == "]":
            return at + 1
        if text[at : at + 1] != ",":
            raise _Stop(_bad(text, at, "after array element"))
        at += 1
