"""Parses kubectl's JSONPath dialect into lists of nodes.

A node is a tuple whose first element names it: ("list", nodes), ("text", text), ("field", name), ("array", start,
stop, step, derived), ("filter", left, operator, right), ("number", value), ("bool", value), ("wildcard",),
("recursive",), ("union", lists), ("identifier", name). Upstream counterpart: client-go's util/jsonpath parser.
"""

from __future__ import annotations

import re
from typing import Any

Node = tuple[Any, ...]

_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_HEX_LENGTH = {"x": 2, "u": 4, "U": 8}


class JSONPathError(ValueError):
    """A template that cannot be parsed or evaluated; the message is upstream's."""


def parse(text: str) -> list[Node]:
    """The nodes of a template: texts and, for each `{...}`, a list node."""
    return _Parser(text).parse()


def unquote(text: str) -> str:
    """The value of a quoted Go string; single quotes work like double ones."""
    mark = text[:1]
    if len(text) < 2 or mark != text[-1] or mark not in ("'", '"'):
        raise JSONPathError("invalid syntax")
    body = text[1:-1]
    if "\\" not in body and mark not in body:
        return body
    out = []
    at = 0
    while at < len(body):
        char = body[at]
        if char == mark:
            raise JSONPathError("invalid syntax")
        if char != "\\":
            out.append(char)
            at += 1
            continue
        value, at = _escape(body, at + 1, mark)
        out.append(value)
    return "".join(out)


def _escape(body: str, at: int, mark: str) -> tuple[str, int]:
    """The character an escape stands for and where the text goes on; `at` is behind the backslash."""
    char = body[at : at + 1]
    if char in _SIMPLE:
        return _SIMPLE[char], at + 1
    if char in ("'", '"') and char == mark:
        return char, at + 1
    digits = ""
    base = 16
    if char in _HEX_LENGTH:
        digits = body[at + 1 : at + 1 + _HEX_LENGTH[char]]
        complete = len(digits) == _HEX_LENGTH[char]
        at += 1
    else:
        digits = body[at : at + 3]
        base = 8
        complete = len(digits) == 3
    try:
        code = int(digits, base) if complete and digits.isalnum() else -1
    except ValueError:
        code = -1
    if not 0 <= code <= 0x10FFFF or (base == 8 and code > 255):
        raise JSONPathError("invalid syntax")
    return chr(code), at + len(digits)


