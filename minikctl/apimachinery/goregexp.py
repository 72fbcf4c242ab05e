"""Go's regular expressions (RE2 syntax) written for Python's engine.

What both write alike but mean differently is rewritten: `$` and `\\z`, `\\s`, classes of POSIX and Unicode,
`\\Q...\\E`, flags in the middle of an expression, ungreedy mode.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_SPACE = r"\t\n\f\r "
_GROUP = re.compile(r"\(\?(?:P?<(?P<name>\w+)>|(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)]))")
_REPEAT = re.compile(r"\{\d+(,\d*)?\}")
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)(\w+)\}|(\w))")
_SCRIPTS = {"Han": "CJK UNIFIED IDEOGRAPH", "Hangul": "HANGUL", "Latin": "LATIN", "Common": ""}
_SHORT = 16
_NESTED = re.compile(r"[*+}][^()]*\)+[*+{]")
_LIMIT = 0x30000  # planes above hold next to nothing that has a category of use here


class NotTranslatableError(ValueError):
    """An expression that Go refuses too, or that means what Python cannot say."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to search with; NotTranslatableError where there is none."""
    try:
        return re.compile(translated(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise NotTranslatableError(str(error)) from None


def matches(pattern: str, value: str) -> bool:
    """Whether the expression matches somewhere; one that cannot be read matches everything.

    Loops within loops, on which backtracking can take for ever, are left to the CEL engine's regular
    expressions where that engine is there: like Go's, those take time in proportion to the text.
    """
    if len(value) > _SHORT and _NESTED.search(pattern):
        found = _linear(pattern, value)
        if found is not None:
            return found
    try:
        return compiled(pattern).search(value) is not None
    except NotTranslatableError:
        return True


def _linear(pattern: str, value: str) -> bool | None:
    """The verdict of the CEL engine; None without one, or where it cannot read the expression."""
    from minikctl.apimachinery.cel import library

    try:
        engine = library.engine()
        verdict = _question(engine).execute(engine.Context({"text": value, "pattern": pattern}))
    except (library.LibraryMissingError, RuntimeError, ValueError):
        return None
    return bool(verdict)


@lru_cache(maxsize=1)
def _question(engine: Any) -> Any:
    return engine.compile("text.matches(pattern)")


def translated(pattern: str) -> str:
    """The same expression in Python's syntax (to be compiled with re.ASCII)."""
    return _Translator(pattern).run()


class _Flags:
    """The flags in force in a group, and the groups of ours that set them and close with it."""

    __slots__ = ("multiline", "opened", "ungreedy")

    def __init__(self, multiline: bool = False, ungreedy: bool = False) -> None:
        self.multiline = multiline
        self.ungreedy = ungreedy
        self.opened: list[str] = []


class _Translator:
    """One pass over the pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._stack = [_Flags()]

    def run(self) -> str:
        pattern = self._pattern
        while self._at < len(pattern):
            char = pattern[self._at]
            if char == "\\":
                self._out.append(self._escape(False))
            elif char == "[":
                self._class()
            elif char == "(":
                self._open()
            elif char == ")":
                self._close()
            elif char == "|":
                self._alternative()
            elif char in "*+?" or (char == "{" and _REPEAT.match(pattern, self._at)):
                self._repetition()
            else:
                self._plain(char)
        self._out.append(")" * len(self._stack[-1].opened))
        return "".join(self._out)

    def _plain(self, char: str) -> None:
        self._at += 1
        if char == "$" and not self._stack[-1].multiline:
            self._out.append(r"\Z")
        else:
            self._out.append(r"\{" if char == "{" else char)

    def _alternative(self) -> None:
        """A flag set in the middle of one alternative holds in the next ones as well."""
        self._at += 1
        opened = self._stack[-1].opened
        self._out.append(")" * len(opened) + "|" + "".join(opened))

    def _repetition(self) -> None:
        match = _REPEAT.match(self._pattern, self._at)
        text = match.group() if match else self._pattern[self._at]
        self._at += len(text)
        lazy = self._pattern.startswith("?", self._at)
        self._at += lazy
        self._out.append(text + ("?" if lazy != self._stack[-1].ungreedy else ""))

    def _open(self) -> None:
        match = _GROUP.match(self._pattern, self._at)
        flags = self._stack[-1]
        if match is None:
            self._at += 1
            self._out.append("(")
            self._stack.append(_Flags(flags.multiline, flags.ungreedy))
            return
        self._at = match.end()
        if match["name"]:
            self._out.append(f"(?P<{match['name']}>")
            self._stack.append(_Flags(flags.multiline, flags.ungreedy))
            return
        on, off = match["on"] or "", match["off"] or ""
        multiline = "m" in on or (flags.multiline and "m" not in off)
        inner = _Flags(multiline, "U" in on or (flags.ungreedy and "U" not in off))
        shown = "".join(flag for flag in on if flag != "U") + ("-" + off.replace("U", "") if off.strip("U") else "")
        self._out.append(f"(?{shown}:")
        if match["end"] == ":":
            self._stack.append(inner)
        else:
            flags.multiline, flags.ungreedy = inner.multiline, inner.ungreedy
            flags.opened.append(self._out[-1])

    def _close(self) -> None:
        self._at += 1
        self._out.append(")" * (len(self._stack.pop().opened) + 1))
        if not self._stack:
            raise NotTranslatableError("unbalanced parenthesis")

    def _escape(self, in_class: bool) -> str:
        """The escape at the current place; in a class, what stands inside its brackets."""
        pattern, at = self._pattern, self._at
        kind = pattern[at + 1 : at + 2]
        prop = _PROPERTY.match(pattern, at)
        if prop:
            self._at = prop.end()
            negated = (prop[1] == "P") != bool(prop[2])
            return _property(prop[3] or prop[4], negated, in_class)
        if kind == "Q" and not in_class:
            end = pattern.find(r"\E", at + 2)
            self._at = len(pattern) if end < 0 else end + 2
            return re.escape(pattern[at + 2 : end if end >= 0 else None])
        self._at += 2
        if kind == "x" and pattern[at + 2 : at + 3] == "{":
            end = pattern.index("}", at)
            self._at = end + 1
            return re.escape(chr(int(pattern[at + 3 : end], 16)))
        if kind in "sS":
            return _SPACE if in_class and kind == "s" else f"[{'^' if kind == 'S' else ''}{_SPACE}]"
        return {"z": r"\Z", "E": "", "C": "."}.get(kind, "\\" + kind)

    def _class(self) -> None:
        """A bracketed class; one with a negated part inside becomes alternatives."""
        pattern = self._pattern
        self._at += 1
        negated = pattern.startswith("^", self._at)
        self._at += negated
        inside: list[str] = []
        apart: list[str] = []
        first = True
        while self._at < len(pattern) and (pattern[self._at] != "]" or first):
            first = False
            part = self._member()
            (apart if part.startswith("[^") else inside).append(part)
        self._at += 1
        text = "".join(inside)
        if not apart:
            self._out.append(f"[{'^' if negated else ''}{text}]")
        elif negated:
            parts = ([f"[{text}]"] if text else []) + apart
            self._out.append("(?:" + "".join(f"(?!{part})" for part in parts) + r"[\s\S])")
        else:
            self._out.append("(?:" + "|".join(([f"[{text}]"] if text else []) + apart) + ")")

    def _member(self) -> str:
        pattern, at = self._pattern, self._at
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at)
            name = pattern[at + 2 : end].removeprefix("^")
            if end > 0 and name in _POSIX:
                self._at = end + 2
                return f"[^{_POSIX[name]}]" if pattern[at + 2] == "^" else _POSIX[name]
        if pattern[at] == "\\":
            return self._escape(True)
        self._at += 1
        # Doubled punctuation is to become set operations in Python.
        return "\\" + pattern[at] if pattern[at] in "[&~|]" else pattern[at]


def _property(name: str, negated: bool, in_class: bool) -> str:
    ranges = _ranges(name)
    if negated:
        return f"[^{ranges}]"
    return ranges if in_class else f"[{ranges}]"


@lru_cache(maxsize=32)
def _ranges(name: str) -> str:
    """The characters of a general category (`L`, `Nd`) or script (`Greek`), as ranges of a class."""
    import unicodedata

    if len(name) <= 2:
        chosen = [code for code in range(_LIMIT) if unicodedata.category(chr(code)).startswith(name)]
    else:
        prefix = _SCRIPTS.get(name, name.upper().replace("_", " "))
        chosen = [code for code in range(_LIMIT) if unicodedata.name(chr(code), "").startswith(prefix)]
    if not chosen:
        raise NotTranslatableError(f"invalid character class range: {name}")
    found: list[str] = []
    start = last = chosen[0]
    for code in [*chosen[1:], -1]:
        if code != last + 1:
            found.append(re.escape(chr(start)) + (f"-{re.escape(chr(last))}" if last > start else ""))
            start = code
        last = code
    return "".join(found)
