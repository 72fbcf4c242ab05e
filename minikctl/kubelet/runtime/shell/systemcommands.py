"""Commands that tell of the machine, the time, the user and the processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_SIGNALS = {"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "15": "TERM"}


def _date(shell: Shell, argv: list[str], stdin: Input) -> int:
    import time

    now = shell.world.start + shell.time
    forms = [word[1:] for word in argv[1:] if word.startswith("+")]
    form = forms[0] if forms else "%a %b %e %H:%M:%S UTC %Y"
    for name, value in (("%s", str(int(now))), ("%N", f"{int(now % 1 * 1e9):09d}"), ("%Z", "UTC"), ("%z", "+0000")):
        form = form.replace(name, value)
    shell.print(time.strftime(form, time.gmtime(now)) + "\n")
    return 0


def _hostname(shell: Shell, argv: list[str], stdin: Input) -> int:
    shell.print(shell.world.hostname + "\n")
    return 0


def _whoami(shell: Shell, argv: list[str], stdin: Input) -> int:
    if shell.world.user != "root" and shell.reports:
        shell.complain(f"whoami: unknown uid {shell.world.user}\n")
        return 1
    shell.print(shell.world.user + "\n")
    return 0


def _id(shell: Shell, argv: list[str], stdin: Input) -> int:
    user = shell.world.user
    if "-un" in argv:
        return _whoami(shell, argv, stdin)
    if "-u" in argv or "-g" in argv:
        number = user if "-u" in argv else "0"
        shell.print("0\n" if user == "root" else f"{number}\n")
    elif user == "root":
        shell.print("uid=0(root) gid=0(root) groups=0(root)\n")
    else:
        shell.print(f"uid={user} gid=0(root) groups=0(root)\n")
    return 0


def _uname(shell: Shell, argv: list[str], stdin: Input) -> int:
    fields = {"-n": shell.world.hostname, "-r": "6.12.0", "-m": "x86_64"}
    if len(argv) == 2 and argv[1] in fields:
        shell.print(fields[argv[1]] + "\n")
    else:
        known = f"Linux {shell.world.hostname} 6.12.0 #1 SMP x86_64 GNU/Linux\n"
        shell.print("Linux\n" if len(argv) == 1 or argv[1] == "-s" else known)
    return 0


def _ps(shell: Shell, argv: list[str], stdin: Input) -> int:
    """The container's first process, and this one."""
    main = " ".join(shell.world.argv) or "/entrypoint"
    shell.print("PID   USER     TIME  COMMAND\n")
    for number, command in ((1, main), (7, " ".join(argv))):
        shell.print(f"{number:5d} {shell.world.user[:8]:8}  0:00 {command}\n")
    return 0


def _kill(shell: Shell, argv: list[str], stdin: Input) -> int:
    name, words = "TERM", argv[1:]
    if words[:1] == ["-s"] and len(words) > 1:
        name, words = words[1], words[2:]
    elif words and words[0].startswith("-"):
        name = words.pop(0)[1:]
    name = _SIGNALS.get(name, name).removeprefix("SIG")
    status = 0 if words else 1
    for word in words:
        if word == "1":
            shell.world.signals.append(name)
        else:
            shell.complain(f"{shell.name}: can't kill pid {word}: No such process\n")
            status = 1
    return status


def _killall(shell: Shell, argv: list[str], stdin: Input) -> int:
    """killall, pkill: the first process is the only one to find."""
    first = (shell.world.argv or [""])[0].rpartition("/")[2]
    words = [word for word in argv[1:] if not word.startswith("-")]
    if not words or words[-1] != first:
        shell.complain(f"{argv[0]}: {words[-1] if words else ''}: no process killed\n")
        return 1
    return _kill(shell, ["kill", *(word for word in argv[1:] if word.startswith("-")), "1"], stdin)


def _nproc(shell: Shell, argv: list[str], stdin: Input) -> int:
    shell.print("4\n")
    return 0


def _nothing(shell: Shell, argv: list[str], stdin: Input) -> int:
    """sysctl, update-ca-certificates, clear, stty: of no consequence here."""
    return 0


COMMANDS: dict[str, Command] = {
    "date": _date, "hostname": _hostname, "whoami": _whoami, "id": _id, "uname": _uname, "ps": _ps,
    "kill": _kill, "killall": _killall, "pkill": _killall, "nproc": _nproc, "sysctl": _nothing, "clear": _nothing,
    "stty": _nothing, "update-ca-certificates": _nothing,
}  # fmt: skip
