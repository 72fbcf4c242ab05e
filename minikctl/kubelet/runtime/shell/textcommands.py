"""Commands that print and test text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Endless

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_NUMERIC = {"-eq": "__eq__", "-ne": "__ne__", "-lt": "__lt__", "-le": "__le__", "-gt": "__gt__", "-ge": "__ge__"}
_LONGEST_SEQUENCE = 1_000_000
_WIDEST = 4  # digits of a width or precision
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "0": "\0", "e": "\x1b"}


def _echo(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = argv[1:]
    end, escapes = "\n", False
    while words and words[0] in ("-n", "-e", "-ne", "-en", "-E"):
        flags = words.pop(0)
        end = "" if "n" in flags else end
        escapes = escapes or "e" in flags
    text = " ".join(words)
    shell.print((unescape(text) if escapes else text) + end)
    return 0


def unescape(text: str) -> str:
    if "\\" not in text:
        return text
    parts = []
    chars = iter(text)
    for char in chars:
        if char != "\\":
            parts.append(char)
            continue
        following = next(chars, "")
        parts.append(_ESCAPES.get(following, "\\" + following))
    return "".join(parts)


def _printf(shell: Shell, argv: list[str], stdin: Input) -> int:
    if len(argv) < 2:
        return 1
    form, arguments = unescape(argv[1]), argv[2:]
    while True:
        text, used = _format(form, arguments)
        shell.print(text)
        arguments = arguments[used:]
        if not arguments or not used:
            return 0


def _format(form: str, arguments: list[str]) -> tuple[str, int]:
    parts = []
    used = at = 0
    while at < len(form):
        if form[at] != "%":
            parts.append(form[at])
            at += 1
            continue
        end = at + 1
        while end < len(form) and form[end] in "-+ 0#.123456789":
            end += 1
        kind = form[end : end + 1]
        if kind == "%":
            parts.append("%")
        else:
            value = arguments[used] if used < len(arguments) else ""
            used += 1
            parts.append(_formatted(form[at:end], kind, value))
        at = end + 1
    return "".join(parts), used


def _formatted(form: str, kind: str, value: str) -> str:
    if any(len(digits) > _WIDEST for digits in re.findall(r"[0-9]+", form)):
        raise Unsupported(f"printf {form}{kind}")
    try:
        if kind in "dioxX":
            return f"{form}{kind}" % int(value or "0", 0)
        if kind in "feg":
            return f"{form}{kind}" % float(value or "0")
    except ValueError:
        return "0"
    return f"{form}s" % (unescape(value) if kind == "b" else value)


def _cat(shell: Shell, argv: list[str], stdin: Input) -> int:
    names = [word for word in argv[1:] if word == "-" or not word.startswith("-")]
    status = 0
    for name in names or ("-",):
        if name == "-":
            while shell.terminal and stdin.live and (line := stdin.line()):
                shell.print(line)
            if not (shell.terminal and stdin.live):
                shell.print(stdin.read())
            continue
        found = shell.files.stat(shell.path(name))
        if found is None:
            shell.complain(f"cat: can't open '{name}': No such file or directory\n")
            status = 1
        elif found.content is None:
            shell.complain("cat: read error: Is a directory\n")
            status = 1
        else:
            shell.print(found.content)
    return status


def _test(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = argv[1:]
    if argv[0] in ("[", "[["):
        if not words or words[-1] != "]" * len(argv[0]):
            return 2
        words = words[:-1]
    return 0 if _condition(shell, words) else 1


def _condition(shell: Shell, words: list[str]) -> bool:
    for operator, combine in (("-o", any), ("||", any), ("-a", all), ("&&", all)):
        if operator in words and len(words) > 3:
            at = words.index(operator)
            return combine((_condition(shell, words[:at]), _condition(shell, words[at + 1 :])))
    if not words:
        return False
    if words[0] == "!" and len(words) > 1:
        return not _condition(shell, words[1:])
    if len(words) == 1:
        return bool(words[0])
    if len(words) == 2:
        return _unary(shell, words[0], words[1])
    if len(words) == 3:
        return _binary(words[0], words[1], words[2])
    raise Unsupported("test " + " ".join(words))


def _unary(shell: Shell, operator: str, word: str) -> bool:
    if operator in _NUMERIC:
        shell.complain(f"sh: {operator}: unknown operand\n")
        return False
    if operator == "-n":
        return bool(word)
    if operator == "-z":
        return not word
    found = shell.files.stat(shell.path(word))
    if operator == "-s":
        return found is not None and bool(found.content)
    if operator == "-d":
        return found is not None and found.is_directory
    if operator == "-f":
        return found is not None and not found.is_directory
    if operator == "-x":
        return found is not None and bool(found.mode & 0o111)
    if operator in ("-e", "-r", "-w"):
        return found is not None
    if operator == "-t":
        return shell.terminal
    if operator in ("-L", "-h", "-S", "-p"):
        return False
    raise Unsupported(f"test {operator}")


def _binary(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    if operator in _NUMERIC:
        try:
            return bool(getattr(int(left), _NUMERIC[operator])(int(right)))
        except ValueError:
            return False
    raise Unsupported(f"test {operator}")


def _seq(shell: Shell, argv: list[str], stdin: Input) -> int:
    numbers = [int(word) for word in argv[1:] if not word.startswith("-") or word[1:].isdigit()]
    first, step, last = (1, 1, *numbers) if len(numbers) == 1 else (numbers[0], 1, numbers[-1])
    if len(numbers) == 3:
        step = numbers[1]
    numbers_wanted = range(first, last + (1 if step > 0 else -1), step)
    shell.print("".join(f"{number}\n" for number in numbers_wanted[:_LONGEST_SEQUENCE]))
    if len(numbers_wanted) > _LONGEST_SEQUENCE:
        raise Endless(output=True)
    return 0


def _basename(shell: Shell, argv: list[str], stdin: Input) -> int:
    path = argv[1].rstrip("/") if len(argv) > 1 else ""
    head, _, tail = path.rpartition("/")
    shell.print((tail if argv[0].endswith("basename") else head or ("/" if path.startswith("/") else ".")) + "\n")
    return 0


def _expr(shell: Shell, argv: list[str], stdin: Input) -> int:
    from minikctl.kubelet.runtime.shell.arithmetic import evaluate

    value = evaluate(" ".join(argv[1:]), {})
    shell.print(f"{value}\n")
    return 0 if value else 1


def _yes(shell: Shell, argv: list[str], stdin: Input) -> int:
    """As many lines as a reader could want."""
    shell.print((" ".join(argv[1:]) or "y") + "\n")
    raise Endless(output=True)


COMMANDS: dict[str, Command] = {
    "echo": _echo, "printf": _printf, "cat": _cat, "test": _test, "[": _test, "[[": _test, "seq": _seq,
    "basename": _basename, "dirname": _basename, "expr": _expr, "yes": _yes,
}  # fmt: skip
