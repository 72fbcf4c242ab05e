"""Splits a template into tokens. Upstream counterpart: text/template/parse/lex.go.

A token is (type, position, text, line); an error is a token of type "error" whose text is the message.
"""

from __future__ import annotations

from typing import NamedTuple

from minikctl.printers.gofmt import quote

SPACES = " \t\r\n"
KEYWORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"))
_DIGITS = "0123456789_"
_BASES = {"x": "0123456789abcdefABCDEF_", "o": "01234567_", "b": "01_"}
_SINGLE = {"=": "assign", "|": "pipe"}


class Token(NamedTuple):
    """A lexical element of a template."""

    type: str
    pos: int
    text: str
    line: int

    def __str__(self) -> str:
        if self.type == "EOF":
            return "EOF"
        if self.type == "error":
            return self.text
        if self.type in KEYWORDS or self.type == "dot":
            return f"<{self.text}>"
        return quote(self.text[:10]) + "..." if len(self.text.encode()) > 10 else quote(self.text)


def is_alphanumeric(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def show_character(char: str) -> str:
    """A rune as %#U: `U+0023 '#'`."""
    if not char:
        return "U+FFFFFFFFFFFFFFFF"
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


def tokenize(text: str) -> list[Token]:
    """All tokens of the template, ending with EOF or the first error."""
    lexer = _Lexer(text)
    lexer.run()
    return lexer.tokens


class _Stop(Exception):
    """The error token has been emitted."""


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tokens: list[Token] = []
        self.line = 1
        self.counted = 0

    def run(self) -> None:
        try:
            while self.at < len(self.text):
                self._text()
            self._emit("EOF", self.at)
        except _Stop:
            pass

    def _emit(self, kind: str, start: int, text: str | None = None) -> None:
        self.line += self.text.count("\n", self.counted, start)
        self.counted = start
        self.tokens.append(Token(kind, start, self.text[start : self.at] if text is None else text, self.line))

    def _fail(self, message: str, start: int) -> None:
        self._emit("error", start, message)
        raise _Stop

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _closing(self) -> int:
        """Length of the right delimiter here: 4 with a trim marker, 2 without, 0 for none."""
        if self.text.startswith("}}", self.at):
            return 2
        return 4 if self._peek() and self._peek() in SPACES and self.text.startswith("-}}", self.at + 1) else 0

    def _text(self) -> None:
        start = self.at
        opening = self.text.find("{{", start)
        if opening < 0:
            self.at = len(self.text)
            self._emit("text", start)
            return
        trims = self.text[opening + 2 : opening + 3] == "-" and self.text[opening + 3 : opening + 4] in tuple(SPACES)
        shown = self.text[start:opening]
        if trims:
            shown = shown.rstrip(SPACES)
        if shown:
            self._emit("text", start, shown)
        after = opening + (4 if trims else 2)
        if self.text.startswith("/*", after):
            self._comment(after)
            return
        self.at = opening + 2
        self._emit("left", opening)
        self.at = after
        self._action()

    def _comment(self, start: int) -> None:
        end = self.text.find("*/", start + 2)
        if end < 0:
            self._fail("unclosed comment", start)
        self.at = end + 2
        length = self._closing()
        if not length:
            self._fail("comment ends before closing delimiter", start)
        self._skip_closing(length)

    def _skip_closing(self, length: int) -> None:
        self.at += length
        if length == 4:
            while self._peek() and self._peek() in SPACES:
                self.at += 1

    def _action(self) -> None:
        depth = 0
        while True:
            start = self.at
            length = self._closing()
            if length:
                if depth:
                    self._fail("unclosed left paren", start)
                self._emit("right", start + length - 2, "}}")
                self._skip_closing(length)
                return
            char = self._peek()
            if not char:
                self._fail("unclosed action", start)
            if char in "()":
                depth += 1 if char == "(" else -1
                if depth < 0:
                    self._fail("unexpected right paren", start)
                self.at += 1
                self._emit(char, start)
            else:
                self._element(char, start)

    def _element(self, char: str, start: int) -> None:
        following = self.text[start + 1 : start + 2]
        if char in SPACES:
            self._space(start)
        elif char == ":":
            if following != "=":
                self._fail("expected :=", start)
            self.at += 2
            self._emit("declare", start)
        elif char in _SINGLE:
            self.at += 1
            self._emit(_SINGLE[char], start)
        elif char in "\"'":
            self._quoted(char, start)
        elif char == "`":
            end = self.text.find("`", start + 1)
            if end < 0:
                self._fail("unterminated raw quoted string", start)
            self.at = end + 1
            self._emit("rawstring", start)
        elif char == "$" or (char == "." and not (following and following in "0123456789")):
            self._field(char, start)
        elif char in "+-.0123456789":
            self._number(start)
        elif is_alphanumeric(char):
            self._identifier(start)
        elif " " <= char <= "~":
            self.at += 1
            self._emit("char", start)
        else:
            self._fail(f"unrecognized character in action: {show_character(char)}", start)

    def _space(self, start: int) -> None:
        while self._peek() and self._peek() in SPACES and self._closing() != 4:
            self.at += 1
        self._emit("space", start)

    def _quoted(self, mark: str, start: int) -> None:
        self.at += 1
        while self._peek() != mark:
            if self._peek() == "\\":
                self.at += 1
            if self._peek() in ("", "\n"):
                what = "quoted string" if mark == '"' else "character constant"
                self._fail(f"unterminated {what}", start)
            self.at += 1
        self.at += 1
        self._emit("string" if mark == '"' else "character", start)

    def _field(self, mark: str, start: int) -> None:
        self.at += 1
        while self._peek() and is_alphanumeric(self._peek()):
            self.at += 1
        self._check_terminator(start)
        if mark == "$":
            self._emit("variable", start)
        else:
            self._emit("dot" if self.at == start + 1 else "field", start)

    def _identifier(self, start: int) -> None:
        while self._peek() and is_alphanumeric(self._peek()):
            self.at += 1
        self._check_terminator(start)
        word = self.text[start : self.at]
        if word in KEYWORDS:
            self._emit(word, start)
        else:
            self._emit("bool" if word in ("true", "false") else "identifier", start)

    def _check_terminator(self, start: int) -> None:
        char = self._peek()
        if char and char not in SPACES and char not in ".,|:()" and not self.text.startswith("}}", self.at):
            self._fail(f"bad character {show_character(char)}", start)

    def _number(self, start: int) -> None:
        if self._peek() in "+-":
            self.at += 1
        digits = _DIGITS
        if self._peek() == "0":
            base = self.text[self.at + 1 : self.at + 2].lower()
            if base and base in _BASES:
                digits = _BASES[base]
                self.at += 2
        self._digits(digits)
        if self._peek() == ".":
            self.at += 1
            self._digits(digits)
        exponent = "eE" if len(digits) == 11 else "pP" if len(digits) == 23 else ""
        if self._peek() and self._peek() in exponent:
            self.at += 1
            if self._peek() and self._peek() in "+-":
                self.at += 1
            self._digits(_DIGITS)
        if self._peek() == "i":
            self.at += 1
        if self._peek() and is_alphanumeric(self._peek()):
            self.at += 1
            self._fail(f"bad number syntax: {quote(self.text[start : self.at])}", start)
        self._emit("number", start)

    def _digits(self, digits: str) -> None:
        while self._peek() and self._peek() in digits:
            self.at += 1
