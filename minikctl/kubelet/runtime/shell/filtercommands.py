"""Commands that read text from files or standard input and print what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.kubelet.filetree import as_bytes, as_text
from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Endless
from minikctl.kubelet.runtime.shell.textcommands import unescape

if TYPE_CHECKING:
    import re

    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell


def _operands(argv: list[str], with_value: str = "") -> tuple[dict[str, str], list[str]]:
    """One-letter options (those of `with_value` take one) and what is no option."""
    options: dict[str, str] = {}
    operands: list[str] = []
    words = argv[1:]
    while words:
        word = words.pop(0)
        if word == "--":
            return options, operands + words
        if word[:1] != "-" or word == "-":
            operands.append(word)
            continue
        for at, letter in enumerate(word[1:], start=2):
            if letter in with_value:
                options[letter] = word[at:] or (words.pop(0) if words else "")
                break
            options[letter] = ""
    return options, operands


def _input(shell: Shell, program: str, names: list[str], stdin: Input) -> str | None:
    """The text of the named files, or standard input; None where a file is missing."""
    texts = []
    for name in names or ["-"]:
        text = stdin.read() if name == "-" else shell.files.get(shell.path(name))
        if text is None:
            shell.complain(f"{program}: {name}: No such file or directory\n")
            return None
        texts.append(text)
    return "".join(texts)


def _lines(shell: Shell, argv: list[str], stdin: Input) -> int:
    """head and tail, by lines or bytes, from the beginning where the number has a plus."""
    program = argv[0].rpartition("/")[2]
    words = [f"-n{word[1:]}" if word[:1] == "-" and word[1:].isdigit() else word for word in argv]
    options, names = _operands(words, "nc")
    if "f" in options or "F" in options:
        raise Endless
    given = options.get("c", options.get("n", "10"))
    try:
        count = abs(int(given))
    except ValueError:
        shell.complain(f"{program}: invalid number '{given}'\n")
        return 1
    text = _input(shell, program, names, stdin)
    if text is None:
        return 1
    if "c" in options:
        data = as_bytes(text)
        shell.print(as_text(data[slice(*_range(program, given, count, len(data)))]))
    else:
        lines = text.splitlines(keepends=True)
        shell.print("".join(lines[slice(*_range(program, given, count, len(lines)))]))
    return 0


def _range(program: str, given: str, count: int, size: int) -> tuple[int, int]:
    if program == "head":
        return 0, max(size - count, 0) if given.startswith("-") else count
    return (max(count - 1, 0) if given.startswith("+") else max(size - count, 0)), size


def _wc(shell: Shell, argv: list[str], stdin: Input) -> int:
    options, names = _operands(argv)
    status = 0
    for name in names or [""]:
        text = _input(shell, "wc", [name] if name else [], stdin)
        if text is None:
            status = 1
            continue
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(as_bytes(text))}
        wanted = [flag for flag in counts if flag in options] or list(counts)
        numbers = [str(counts[flag]) for flag in wanted]
        shell.print(" ".join([*numbers, name] if name else numbers) + "\n")
    return status


def _grep(shell: Shell, argv: list[str], stdin: Input) -> int:
    import re

    options, words = _operands(argv, "e")
    pattern = options.get("e") or (words.pop(0) if words else "")
    if set(options) - set("qivEFcnoxwheHsr"):
        raise Unsupported("grep -" + "".join(options))
    fixed = "F" in options or argv[0].endswith("fgrep")
    source = re.escape(pattern) if fixed else pattern
    source = rf"\b(?:{source})\b" if "w" in options else source
    try:
        matcher = re.compile(rf"^(?:{source})$" if "x" in options else source, re.IGNORECASE if "i" in options else 0)
    except re.error:
        shell.complain(f"grep: bad regex '{pattern}'\n")
        return 2
    count = 0
    for name in words or ["-"]:
        text = _input(shell, "grep", [name], stdin)
        if text is None:
            return 2
        prefix = f"{name}:" if len(words) > 1 and "h" not in options else ""
        found = _matching(text, matcher, options)
        count += len(found)
        if "c" in options:
            shell.print(f"{prefix}{len(found)}\n")
        elif "q" not in options:
            shell.print("".join(f"{prefix}{line}\n" for line in found))
    return 0 if count else 1


def _matching(text: str, matcher: re.Pattern[str], options: dict[str, str]) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if bool(matcher.search(line)) == ("v" in options):
            continue
        prefix = f"{number}:" if "n" in options else ""
        pieces = [match.group() for match in matcher.finditer(line)] if "o" in options else [line]
        found += [prefix + piece for piece in pieces]
    return found


def _awk(shell: Shell, argv: list[str], stdin: Input) -> int:
    """[/pattern/]{print $N}, which is what scripts use it for."""
    import re

    options, words = _operands(argv, "F")
    source = words[0] if words else ""
    program = re.fullmatch(r"\s*(?:/(.*)/)?\s*\{\s*print\s*(?:\$(\d+|NF))?\s*;?\s*\}\s*", source)
    if program is None:
        raise Unsupported("awk")
    text = _input(shell, "awk", words[1:], stdin)
    if text is None:
        return 2
    pattern, column = program.groups()
    for line in text.splitlines():
        if pattern and not re.search(pattern, line):
            continue
        fields = line.split(options.get("F") or None)
        index = len(fields) if column == "NF" else int(column or 0)
        shell.print((line if not index else fields[index - 1] if index <= len(fields) else "") + "\n")
    return 0


def _sed(shell: Shell, argv: list[str], stdin: Input) -> int:
    """s/A/B/[g], N[,M]p with -n, N[,M]d; -i writes the file."""
    import re

    options, words = _operands(argv, "e")
    source = options.get("e") or (words.pop(0) if words else "")
    substitution = re.fullmatch(r"s(.)(.*?)\1(.*?)\1(g?i?)", source)
    lines = re.fullmatch(r"(\d+)(?:,(\d+|\$))?([pd])", source)
    if not substitution and not lines:
        raise Unsupported(f"sed {source}")
    text = _input(shell, "sed", words, stdin)
    if text is None:
        return 1
    if substitution:
        _, pattern, replacement, flags = substitution.groups()
        replacement = re.sub(r"(?<!\\)&", r"\\g<0>", replacement)
        matcher = re.compile(pattern, re.IGNORECASE if "i" in flags else 0)
        count = 0 if "g" in flags else 1
        result = "".join(matcher.sub(replacement, line, count=count) for line in text.splitlines(keepends=True))
    else:
        assert lines is not None
        result = _picked(text.splitlines(keepends=True), *lines.groups())
    if "i" in options and words:
        shell.write(shell.path(words[0]), result)
    else:
        shell.print(result)
    return 0


def _picked(lines: list[str], first: str, last: str | None, action: str) -> str:
    begin = int(first) - 1
    end = len(lines) if last == "$" else int(last) if last else begin + 1
    return "".join(lines[begin:end] if action == "p" else [*lines[:begin], *lines[end:]])


def _cut(shell: Shell, argv: list[str], stdin: Input) -> int:
    options, names = _operands(argv, "dfc")
    number = options.get("f", "")
    if not number.isdigit():
        raise Unsupported("cut")
    text = _input(shell, "cut", names, stdin)
    if text is None:
        return 1
    field = int(number)
    for line in text.splitlines():
        parts = line.split(options.get("d") or "\t")
        shell.print((line if len(parts) == 1 else parts[field - 1] if field <= len(parts) else "") + "\n")
    return 0


def _sort(shell: Shell, argv: list[str], stdin: Input) -> int:
    options, names = _operands(argv, "kt")
    text = _input(shell, "sort", names, stdin)
    if text is None:
        return 1
    column = options.get("k", "").partition(",")[0]

    def key(line: str) -> tuple[float, str]:
        fields = line.split(options.get("t") or None)
        word = fields[int(column) - 1] if column.isdigit() and int(column) <= len(fields) else line
        return (_leading_number(word) if "n" in options else 0.0, word)

    lines = sorted(text.splitlines(), key=key, reverse="r" in options)
    shell.print("".join(f"{line}\n" for line in (dict.fromkeys(lines) if "u" in options else lines)))
    return 0


def _leading_number(word: str) -> float:
    import re

    found = re.match(r"\s*-?\d+(\.\d+)?", word)
    return float(found.group()) if found else 0.0


def _uniq(shell: Shell, argv: list[str], stdin: Input) -> int:
    options, names = _operands(argv)
    text = _input(shell, "uniq", names, stdin)
    if text is None:
        return 1
    runs: list[tuple[str, int]] = []
    for line in text.splitlines():
        if runs and runs[-1][0] == line:
            runs[-1] = (line, runs[-1][1] + 1)
        else:
            runs.append((line, 1))
    shell.print("".join(f"{count:7d} {line}\n" if "c" in options else f"{line}\n" for line, count in runs))
    return 0


def _tr(shell: Shell, argv: list[str], stdin: Input) -> int:
    sets = {"[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[:lower:]": "abcdefghijklmnopqrstuvwxyz"}
    sets |= {"A-Z": sets["[:upper:]"], "a-z": sets["[:lower:]"], "0-9": "0123456789"}
    words = [unescape(sets.get(word, word)) for word in argv[1:]]
    if len(words) == 2 and words[0] == "-d":
        shell.print(stdin.read().translate(dict.fromkeys(map(ord, words[1]))))
        return 0
    if len(words) != 2 or words[0].startswith("-") or not words[1]:
        raise Unsupported("tr")
    table = str.maketrans(words[0], words[1].ljust(len(words[0]), words[1][-1])[: len(words[0])])
    shell.print(stdin.read().translate(table))
    return 0


def _tee(shell: Shell, argv: list[str], stdin: Input) -> int:
    text = stdin.read()
    for name in argv[1:]:
        if not name.startswith("-"):
            path = shell.path(name)
            shell.write(path, ((shell.files.get(path) or "") if "-a" in argv else "") + text)
    shell.print(text)
    return 0


def _base64(shell: Shell, argv: list[str], stdin: Input) -> int:
    import base64
    import binascii

    options, names = _operands(argv, "w")
    text = _input(shell, "base64", names, stdin)
    if text is None:
        return 1
    if "d" in options:
        try:
            shell.print(as_text(base64.b64decode(text)))
        except binascii.Error:
            shell.complain("base64: truncated input\n")
            return 1
        return 0
    encoded = base64.b64encode(as_bytes(text)).decode()
    width = int(options.get("w") or 76) or max(len(encoded), 1)
    shell.print("".join(encoded[at : at + width] + "\n" for at in range(0, len(encoded), width)))
    return 0


def _digest(shell: Shell, argv: list[str], stdin: Input) -> int:
    """md5sum, sha1sum, sha256sum, sha512sum."""
    import hashlib

    algorithm = argv[0].rpartition("/")[2].removesuffix("sum")
    status = 0
    for name in _operands(argv)[1] or ["-"]:
        text = _input(shell, algorithm + "sum", [name], stdin)
        if text is None:
            status = 1
        else:
            shell.print(f"{hashlib.new(algorithm, as_bytes(text)).hexdigest()}  {name}\n")
    return status


def _xargs(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = argv[1:]
    one_each = words[:1] == ["-n1"] or words[:2] == ["-n", "1"]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-n", "-I") else words[1:]
    given, command = stdin.read().split(), words or ["echo"]
    status = 0
    for group in [[word] for word in given] if one_each else [given]:
        status = shell.call([*command, *group], stdin) or status
    return status


COMMANDS: dict[str, Command] = {
    "head": _lines, "tail": _lines, "wc": _wc, "grep": _grep, "egrep": _grep, "fgrep": _grep, "awk": _awk,
    "sed": _sed, "cut": _cut, "sort": _sort, "uniq": _uniq, "tr": _tr, "tee": _tee, "base64": _base64,
    "md5sum": _digest, "sha1sum": _digest, "sha256sum": _digest, "sha512sum": _digest, "xargs": _xargs,
}  # fmt: skip
