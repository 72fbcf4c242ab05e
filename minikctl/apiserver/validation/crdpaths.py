"""Paths into a CRD's schema, as selectable fields and the `fieldPath` of rules give them.

Counterpart: `ValidFieldPath` of apiextensions-apiserver's `pkg/apiserver/schema/cel/validation.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Node = dict[str, Any]

# A quoted string (or the rest, where it never closes), a delimiter, or what stands between delimiters.
_TOKENS = re.compile(r"'.*?(?<!\\)'|'.*|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


class Found(NamedTuple):
    """Where a path leads: the names on the way and the schema there, or why it leads nowhere.

    `text` is the path as errors have it: `a.b`, and `[key]` for the values of maps.
    """

    names: tuple[str, ...]
    schema: Node
    problem: str = ""
    text: str = ""


class _BadPathError(ValueError):
    """What is wrong with a path."""


def resolve(path: str, schema: Node, brackets: bool = True) -> Found:
    """Follow a path of `.name` and, with `brackets`, `['name']`, from a schema down."""
    names: list[str] = []
    node, text = schema, ""
    try:
        for name in _names(path, brackets):
            if not node.get("properties"):
                text += f"[{name}]"
            else:
                text += f".{name}" if text else name
            node = _child(node, name)
            names.append(name)
    except _BadPathError as problem:
        return Found((), {}, str(problem))
    return Found(tuple(names), node, text=text)


def _names(path: str, brackets: bool) -> Iterator[str]:
    """The names, one by one: a name that leads nowhere is complained of before what follows it."""
    tokens: Iterator[str] = iter(_TOKENS.findall(path))
    for token in tokens:
        if token == ".":
            yield _next(tokens)
        elif token != "[":
            raise _BadPathError(f"expected [ or . but got: {token}")
        elif not brackets:
            raise _BadPathError("array notation is not allowed")
        else:
            yield _unquoted(_next(tokens))
            closing = _next(tokens)
            if closing != "]":
                raise _BadPathError(f"expected ] but got {closing}")


def _next(tokens: Iterator[str]) -> str:
    token = next(tokens, None)
    if token is None:
        raise _BadPathError("unexpected end of JSON path")
    return token


def _unquoted(token: str) -> str:
    if len(token) < 2 or not (token.startswith("'") and token.endswith("'")):
        raise _BadPathError(f"expected single quoted string but got {token}")
    for escape in _ESCAPE.finditer(token[1:-1]):
        if escape[1] not in _ESCAPES:
            raise _BadPathError(f"invalid string literal: invalid escape char {escape[0]}")
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], token[1:-1])


def _child(node: Node, name: str) -> Node:
    """The schema of a field; a node with fields of its own has no others, one without may be a map."""
    properties, values = node.get("properties"), node.get("additionalProperties")
    if properties and name in properties:
        return properties[name] or {}
    if properties or values is None:
        raise _BadPathError("does not refer to a valid field")
    return values if isinstance(values, dict) else {}
