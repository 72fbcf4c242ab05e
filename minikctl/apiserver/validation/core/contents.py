"""A look into the bytes of Secrets: docker configs and TLS key pairs.

The texts are those of Go's encoding/json and crypto/tls, which the server passes on.
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any

_ESCAPES = frozenset('"\\/bfnrtu')
_SPACE = " \t\r\n"


def decoded_size(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(text) * 3 // 4 - text.endswith("=") - text.endswith("==")


def decode(text: str) -> str:
    """The decoded bytes, one character per byte; empty for what is not base64."""
    try:
        return a2b_base64(text).decode("latin-1")
    except Base64Error:
        return ""


def docker_config_problem(encoded: str) -> str:
    """Why the decoded text is not a JSON object, in Go's words; empty if it is one."""
    text = decode(encoded)
    try:
        value = json.loads(text)
    except ValueError:
        return json_problem(text) or "invalid JSON"
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {_kind(value)} into Go value of type map[string]interface {{}}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "number"


class _Stop(Exception):
    """Scanning found the text's problem."""


def json_problem(text: str) -> str:
    """Go's syntax error for a text that is not JSON; empty for one that is."""
    try:
        at = _skip(text, _value(text, 0))
        if at < len(text):
            raise _Stop(_bad(text, at, "after top-level value"))
    except _Stop as stop:
        return str(stop)
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


def _pem_types(encoded: str) -> list[str]:
    text = decode(encoded)
    return re.findall(r"-----BEGIN ([^\n-]+)-----\n.*?\n-----END \1-----", text, re.DOTALL)


def key_pair_problem(certificate: str, key: str) -> str:
    """Why no certificate or no key can be found in a TLS Secret (whether they match is not checked)."""
    types = _pem_types(certificate)
    if not types:
        return "tls: failed to find any PEM data in certificate input"
    if "CERTIFICATE" not in types:
        if len(types) == 1 and types[0].endswith("PRIVATE KEY"):
            return (
                "tls: failed to find certificate PEM data in certificate input, but did find a private key;"
                " PEM inputs may have been switched"
            )
        skipped = " ".join(types)
        return (
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks'
            f" of the following types: [{skipped}]"
        )
    types = _pem_types(key)
    if not types:
        return "tls: failed to find any PEM data in key input"
    if any(kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY") for kind in types):
        return ""
    if types == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    skipped = " ".join(types)
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks'
        f" of the following types: [{skipped}]"
    )
