"""Words of a script become strings and fields: variables, substitutions, arithmetic, splitting."""

from __future__ import annotations

from fnmatch import fnmatchcase
from glob import escape
from typing import Any

from minikctl.kubelet.runtime.shell.arithmetic import evaluate
from minikctl.kubelet.runtime.shell.control import Exit
from minikctl.kubelet.runtime.shell.input import Input
from minikctl.kubelet.runtime.shell.parser import Node, Word, quoted_text


class _Field:
    """A field that is being put together; quoted text stands for itself in its pattern."""

    __slots__ = ("is_pattern", "pattern", "text")

    def __init__(self) -> None:
        self.text = self.pattern = ""
        self.is_pattern = False

    def add(self, text: str, quoted: bool = False) -> None:
        self.text += text
        self.pattern += escape(text) if quoted else text
        self.is_pattern = self.is_pattern or (not quoted and any(letter in text for letter in "*?["))


class Expansion:
    """The half of a shell that expands words; the interpreter is the other."""

    env: dict[str, str]
    arguments: list[str]
    status: int
    time: float
    output: list[tuple[float, str]]
    directory: str

    def complain(self, text: str) -> None:
        raise NotImplementedError

    def matches(self, pattern: str) -> list[str]:
        """The paths that match a pattern, sorted."""
        raise NotImplementedError

    def _captured(self, node: Node, stdin: Input) -> tuple[int, str]:
        raise NotImplementedError

    def expand_all(self, words: list[Word]) -> list[str]:
        """Expand words into fields, splitting what is not quoted."""
        fields: list[str] = []
        for word in words:
            fields += self._fields(word)
        return fields

    def _fields(self, word: Word) -> list[str]:
        if len(word) == 1 and word[0][0] == "var" and word[0][1] == "@" and word[0][4]:
            return list(self.arguments)
        fields: list[str] = []
        current: _Field | None = None
        for part in word:
            text = self._part(part)
            if part[-1] or part[0] == "text":
                current = current or _Field()
                current.add(text, quoted=bool(part[-1]))
                continue
            pieces = text.split()
            if not pieces:
                continue
            if text[0].isspace() and current is not None:
                fields += self._expanded(current)
                current = None
            current = current or _Field()
            current.add(pieces[0])
            for piece in pieces[1:]:
                fields += self._expanded(current)
                current = _Field()
                current.add(piece)
            if text[-1].isspace():
                fields += self._expanded(current)
                current = None
        if current is not None:
            fields += self._expanded(current)
        return fields

    def _expanded(self, field: _Field) -> list[str]:
        """A field, or the paths that it matches."""
        return (self.matches(field.pattern) if field.is_pattern else None) or [field.text]

    def expand(self, word: Word) -> str:
        """Expand a word to one string."""
        return "".join(self._part(part) for part in word)

    def _part(self, part: tuple[Any, ...]) -> str:
        kind = part[0]
        if kind == "text":
            return str(part[1])
        if kind == "run":
            code, text = self._captured(part[1], Input())
            self.status = code
            return text.rstrip("\n")
        if kind == "math":
            return str(evaluate(self.expand(quoted_text(part[1])), self.env))
        return self._parameter(part[1], part[2], part[3])

    def _parameter(self, name: str, operator: str, word: Word) -> str:
        value = self._value(name)
        if not operator:
            return value or ""
        if operator == "length":
            return str(len(value or ""))
        empty = not value if operator.startswith(":") else value is None
        kind = operator[-1]
        if operator in ("#", "##", "%", "%%"):
            return _trim(value or "", self.expand(word), operator)
        if kind == "+":
            return "" if empty else self.expand(word)
        if not empty:
            return value or ""
        text = self.expand(word)
        if kind == "=":
            self.env[name] = text
        elif kind == "?":
            self.complain(f"sh: {name}: {text or 'parameter not set'}\n")
            raise Exit(2)
        return text

    def _value(self, name: str) -> str | None:
        if name == "?":
            return str(self.status)
        if name == "#":
            return str(len(self.arguments))
        if name in ("@", "*"):
            return " ".join(self.arguments)
        if name == "$":
            return "1"
        if name == "0":
            return "sh"
        if name.isdigit():
            index = int(name) - 1
            return self.arguments[index] if index < len(self.arguments) else None
        if name == "PWD":
            return self.directory
        if name == "RANDOM":
            return str(int(self.time * 7919 + len(self.output) * 104729) % 32768)
        return self.env.get(name)


def _trim(value: str, pattern: str, operator: str) -> str:
    sizes = range(len(value) + 1)
    for size in reversed(sizes) if len(operator) == 2 else sizes:
        if operator[0] == "#" and fnmatchcase(value[:size], pattern):
            return value[size:]
        if operator[0] == "%" and fnmatchcase(value[len(value) - size :], pattern):
            return value[: len(value) - size]
    return value
