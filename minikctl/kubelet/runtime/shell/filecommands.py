"""Commands on files and directories, as busybox has them.

In a container's own program a file of the image that is not known here is taken to be there: cp and mv
of it succeed. Somebody who looks around (exec) is told what is missing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from minikctl.kubelet.filetree import DIRECTORY_MODE, FileError, as_bytes

if TYPE_CHECKING:
    from minikctl.kubelet.filetree import File
    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_MISSING = "No such file or directory"
_TERMINAL_WIDTH = 80
_BLOCK = 4
_DIRECTORY_SIZE = 4096


def _split(argv: list[str]) -> tuple[str, list[str]]:
    """The letters of all flags, and the operands."""
    flags = "".join(word[1:] for word in argv[1:] if word.startswith("-") and not word.startswith("--"))
    return flags, [word for word in argv[1:] if not word.startswith("-") or word == "-"]


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _ls(shell: Shell, argv: list[str], stdin: Input) -> int:
    flags, names = _split(argv)
    files: list[tuple[str, File]] = []
    directories: list[tuple[str, str]] = []
    status = 0
    for name in names or ["."]:
        path = shell.path(name)
        found = shell.files.stat(path)
        if found is None:
            shell.complain(f"ls: {name}: {_MISSING}\n")
            status = 1
        elif found.is_directory and "d" not in flags:
            directories.append((name, path))
        else:
            files.append((name, found))
    if files:
        shell.print(_listed(shell, files, flags))
    if "R" in flags:
        directories = [
            (name + below[len(path.rstrip("/")) :] if below != path else name, below)
            for name, path in directories
            for below in shell.files.walk(path)
            if shell.files.listing(below) is not None
        ]
    headed = len(files) + len(directories) > 1
    for number, (name, path) in enumerate(directories):
        if headed:
            shell.print(f"{chr(10) if number or files else ''}{name}:\n")
        shell.print(_directory(shell, path, flags))
    return status


def _directory(shell: Shell, path: str, flags: str) -> str:
    names = [name for name in shell.files.listing(path) or () if "a" in flags or "A" in flags or name[:1] != "."]
    entries = [(name, shell.files.stat(f"{path.rstrip('/')}/{name}")) for name in names]
    known = [(name, file) for name, file in entries if file is not None]
    if "a" in flags:
        here = shell.files.stat(path)
        assert here is not None
        known = [(".", here), ("..", here), *known]
    total = f"total {sum(_BLOCK for _, file in known if file.content != '')}\n" if "l" in flags else ""
    return total + _listed(shell, known, flags)


def _listed(shell: Shell, entries: list[tuple[str, File]], flags: str) -> str:
    if "l" in flags:
        return "".join(_long(shell, name, file) for name, file in entries)
    names = [name + ("/" if file.is_directory and ("F" in flags or "p" in flags) else "") for name, file in entries]
    if not shell.terminal or "1" in flags or not names:
        return "".join(f"{name}\n" for name in names)
    width = max(map(len, names)) + 2
    columns = max(_TERMINAL_WIDTH // width, 1)
    rows = -(-len(names) // columns)
    lines = ["".join(name.ljust(width) for name in names[row::rows]).rstrip() for row in range(rows)]
    return "".join(f"{line}\n" for line in lines)


def _long(shell: Shell, name: str, file: File) -> str:
    when = time.strftime("%b %e %H:%M", time.gmtime(shell.world.start + shell.time))
    size = _DIRECTORY_SIZE if file.content is None else len(as_bytes(file.content))
    links = 2 if file.is_directory else 1
    return f"{mode_text(file)} {links:4d} {'root':8} {'root':8} {size:9d} {when} {name}\n"


def mode_text(file: File) -> str:
    """A mode as ls shows it."""
    letters = "".join(letter if file.mode >> (8 - at) & 1 else "-" for at, letter in enumerate("rwxrwxrwx"))
    return ("d" if file.is_directory else "-") + letters


def _touch(shell: Shell, argv: list[str], stdin: Input) -> int:
    for name in _split(argv)[1]:
        path = shell.path(name)
        found = shell.files.stat(path)
        if found is None or found.content is not None:
            shell.write(path, found.content if found and found.content else "")
    return 0


def _mkdir(shell: Shell, argv: list[str], stdin: Input) -> int:
    flags, names = _split(argv)
    status = 0
    for name in names:
        path = shell.path(name)
        if "p" in flags and (found := shell.files.stat(path)) is not None and found.is_directory:
            continue
        parent = path.rpartition("/")[0] or "/"
        try:
            if shell.reports and "p" not in flags and shell.files.stat(parent) is None:
                raise FileError(_MISSING)
            shell.files.make_directory(path, DIRECTORY_MODE)
            shell.note(path)
        except FileError as error:
            shell.complain(f"mkdir: can't create directory '{name}': {error}\n")
            status = 1
    return status


def _rm(shell: Shell, argv: list[str], stdin: Input) -> int:
    flags, names = _split(argv)
    status = 0
    for name in names:
        path = shell.path(name)
        found = shell.files.stat(path)
        if found is None:
            if "f" not in flags:
                shell.complain(f"rm: can't remove '{name}': {_MISSING}\n")
                status = 1
            continue
        if found.is_directory and not {"r", "R"} & set(flags):
            shell.complain(f"rm: '{name}' is a directory\n")
            status = 1
            continue
        try:
            _remove(shell, path)
        except FileError as error:
            shell.complain(f"rm: can't remove '{name}': {error}\n")
            status = 1
    return status


def _remove(shell: Shell, path: str) -> None:
    below = shell.files.walk(path)
    shell.files.remove(path)
    for each in below:
        shell.note(each)


def _rmdir(shell: Shell, argv: list[str], stdin: Input) -> int:
    status = 0
    for name in _split(argv)[1]:
        inside = shell.files.listing(shell.path(name))
        if inside is None or inside:
            shell.complain(f"rmdir: '{name}': {'Directory not empty' if inside else _MISSING}\n")
            status = 1
        else:
            _remove(shell, shell.path(name))
    return status


def _copy(shell: Shell, argv: list[str], stdin: Input) -> int:
    """cp and mv."""
    program = _base(argv[0])
    flags, names = _split(argv)
    if len(names) < 2:
        return 1
    target = shell.path(names[-1])
    found = shell.files.stat(target)
    into = names[-1].endswith("/") or len(names) > 2 or (found is not None and found.is_directory)
    status = 0
    for name in names[:-1]:
        source = shell.path(name)
        end = f"{target.rstrip('/')}/{_base(source)}" if into else target
        file = shell.files.stat(source)
        if file is None and shell.reports:
            verb = "stat" if program == "cp" else "rename"
            shell.complain(f"{program}: can't {verb} '{name}': {_MISSING}\n")
            status = 1
        elif file is not None and file.is_directory and program == "cp" and not {"r", "R", "a"} & set(flags):
            shell.complain(f"cp: omitting directory '{name}'\n")
            status = 1
        else:
            _copy_one(shell, source, end)
            if program == "mv" and file is not None:
                _remove(shell, source)
    return status


def _copy_one(shell: Shell, source: str, target: str) -> None:
    if shell.files.stat(source) is None:
        shell.write(target, "")
        return
    for path in shell.files.walk(source):
        file = shell.files.stat(path)
        end = target + path[len(source) :]
        if file is None:
            continue
        if file.content is not None:
            shell.write(end, file.content, file.mode)
        elif shell.files.stat(end) is None:
            shell.files.make_directory(end, file.mode)
            shell.note(end)


def _chmod(shell: Shell, argv: list[str], stdin: Input) -> int:
    flags, words = _split([argv[0], *(word for word in argv[1:] if word[:2] not in ("-x", "-w", "-r"))])
    if not words:
        return 1
    status = 0
    for name in words[1:]:
        path = shell.path(name)
        for each in shell.files.walk(path) if "R" in flags else [path]:
            found = shell.files.stat(each)
            if found is None:
                if shell.reports:
                    shell.complain(f"chmod: {name}: {_MISSING}\n")
                    status = 1
                continue
            try:
                shell.files.change_mode(each, _mode(words[0], found.mode))
            except ValueError:
                shell.complain(f"chmod: invalid mode '{words[0]}'\n")
                return 1
            shell.note(each)
    return status


def _mode(text: str, before: int) -> int:
    """A mode in digits, or as changes ("u+x,go-w")."""
    if text.isdigit():
        return int(text, 8) & 0o7777
    mode = before
    for change in text.split(","):
        operator = next((letter for letter in change if letter in "+-="), "")
        if not operator:
            raise ValueError(text)
        who, _, what = change.partition(operator)
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in what)
        for shift, letter in ((6, "u"), (3, "g"), (0, "o")):
            if who in ("", "a") or letter in who:
                kept = mode & ~(7 << shift) if operator == "=" else mode
                mode = kept & ~(bits << shift) if operator == "-" else kept | bits << shift
    return mode


def _stat(shell: Shell, argv: list[str], stdin: Input) -> int:
    """stat -c FORMAT FILE, for the mode, the size and the name."""
    words = argv[1:]
    form = words[words.index("-c") + 1] if "-c" in words[:-1] else "%n %s %a"
    status = 0
    for name in [word for word in words if word not in ("-c", "-L", form)]:
        found = shell.files.stat(shell.path(name))
        if found is None:
            shell.complain(f"stat: can't stat '{name}': {_MISSING}\n")
            status = 1
            continue
        size = _DIRECTORY_SIZE if found.content is None else len(as_bytes(found.content))
        kind = "directory" if found.is_directory else "regular file"
        values = {"%n": name, "%s": str(size), "%a": f"{found.mode:o}", "%A": mode_text(found), "%F": kind}
        line = form
        for field, value in values.items():
            line = line.replace(field, value)
        shell.print(line + "\n")
    return status


def _find(shell: Shell, argv: list[str], stdin: Input) -> int:
    """find [DIR...] [-type f|d] [-name PATTERN]."""
    from fnmatch import fnmatchcase

    words = argv[1:]
    roots = []
    while words and not words[0].startswith("-"):
        roots.append(words.pop(0))
    tests = dict(zip(words[::2], words[1::2], strict=False))
    status = 0
    for root in roots or ["."]:
        top = shell.path(root)
        if shell.files.stat(top) is None:
            shell.complain(f"find: {root}: {_MISSING}\n")
            status = 1
            continue
        for path in shell.files.walk(top):
            file = shell.files.stat(path)
            kind = "d" if file is not None and file.is_directory else "f"
            if tests.get("-type", kind) == kind and fnmatchcase(_base(path), tests.get("-name", "*")):
                below = path[len(top.rstrip("/")) :] if path != top else ""
                shell.print(f"{root.rstrip('/') if below else root}{below}\n")
    return status


def _nothing(shell: Shell, argv: list[str], stdin: Input) -> int:
    """chown, ln, sync, mount: of no consequence here."""
    return 0


COMMANDS: dict[str, Command] = {
    "ls": _ls, "touch": _touch, "mkdir": _mkdir, "rm": _rm, "rmdir": _rmdir, "cp": _copy, "mv": _copy,
    "chmod": _chmod, "stat": _stat, "find": _find, "chown": _nothing, "chgrp": _nothing, "ln": _nothing,
    "sync": _nothing, "mount": _nothing,
}  # fmt: skip
