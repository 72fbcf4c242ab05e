"""Commands that print, test and cut text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Endless

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_NUMERIC = {"-eq": "__eq__", "-ne": "__ne__", "-lt": "__lt__", "-le": "__le__", "-gt": "__gt__", "-ge": "__ge__"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "0": "\0"}


def _echo(shell: Shell, argv: list[str], stdin: str) -> int:
    words = argv[1:]
    end, escapes = "\n", False
    while words and words[0] in ("-n", "-e", "-ne", "-en", "-E"):
        flags = words.pop(0)
        end = "" if "n" in flags else end
        escapes = escapes or "e" in flags
    text = " ".join(words)
    shell.print((_unescape(text) if escapes else text) + end)
    return 0


def _unescape(text: str) -> str:
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


def _printf(shell: Shell, argv: list[str], stdin: str) -> int:
    if len(argv) < 2:
        return 1
    form, arguments = _unescape(argv[1]), argv[2:]
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
    try:
        if kind in "dioxX":
            return f"{form}{kind}" % int(value or "0", 0)
        if kind in "feg":
            return f"{form}{kind}" % float(value or "0")
    except ValueError:
        return "0"
    return f"{form}s" % (_unescape(value) if kind == "b" else value)


def _cat(shell: Shell, argv: list[str], stdin: str) -> int:
    names = [word for word in argv[1:] if word == "-" or not word.startswith("-")]
    if not names:
        shell.print(stdin)
        return 0
    status = 0
    for name in names:
        content = stdin if name == "-" else shell.files.get(shell.path(name))
        if content is None:
            shell.complain(f"cat: can't open '{name}': No such file or directory\n")
            status = 1
        else:
            shell.print(content)
    return status


def _input(shell: Shell, names: list[str], stdin: str) -> str | None:
    """The text of the named files, or standard input; None where a file is missing."""
    if not names:
        return stdin
    contents = [shell.files.get(shell.path(name)) for name in names]
    if any(content is None for content in contents):
        shell.complain(f"{names[0]}: No such file or directory\n")
        return None
    return "".join(content or "" for content in contents)


def _test(shell: Shell, argv: list[str], stdin: str) -> int:
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
    path = shell.path(word)
    content = shell.files.get(path)
    if operator == "-s":
        return bool(content)
    if operator == "-d":
        return shell.files.listing(path) is not None
    if operator in ("-f", "-e", "-r", "-w", "-x"):
        return content is not None or (operator != "-f" and shell.files.listing(path) is not None)
    if operator in ("-t", "-L", "-h", "-S", "-p"):
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


def _seq(shell: Shell, argv: list[str], stdin: str) -> int:
    numbers = [int(word) for word in argv[1:] if not word.startswith("-") or word[1:].isdigit()]
    first, step, last = (1, 1, *numbers) if len(numbers) == 1 else (numbers[0], 1, numbers[-1])
    if len(numbers) == 3:
        step = numbers[1]
    stop = last + (1 if step > 0 else -1)
    shell.print("".join(f"{number}\n" for number in range(first, stop, step)))
    return 0


def _lines(shell: Shell, argv: list[str], stdin: str) -> int:
    """head and tail."""
    count, names, words = 10, [], argv[1:]
    while words:
        word = words.pop(0)
        if word == "-n" and words:
            count = int(words.pop(0))
        elif word.startswith("-n"):
            count = int(word[2:])
        elif word[:1] == "-" and word[1:].isdigit():
            count = int(word[1:])
        elif word in ("-f", "-F"):
            _follow()
        else:
            names.append(word)
    text = _input(shell, names, stdin)
    if text is None:
        return 1
    lines = text.splitlines(keepends=True)
    shell.print("".join(lines[:count] if argv[0].endswith("head") else lines[-count:]))
    return 0


def _follow() -> None:
    raise Endless


def _wc(shell: Shell, argv: list[str], stdin: str) -> int:
    text = _input(shell, [word for word in argv[1:] if not word.startswith("-")], stdin)
    if text is None:
        return 1
    counts = {"-l": text.count("\n"), "-w": len(text.split()), "-c": len(text.encode())}
    wanted = [flag for flag in counts if flag in argv] or list(counts)
    shell.print(" ".join(str(counts[flag]) for flag in wanted) + "\n")
    return 0


def _grep(shell: Shell, argv: list[str], stdin: str) -> int:
    import re

    flags = "".join(word[1:] for word in argv[1:] if word.startswith("-") and len(word) > 1)
    words = [word for word in argv[1:] if not word.startswith("-")]
    if not words or set(flags) - set("qivEFox"):
        raise Unsupported("grep " + flags)
    text = _input(shell, words[1:], stdin)
    if text is None:
        return 2
    pattern = re.compile(re.escape(words[0]) if "F" in flags else words[0], re.IGNORECASE if "i" in flags else 0)
    found = [line for line in text.splitlines() if bool(pattern.search(line)) != ("v" in flags)]
    if "q" not in flags:
        shell.print("".join(f"{line}\n" for line in found))
    return 0 if found else 1


def _awk(shell: Shell, argv: list[str], stdin: str) -> int:
    """[/pattern/]{print $N}, which is what scripts use it for."""
    import re

    program = re.fullmatch(r"\s*(?:/(.*)/)?\s*\{\s*print\s*(?:\$(\d+|NF))?\s*;?\s*\}\s*", argv[-1] if argv[1:] else "")
    if program is None or len(argv) > 2:
        raise Unsupported("awk")
    pattern, column = program.groups()
    for line in stdin.splitlines():
        if pattern and not re.search(pattern, line):
            continue
        fields = line.split()
        index = len(fields) if column == "NF" else int(column or 0)
        shell.print((line if not index else fields[index - 1] if index <= len(fields) else "") + "\n")
    return 0


def _cut(shell: Shell, argv: list[str], stdin: str) -> int:
    separator, field, words = "\t", 0, argv[1:]
    while words:
        word = words.pop(0)
        if word.startswith("-d"):
            separator = word[2:] or (words.pop(0) if words else separator)
        elif word.startswith("-f"):
            number = word[2:] or (words.pop(0) if words else "")
            if not number.isdigit():
                raise Unsupported("cut")
            field = int(number)
    for line in stdin.splitlines():
        parts = line.split(separator)
        shell.print((line if len(parts) == 1 else parts[field - 1] if field <= len(parts) else "") + "\n")
    return 0


def _sort(shell: Shell, argv: list[str], stdin: str) -> int:
    lines = sorted(stdin.splitlines(), reverse="-r" in argv)
    shell.print("".join(f"{line}\n" for line in (dict.fromkeys(lines) if "-u" in argv else lines)))
    return 0


def _tr(shell: Shell, argv: list[str], stdin: str) -> int:
    sets = {"[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[:lower:]": "abcdefghijklmnopqrstuvwxyz"}
    sets |= {"A-Z": sets["[:upper:]"], "a-z": sets["[:lower:]"]}
    words = [_unescape(sets.get(word, word)) for word in argv[1:]]
    if len(words) == 2 and words[0] == "-d":
        shell.print(stdin.translate(dict.fromkeys(map(ord, words[1]))))
        return 0
    if len(words) != 2 or words[0].startswith("-") or not words[1]:
        raise Unsupported("tr")
    shell.print(stdin.translate(str.maketrans(words[0], words[1].ljust(len(words[0]), words[1][-1])[: len(words[0])])))
    return 0


def _tee(shell: Shell, argv: list[str], stdin: str) -> int:
    for name in argv[1:]:
        if not name.startswith("-"):
            path = shell.path(name)
            shell.write(path, ((shell.files.get(path) or "") if "-a" in argv else "") + stdin)
    shell.print(stdin)
    return 0


def _basename(shell: Shell, argv: list[str], stdin: str) -> int:
    path = argv[1].rstrip("/") if len(argv) > 1 else ""
    head, _, tail = path.rpartition("/")
    shell.print((tail if argv[0].endswith("basename") else head or ("/" if path.startswith("/") else ".")) + "\n")
    return 0


def _expr(shell: Shell, argv: list[str], stdin: str) -> int:
    from minikctl.kubelet.runtime.shell.arithmetic import evaluate

    value = evaluate(" ".join(argv[1:]), {})
    shell.print(f"{value}\n")
    return 0 if value else 1


COMMANDS = {
    "echo": _echo, "printf": _printf, "cat": _cat, "test": _test, "[": _test, "[[": _test, "seq": _seq,
    "head": _lines, "tail": _lines, "wc": _wc, "grep": _grep, "egrep": _grep, "awk": _awk, "cut": _cut,
    "sort": _sort, "tr": _tr, "tee": _tee, "basename": _basename, "dirname": _basename, "expr": _expr,
}  # fmt: skip
