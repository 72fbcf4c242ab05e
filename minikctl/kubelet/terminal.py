"""The line discipline of a terminal: keys in, whole lines and signals out, and what is echoed meanwhile.

What the kernel does for a real container's pty. Pure: text in, text out.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder

_ERASE = ("\x7f", "\b")
_INTERRUPT, _END, _KILL, _WORD, _CLEAR, _QUIT = "\x03", "\x04", "\x15", "\x17", "\x0c", "\x1c"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[^0-9;?]|O.|[^\[O])", re.DOTALL)
_LONGEST_SEQUENCE = 32
_UP, _DOWN = ("\x1b[A", "\x1bOA"), ("\x1b[B", "\x1bOB")


class Terminal:
    """Keys become lines. `feed` returns events: ("echo", text), ("line", text), ("end", ""), ("interrupt", "")."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._begun = ""  # a key's sequence that has not come to its end
        self._line = ""
        self._history: list[str] = []
        self._at = 0

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """What comes of some keys."""
        events: list[tuple[str, str]] = []
        text, self._begun = self._begun + self._decoder.decode(data), ""
        while text:
            if text[0] == "\x1b":
                found = _SEQUENCE.match(text)
                if found is None:
                    self._begun = text[:_LONGEST_SEQUENCE]
                    break
                text = text[found.end() :]
                events += self._sequence(found.group())
            else:
                events += self._key(text[0])
                text = text[1:]
        return events

    def _key(self, key: str) -> list[tuple[str, str]]:
        if key in "\r\n":
            line, self._line = self._line, ""
            if line.strip() and self._history[-1:] != [line]:
                self._history.append(line)
            self._at = len(self._history)
            return [("echo", "\r\n"), ("line", line + "\n")]
        if key in _ERASE:
            return self._shorten(len(self._line) - 1)
        if key == _KILL:
            return self._shorten(0)
        if key == _WORD:
            return self._shorten(len(self._line.rstrip()[: self._line.rstrip().rfind(" ") + 1]))
        if key in (_INTERRUPT, _QUIT):
            self._line = ""
            return [("echo", "^C\r\n"), ("interrupt", "")]
        if key == _END:
            if self._line:
                line, self._line = self._line, ""
                return [("line", line)]
            return [("end", "")]
        if key == _CLEAR:
            return [("clear", self._line)]
        if key < " " and key != "\t":
            return []
        self._line += key
        return [("echo", key)]

    def _shorten(self, size: int) -> list[tuple[str, str]]:
        dropped = len(self._line) - max(size, 0)
        self._line = self._line[: max(size, 0)]
        return [("echo", "\b \b" * dropped)] if dropped else []

    def _sequence(self, keys: str) -> list[tuple[str, str]]:
        """Cursor keys: up and down walk through what was typed before."""
        if keys in _UP and self._at > 0:
            self._at -= 1
        elif keys in _DOWN and self._at < len(self._history):
            self._at += 1
        else:
            return []
        erased = self._shorten(0)
        self._line = self._history[self._at] if self._at < len(self._history) else ""
        return [*erased, ("echo", self._line)]


def on_screen(text: str) -> str:
    """Output as a terminal gets it."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
