"""The values of CEL's literals, read as its specification says (`common/ast`, `parser/unescape.go`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PREFIX = re.compile(r"[rRbB]*")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"`?])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


@lru_cache(maxsize=2048)
def value_of(text: str) -> Any:
    """The value that a literal stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[-1] in "\"'":
        return _quoted(text)
    body = text.rstrip("uU") if text[-1] in "uU" else text
    if body.lstrip("-")[:2].lower() == "0x":
        return int(body, 16)
    return float(body) if set(body) & set(".eE") else int(body)


def _quoted(text: str) -> str | bytes:
    match = _PREFIX.match(text)
    prefix = match.group().lower() if match is not None else ""
    body = text[len(prefix) :]
    quote = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    body = body[quote:-quote]
    is_bytes = "b" in prefix
    if "r" in prefix:
        return body.encode() if is_bytes else body
    if not is_bytes:
        return _ESCAPE.sub(_unescaped, body)
    made = b""
    last = 0
    for found in _ESCAPE.finditer(body):
        made += body[last : found.start()].encode()
        number = int(found[2], 16) if found[2] else int(found[5], 8) if found[5] else -1
        made += bytes([number]) if number >= 0 else _unescaped(found).encode()
        last = found.end()
    return made + body[last:].encode()


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return _SIMPLE.get(found[1], found[1])
    return chr(int(found[5], 8)) if found[5] else chr(int(found[2] or found[3] or found[4], 16))
