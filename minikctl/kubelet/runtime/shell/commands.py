"""The programs the shell knows. A command takes (shell, argv, stdin) and answers with its status.

Only what scripts in manifests use: printing, files, tests, time, waiting for a Service. Commands
that act on text are in `textcommands`, those that open connections in `netcommands`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Break, Continue, Endless, Exit, Return

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.interpreter import Shell

Command = Callable[["Shell", list[str], str], int]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FLAGS = "efuxoi"


def find(name: str) -> Command | None:
    """The command of this name (its directory does not matter)."""
    from minikctl.kubelet.runtime.shell import netcommands, textcommands

    plain = name.rpartition("/")[2] if name.startswith("/") else name
    return COMMANDS.get(plain) or textcommands.COMMANDS.get(plain) or netcommands.COMMANDS.get(plain)


def _true(shell: Shell, argv: list[str], stdin: str) -> int:
    return 0


def _false(shell: Shell, argv: list[str], stdin: str) -> int:
    return 1


def _exit(shell: Shell, argv: list[str], stdin: str) -> int:
    raise Exit(_number(argv[1]) & 255 if len(argv) > 1 else shell.status)


def _return(shell: Shell, argv: list[str], stdin: str) -> int:
    raise Return(_number(argv[1]) if len(argv) > 1 else shell.status)


def _leave(shell: Shell, argv: list[str], stdin: str) -> int:
    raise Break if argv[0] == "break" else Continue


def _sleep(shell: Shell, argv: list[str], stdin: str) -> int:
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


def _sh(shell: Shell, argv: list[str], stdin: str) -> int:
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
    try:
        if command and words:
            shell.arguments = words[2:]
            return shell.script(words[0], stdin)
        if words:
            return _source(shell, [".", *words], stdin)
        return shell.script(stdin) if stdin else _interactive()
    except Exit as end:
        return end.code
    finally:
        shell.env, shell.options, shell.arguments = saved


def _interactive() -> int:
    raise Endless


def _source(shell: Shell, argv: list[str], stdin: str) -> int:
    content = shell.files.get(shell.path(argv[1]))
    if content is None:
        raise Unsupported(argv[1])
    shell.arguments = argv[2:]
    return shell.script(content)


def _exec(shell: Shell, argv: list[str], stdin: str) -> int:
    if len(argv) == 1:
        return 0
    raise Exit(shell.call(argv[1:], stdin))


def _run_rest(shell: Shell, argv: list[str], stdin: str) -> int:
    """nohup, command, time, sudo: run what follows."""
    words = argv[1:]
    while words and words[0].startswith("-"):
        words.pop(0)
    return shell.call(words, stdin) if words else 0


def _timeout(shell: Shell, argv: list[str], stdin: str) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    return shell.call(words[1:], stdin) if len(words) > 1 else 125


def _eval(shell: Shell, argv: list[str], stdin: str) -> int:
    return shell.script(" ".join(argv[1:]))


def _set(shell: Shell, argv: list[str], stdin: str) -> int:
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


def _export(shell: Shell, argv: list[str], stdin: str) -> int:
    for word in argv[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.env[name] = value
    return 0


def _unset(shell: Shell, argv: list[str], stdin: str) -> int:
    for name in argv[1:]:
        shell.env.pop(name, None)
    return 0


def _shift(shell: Shell, argv: list[str], stdin: str) -> int:
    del shell.arguments[: _number(argv[1]) if len(argv) > 1 else 1]
    return 0


def _read(shell: Shell, argv: list[str], stdin: str) -> int:
    line, _, _ = stdin.partition("\n")
    names = [word for word in argv[1:] if not word.startswith("-")] or ["REPLY"]
    values = line.split(None, len(names) - 1)
    for index, name in enumerate(names):
        shell.env[name] = values[index] if index < len(values) else ""
    return 0 if stdin else 1


def _env(shell: Shell, argv: list[str], stdin: str) -> int:
    words = argv[1:]
    assigned: dict[str, str] = {}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        assigned[name] = value
    if words:
        shell.env.update(assigned)
        return shell.call(words, stdin)
    shell.print("".join(f"{name}={value}\n" for name, value in {**shell.env, **assigned}.items()))
    return 0


def _printenv(shell: Shell, argv: list[str], stdin: str) -> int:
    if len(argv) == 1:
        return _env(shell, ["env"], "")
    missing = 0
    for name in argv[1:]:
        if name in shell.env:
            shell.print(shell.env[name] + "\n")
        else:
            missing = 1
    return missing


def _cd(shell: Shell, argv: list[str], stdin: str) -> int:
    shell.directory = shell.path(argv[1]) if len(argv) > 1 else shell.env.get("HOME", "/")
    return 0


def _pwd(shell: Shell, argv: list[str], stdin: str) -> int:
    shell.print(shell.directory + "\n")
    return 0


def _date(shell: Shell, argv: list[str], stdin: str) -> int:
    import time

    now = shell.world.start + shell.time
    forms = [word[1:] for word in argv[1:] if word.startswith("+")]
    form = forms[0] if forms else "%a %b %e %H:%M:%S UTC %Y"
    for name, value in (("%s", str(int(now))), ("%N", f"{int(now % 1 * 1e9):09d}"), ("%Z", "UTC"), ("%z", "+0000")):
        form = form.replace(name, value)
    shell.print(time.strftime(form, time.gmtime(now)) + "\n")
    return 0


def _hostname(shell: Shell, argv: list[str], stdin: str) -> int:
    shell.print(shell.world.hostname + "\n")
    return 0


def _whoami(shell: Shell, argv: list[str], stdin: str) -> int:
    shell.print(shell.world.user + "\n")
    return 0


def _id(shell: Shell, argv: list[str], stdin: str) -> int:
    root = shell.world.user == "root"
    number = "0" if root else shell.world.user
    shell.print(
        f"{number}\n" if "-u" in argv else f"uid={number}({shell.world.user}) gid={number}({shell.world.user})\n"
    )
    return 0


def _uname(shell: Shell, argv: list[str], stdin: str) -> int:
    shell.print("Linux\n" if len(argv) == 1 else f"Linux {shell.world.hostname} 6.12.0 #1 SMP x86_64 GNU/Linux\n")
    return 0


def _ls(shell: Shell, argv: list[str], stdin: str) -> int:
    paths = [word for word in argv[1:] if not word.startswith("-")] or [shell.directory]
    status = 0
    for path in paths:
        names = shell.files.listing(shell.path(path))
        if names is None and shell.files.get(shell.path(path)) is not None:
            names = [path]
        if names is None:
            shell.complain(f"ls: {path}: No such file or directory\n")
            status = 1
        else:
            shell.print("".join(f"{name}\n" for name in names if not name.startswith(".")))
    return status


def _touch(shell: Shell, argv: list[str], stdin: str) -> int:
    for name in argv[1:]:
        path = shell.path(name)
        shell.write(path, shell.files.get(path) or "")
    return 0


def _rm(shell: Shell, argv: list[str], stdin: str) -> int:
    forced = any(word.startswith("-") and "f" in word for word in argv[1:])
    status = 0
    for name in argv[1:]:
        if name.startswith("-"):
            continue
        path = shell.path(name)
        if shell.files.get(path) is not None:
            shell.write(path, None)
        elif not forced:
            shell.complain(f"rm: can't remove '{name}': No such file or directory\n")
            status = 1
    return status


def _copy(shell: Shell, argv: list[str], stdin: str) -> int:
    """cp and mv of single files; other files of the image are taken to be there."""
    names = [word for word in argv[1:] if not word.startswith("-")]
    if len(names) < 2:
        return 1
    target = shell.path(names[-1])
    for name in names[:-1]:
        content = shell.files.get(shell.path(name))
        into = target
        if target.endswith("/") or shell.files.listing(target) is not None or len(names) > 2:
            into = f"{target.rstrip('/')}/{name.rpartition('/')[2]}"
        shell.write(into, content if content is not None else "")
        if argv[0].endswith("mv") and content is not None:
            shell.write(shell.path(name), None)
    return 0


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 2


COMMANDS: dict[str, Command] = {
    "true": _true, ":": _true, "false": _false, "exit": _exit, "return": _return, "break": _leave,
    "continue": _leave, "sleep": _sleep, "sh": _sh, "bash": _sh, "ash": _sh, "dash": _sh, ".": _source,
    "source": _source, "exec": _exec, "nohup": _run_rest, "command": _run_rest, "time": _run_rest,
    "timeout": _timeout, "eval": _eval, "set": _set, "export": _export, "local": _export, "readonly": _export,
    "declare": _export, "unset": _unset, "shift": _shift, "read": _read, "env": _env, "printenv": _printenv,
    "cd": _cd, "pwd": _pwd, "date": _date, "hostname": _hostname, "whoami": _whoami, "id": _id, "uname": _uname,
    "ls": _ls, "touch": _touch, "rm": _rm, "cp": _copy, "mv": _copy, "mkdir": _true, "chmod": _true,
    "chown": _true, "ln": _true, "sync": _true, "trap": _true, "ulimit": _true, "umask": _true, "shopt": _true,
    "wait": _true, "sysctl": _true, "mount": _true, "update-ca-certificates": _true,
}  # fmt: skip
