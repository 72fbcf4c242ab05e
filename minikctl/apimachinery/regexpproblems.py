"""Whether a text is a regular expression of Go (RE2), and Go's words when it is not."""

from __future__ import annotations

import re
from functools import lru_cache

from minikctl.apimachinery import goregexp

_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_GROUP = re.compile(r"\(\?(P?<[A-Za-z_]\w*>|[imsU]*(-[imsU]+)?[:)])")
_ESCAPES = frozenset("AzbBdDsSwWpPQECxafnrtv0")
_MAX_REPEAT = 1000


@lru_cache(maxsize=256)
def regexp_problem(pattern: str) -> str:
    """Go's complaint ("error parsing regexp: ..."), empty for a good pattern."""
    problem = _scan(pattern)
    if not problem:
        problem = _second_opinion(pattern)
    return f"error parsing regexp: {problem}" if problem else ""


def _scan(pattern: str) -> str:
    """One pass for what Go and Python see differently; the first problem found."""
    depth, index, repeatable = 0, 0, False
    while index < len(pattern):
        char = pattern[index]
        if char == "(":
            width, problem = _group(pattern, index)
            depth, repeatable = depth + 1, False
        elif char == ")":
            depth -= 1
            width, problem = 1, "" if depth >= 0 else f"unexpected ): `{pattern}`"
            repeatable = True
        elif char in "*+?" or (char == "{" and _REPEAT.match(pattern, index)):
            width, problem = _repetition(pattern, index, repeatable)
            repeatable = False
        else:
            width, problem = _atom(pattern, index)
            repeatable = char != "|"
        if problem:
            return problem
        index += width
    return f"missing closing ): `{pattern}`" if depth else ""


def _atom(pattern: str, index: int) -> tuple[int, str]:
    """Width of a plain character, escape or class, and what is wrong with it."""
    char = pattern[index]
    if char == "[":
        end = _class_end(pattern, index)
        return (end - index + 1, "") if end >= 0 else (0, f"missing closing ]: `{pattern[index:]}`")
    if char != "\\":
        return 1, ""
    if index + 1 == len(pattern):
        return 0, "trailing backslash at end of expression: ``"
    escape = pattern[index + 1]
    if escape.isalnum() and escape not in _ESCAPES:
        return 0, f"invalid escape sequence: `\\{escape}`"
    return 2, ""


def _repetition(pattern: str, index: int, repeatable: bool) -> tuple[int, str]:
    match = _REPEAT.match(pattern, index) if pattern[index] == "{" else None
    text = match.group(0) if match else pattern[index]
    if not repeatable:
        return 0, f"missing argument to repetition operator: `{text}`"
    if match:
        low, high = int(match.group(1)), match.group(2)
        top = int(high) if high else low
        if max(low, top) > _MAX_REPEAT or top < low:
            return 0, f"invalid repeat count: `{text}`"
    if pattern.startswith("?", index + len(text)):
        text += "?"
    after = pattern[index + len(text) : index + len(text) + 1]
    if after and after in "*+?":
        return 0, f"invalid nested repetition operator: `{text}{after}`"
    return len(text), ""


def _class_end(pattern: str, start: int) -> int:
    """Where the character class that opens here closes, -1 if nowhere."""
    index = start + 1
    if pattern[index : index + 1] == "^":
        index += 1
    if pattern[index : index + 1] == "]":
        index += 1
    while index < len(pattern):
        if pattern[index] == "\\":
            index += 2
            continue
        if pattern.startswith("[:", index):
            end = pattern.find(":]", index + 2)
            if end > 0:
                index = end + 2
                continue
        if pattern[index] == "]":
            return index
        index += 1
    return -1


def _group(pattern: str, index: int) -> tuple[int, str]:
    """Width of what opens a group, and what is wrong with it."""
    if not pattern.startswith("(?", index):
        return 1, ""
    match = _GROUP.match(pattern, index)
    if match:
        # Flags that apply to the rest, "(?i)", close at once: leave that to the caller.
        return match.end() - index - match.group().endswith(")"), ""
    if pattern.startswith(("(?P<", "(?<"), index) and not pattern.startswith(("(?<=", "(?<!"), index):
        end = pattern.find(">", index)
        return 0, f"invalid named capture: `{pattern[index : end + 1] if end > 0 else pattern[index:]}`"
    width = 4 if pattern.startswith("(?<", index) else 3
    return 0, f"invalid or unsupported Perl syntax: `{pattern[index : index + width]}`"


def _second_opinion(pattern: str) -> str:
    """What Python's own compiler finds, where its verdict holds for Go too."""
    try:
        goregexp.compiled(pattern)
    except goregexp.NotTranslatableError as error:
        message = str(error).partition(" at position")[0]
    else:
        return ""
    if message.startswith("bad character range"):
        return f"invalid character class range: `{message.rpartition(' ')[2]}`"
    if message.startswith("invalid character class range: "):
        return f"invalid character class range: `\\p{{{message.rpartition(' ')[2]}}}`"
    if "redefinition of group name" in message:
        return f"duplicate capture group name: `{message.split(chr(39))[1]}`"
    return ""
