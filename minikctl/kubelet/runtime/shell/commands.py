"""The shell's own commands, and the table of all programs it knows.

A command takes (shell, argv, stdin) and answers with its status. What is a program of its own on a
real system is in a module per family: text, filters, files, archives, the system, the network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Break, Continue, Endless, Exit, Interactive, Return

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

Command = Callable[["Shell", list[str], "Input"], int]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PATH = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")


def find(name: str) -> Command | None:
    """The command of this name (its directory does not matter where it is one that programs are in)."""
    directory, slash, plain = name.rpartition("/")
    if slash and directory not in _PATH:
        return None
    return BUILTINS.get(plain) or programs().get(plain)


@cache
def programs() -> dict[str, Command]:
    """The programs that are not builtins, by name."""
    from minikctl.kubelet.runtime.shell import (
        archivecommands,
        filecommands,
        filtercommands,
        netcommands,
        packetcommands,
        systemcommands,
        textcommands,
        webcommands,
    )

    families = (
        textcommands, filtercommands, filecommands, archivecommands, systemcommands, netcommands, packetcommands,
        webcommands,
    )  # fmt: skip
    found: dict[str, Command] = {}
    for family in families:
        found.update(family.COMMANDS)
    return found


def _true(shell: Shell, argv: list[str], stdin: Input) -> int:
    return 0


def _false(shell: Shell, argv: list[str], stdin: Input) -> int:
    return 1


def _exit(shell: Shell, argv: list[str], stdin: Input) -> int:
    raise Exit(_number(argv[1]) & 255 if len(argv) > 1 else shell.status)


def _return(shell: Shell, argv: list[str], stdin: Input) -> int:
    raise Return(_number(argv[1]) if len(argv) > 1 else shell.status)


def _leave(shell: Shell, argv: list[str], stdin: Input) -> int:
    raise Break if argv[0] == "break" else Continue


def _sleep(shell: Shell, argv: list[str], stdin: Input) -> int:
    total = 0.0
    for text in argv[1:]:
        if text in ("infinity", "inf"):
            total = float("inf")
            continue
        unit = _UNITS.get(text[-1:], 0.0)
        try:
            total += float(text[:-1]) * unit if unit else float(text)
        except ValueError:
            shell.complain(f"sleep: invalid number '{text}'\n")
            return 1
    shell.sleep(total)
    return 0


def _sh(shell: Shell, argv: list[str], stdin: Input) -> int:
    """sh [-flags] -c SCRIPT [NAME ARG...] | sh FILE [ARG...]"""
    words = argv[1:]
    saved = dict(shell.env), set(shell.options), shell.arguments
    shell.options = set()
    command = False
    while words and words[0][:1] in "-+" and len(words[0]) > 1:
        flags = words.pop(0)
        if flags.startswith("--"):
            continue
        command = command or "c" in flags
        shell.options |= set(flags[1:]) & {"e", "x", "u"}
        if flags.endswith("o") and words:
            shell.options.add(words.pop(0))
    name = argv[0].rpartition("/")[2]
    before, shell.name = shell.name, "bash" if name == "bash" else "sh"
    try:
        if command and words:
            shell.arguments = words[2:]
            return shell.script(words[0], stdin)
        if words:
            return _source(shell, [".", *words], stdin)
        return _commands_from(shell, stdin)
    except Exit as end:
        return end.code
    finally:
        shell.env, shell.options, shell.arguments = saved
        shell.name = before


def _commands_from(shell: Shell, stdin: Input) -> int:
    """A shell that reads its commands from standard input."""
    if stdin.live:
        raise Interactive(shell.name)
    text = stdin.read()
    if text or shell.reports:
        return shell.script(text)
    raise Endless


def _source(shell: Shell, argv: list[str], stdin: Input) -> int:
    content = shell.files.get(shell.path(argv[1]))
    if content is None:
        if not shell.reports:
            raise Unsupported(argv[1])
        shell.complain(f"{shell.name}: can't open '{argv[1]}': No such file or directory\n")
        return 2
    shell.arguments = argv[2:]
    return shell.script(content)


def _exec(shell: Shell, argv: list[str], stdin: Input) -> int:
    if len(argv) == 1:
        return 0
    raise Exit(shell.call(argv[1:], stdin))


def _run_rest(shell: Shell, argv: list[str], stdin: Input) -> int:
    """nohup, command, time, sudo: run what follows."""
    words = argv[1:]
    if argv[0] == "command" and words[:1] in (["-v"], ["-V"]):
        return _type(shell, ["type", *words[1:]], stdin)
    while words and words[0].startswith("-"):
        words.pop(0)
    return shell.call(words, stdin) if words else 0


def _type(shell: Shell, argv: list[str], stdin: Input) -> int:
    """type, which, command -v: where a program is."""
    status = 0
    for name in argv[1:]:
        plain = name.rpartition("/")[2]
        if name in BUILTINS and argv[0] == "type":
            shell.print(name + "\n")
        elif find(name) is not None:
            shell.print(name + "\n" if "/" in name else f"/bin/{plain}\n")
        else:
            status = 1
    return status


def _timeout(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    return shell.call(words[1:], stdin) if len(words) > 1 else 125


def _eval(shell: Shell, argv: list[str], stdin: Input) -> int:
    return shell.script(" ".join(argv[1:]))


def _set(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = argv[1:]
    while words:
        word = words.pop(0)
        if word == "--":
            shell.arguments = words
            return 0
        if word[:1] not in "-+":
            shell.arguments = [word, *words]
            return 0
        names = {flag for flag in word[1:] if flag in "eux"}
        if word.endswith("o") and words:
            name = words.pop(0)
            names.add({"errexit": "e", "xtrace": "x"}.get(name, name))
        shell.options = shell.options | names if word[0] == "-" else shell.options - names
    return 0


def _export(shell: Shell, argv: list[str], stdin: Input) -> int:
    for word in argv[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.env[name] = value
    return 0


def _unset(shell: Shell, argv: list[str], stdin: Input) -> int:
    for name in argv[1:]:
        shell.env.pop(name, None)
    return 0


def _shift(shell: Shell, argv: list[str], stdin: Input) -> int:
    del shell.arguments[: _number(argv[1]) if len(argv) > 1 else 1]
    return 0


def _read(shell: Shell, argv: list[str], stdin: Input) -> int:
    words, names = argv[1:], []
    while words:
        word = words.pop(0)
        if word in ("-p", "-t", "-n") and words:
            given = words.pop(0)
            if word == "-p":
                shell.complain(given)
        elif not word.startswith("-"):
            names.append(word)
    line = stdin.line()
    names = names or ["REPLY"]
    values = line.rstrip("\n").split(None, len(names) - 1)
    for index, name in enumerate(names):
        shell.env[name] = values[index].rstrip() if index < len(values) else ""
    return 0 if line.endswith("\n") else 1


def _env(shell: Shell, argv: list[str], stdin: Input) -> int:
    words, saved = argv[1:], shell.env
    shell.env = dict(saved)
    while words and ("=" in words[0] or words[0] in ("-i", "-")):
        if words[0] in ("-i", "-"):
            words.pop(0)
            shell.env.clear()
            continue
        name, _, value = words.pop(0).partition("=")
        shell.env[name] = value
    try:
        if words:
            return shell.call(words, stdin)
        shell.print("".join(f"{name}={value}\n" for name, value in shell.env.items()))
        return 0
    finally:
        shell.env = saved


def _printenv(shell: Shell, argv: list[str], stdin: Input) -> int:
    if len(argv) == 1:
        return _env(shell, ["env"], stdin)
    missing = 0
    for name in argv[1:]:
        if name in shell.env:
            shell.print(shell.env[name] + "\n")
        else:
            missing = 1
    return missing


def _cd(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = [word for word in argv[1:] if word not in ("-P", "-L", "--")]
    name = words[0] if words else shell.env.get("HOME", "/")
    if name == "-":
        name = shell.env.get("OLDPWD", shell.directory)
    path = shell.path(name)
    found = shell.files.stat(path)
    # An image may well have a directory that is not known here: only people who look around are told.
    if shell.reports and (found is None or not found.is_directory):
        why = "No such file or directory" if found is None else "Not a directory"
        shell.complain(f"{shell.name}: cd: can't cd to {name}: {why}\n")
        return 2
    shell.env["OLDPWD"], shell.directory = shell.directory, path
    return 0


def _pwd(shell: Shell, argv: list[str], stdin: Input) -> int:
    shell.print(shell.directory + "\n")
    return 0


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 2


BUILTINS: dict[str, Command] = {
    "true": _true, ":": _true, "false": _false, "exit": _exit, "return": _return, "break": _leave,
    "continue": _leave, "sleep": _sleep, "sh": _sh, "bash": _sh, "ash": _sh, "dash": _sh, ".": _source,
    "source": _source, "exec": _exec, "nohup": _run_rest, "command": _run_rest, "time": _run_rest,
    "timeout": _timeout, "eval": _eval, "set": _set, "export": _export, "local": _export, "readonly": _export,
    "declare": _export, "unset": _unset, "shift": _shift, "read": _read, "env": _env, "printenv": _printenv,
    "cd": _cd, "pwd": _pwd, "type": _type, "which": _type, "trap": _true, "ulimit": _true, "umask": _true,
    "shopt": _true, "wait": _true, "alias": _true, "history": _true,
}  # fmt: skip
# Builtins that are programs as well, so that they have a file.
ALSO_PROGRAMS = (
    "ash", "env", "false", "nohup", "printenv", "pwd", "sh", "sleep", "timeout", "true", "which",
)  # fmt: skip