class _Parser:
    """Recursive descent over the characters, kept close to the grammar's oddities."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def parse(self) -> list[Node]:
        root: list[Node] = []
        while self.at < len(self.text):
            opening = self.text.find("{", self.at)
            end = len(self.text) if opening < 0 else opening
            if end > self.at:
                root.append(("text", self.text[self.at : end]))
            self.at = end
            if opening >= 0:
                self.at += 1
                root.append(("list", self._action()))
        return root

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _action(self) -> list[Node]:
        nodes: list[Node] = []
        while True:
            char = self._peek()
            if char == "}":
                self.at += 1
                return nodes
            if self.text.startswith("[?(", self.at):
                nodes.append(self._filter())
            elif self.text.startswith("..", self.at):
                self._recursive(nodes)
            elif char in ("", "\r", "\n"):
                raise JSONPathError("unclosed action")
            elif char in " @$":
                self.at += 1
            elif char == "[":
                nodes += self._array()
            elif char in "\"'":
                nodes.append(self._quoted(char))
            elif char == ".":
                self.at += 1
                nodes.append(self._field())
            elif char in "+-" or char.isdecimal():
                nodes.append(self._number())
            elif char == "_" or char.isalpha():
                nodes.append(self._identifier())
            else:
                shown = f" '{char}'" if char.isprintable() else ""
                raise JSONPathError(f"unrecognized character in action: U+{ord(char):04X}{shown}")

    def _recursive(self, nodes: list[Node]) -> None:
        if nodes and nodes[-1][0] == "recursive":
            raise JSONPathError("invalid multiple recursive descent")
        self.at += 2
        nodes.append(("recursive",))
        char = self._peek()
        if char == "_" or char.isalpha() or char.isdecimal():
            nodes.append(self._field())

    def _identifier(self) -> Node:
        start = self.at
        while self._peek() and self._peek() not in _TERMINATORS:
            self.at += 1
        name = self.text[start : self.at]
        return ("bool", name == "true") if name in ("true", "false") else ("identifier", name)

    def _number(self) -> Node:
        start = self.at
        if self._peek() in "+-":
            self.at += 1
        while self._peek() and (self._peek() == "." or self._peek().isdecimal()):
            self.at += 1
        text = self.text[start : self.at]
        try:
            return ("number", int(text) if "." not in text else float(text))
        except ValueError:
            raise JSONPathError(f"cannot parse number {text}") from None

    def _field(self) -> Node:
        start = self.at
        while self._peek() and self._peek() not in _TERMINATORS:
            self.at += 2 if self._peek() == "\\" else 1
        self.at = min(self.at, len(self.text))
        name = self.text[start : self.at]
        return ("wildcard",) if name == "*" else ("field", name.replace("\\", ""))

    def _quoted(self, mark: str) -> Node:
        start = self.at
        self.at += 1
        while True:
            char = self._peek()
            if char in ("", "\n"):
                raise JSONPathError("unterminated quoted string")
            self.at += 1
            if char == mark and self.text[self.at - 2] != "\\":
                break
        value = self.text[start : self.at]
        try:
            return ("text", unquote(value))
        except JSONPathError as error:
            raise JSONPathError(f"unquote string {value} error {error}") from None

    def _array(self) -> list[Node]:
        start = self.at + 1
        end = start
        while self.text[end : end + 1] != "]":
            if self.text[end : end + 1] in ("", "\n"):
                raise JSONPathError("unterminated array")
            end += 1
        self.at = end + 1
        text = self.text[start:end]
        if text == "*":
            text = ":"
        if "," in text:
            return [("union", [_first_action(f"[{part.strip(' ')}]") for part in text.split(",")])]
        if len(text) >= 2 and text[0] == text[-1] == "'" and "'" not in text[1:-1]:
            return _first_action(f".{text[1:-1]}")
        return [_slice(text)]

    def _filter(self) -> Node:
        self.at += 3
        start = self.at
        mark = ""
        closed = False
        while True:
            char = self._peek()
            if char in ("", "\n"):
                raise JSONPathError("unterminated filter")
            self.at += 1
            if char in "\"'":
                if not mark:
                    mark = char
                elif char == mark and self.text[self.at - 2] != "\\":
                    closed = True
            elif char == ")" and bool(mark) == closed:
                break
        if self._peek() != "]":
            raise JSONPathError("unclosed array expect ]")
        text = self.text[start : self.at - 1]
        self.at += 1
        match = re.match(r"([^!<>=]+)([!<>=]+)(.+?)$", text)
        if match is None:
            return ("filter", _first_action(text), "exists", [])
        return ("filter", _first_action(match.group(1)), match.group(2), _first_action(match.group(3)))


def _first_action(text: str) -> list[Node]:
    nodes: list[Node] = parse("{" + text + "}")[0][1]
    return nodes


def _slice(text: str) -> Node:
    match = re.fullmatch(r"(-?\d*)(:-?\d*)?(:-?\d*)?", text, re.ASCII)
    if match is None:
        raise JSONPathError(f"invalid array index {text}")
    first, second, third = match.groups()
    start = _index(first) if first else None
    derived = not second
    stop = (start or 0) + 1 if derived else _index(second[1:]) if second[1:] else None
    step = _index(third[1:]) if third and third[1:] else None
    return ("array", start, stop, step, derived)


def _index(text: str) -> int:
    if text == "-" or not -(2**63) <= int(text) < 2**63:
        raise JSONPathError(f"array index {text} is not a number")
    return int(text)


def relaxed(path: str) -> str:
    """`x.y`, `.x.y`, `{x.y}` or `{.x.y}` as the template `{.x.y}` (custom columns, --sort-by)."""
    if not path:
        return path
    match = re.fullmatch(r"\{\.?([^{}]+)\}|\.?([^{}]+)", path)
    if match is None:
        forms = "a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        raise JSONPathError(f"unexpected path string, expected {forms}")
    return "{." + (match.group(1) or match.group(2)) + "}"
