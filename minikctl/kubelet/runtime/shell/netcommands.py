"""Commands that open connections: they succeed where the cluster has a Service of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.kubelet.runtime.shell.control import Endless

_PATIENCE = 200  # vain attempts after which a script is taken to go on trying

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.interpreter import Shell


def _reach(shell: Shell, host: str, port: int) -> bool:
    world = shell.world
    reached = world.reaches(host, port, shell.time)
    if not reached:
        world.asked = True
        world.failures += 1
        if world.failures > _PATIENCE:
            raise Endless(output=bool(shell.output))
    return reached


def _netcat(shell: Shell, argv: list[str], stdin: str) -> int:
    if any(word.startswith("-") and "l" in word for word in argv[1:]):
        raise Endless
    words = _operands(argv, ("-w", "-i", "-p", "-q"))
    if not words:
        return 1
    port = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if _reach(shell, words[0], port):
        return 0
    shell.complain(f"nc: bad address '{words[0]}'\n")
    return 1


def _lookup(shell: Shell, argv: list[str], stdin: str) -> int:
    words = _operands(argv, ("-type",))
    name = words[-1] if argv[0].endswith("getent") else words[0] if words else ""
    if _reach(shell, name, 0):
        shell.print(f"Name:\t{name}\n")
        return 0
    shell.complain(f"** server can't find {name}: NXDOMAIN\n")
    return 1


def _ping(shell: Shell, argv: list[str], stdin: str) -> int:
    words = _operands(argv, ("-c", "-W", "-w", "-i"))
    return 0 if words and _reach(shell, words[0], 0) else 1


def _fetch(shell: Shell, argv: list[str], stdin: str) -> int:
    """wget and curl: a Service answers 200 with nothing in it."""
    words = _operands(
        argv, ("-o", "-O", "-T", "-t", "-m", "-X", "-H", "-d", "-u", "-w", "--max-time", "--retry", "--connect-timeout")
    )
    url = next((word for word in words if "." in word or "/" in word or ":" in word), words[0] if words else "")
    scheme, _, rest = url.rpartition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    number = int(port) if port.isdigit() else 443 if scheme == "https" else 80
    program = argv[0].rpartition("/")[2]
    if not _reach(shell, host, number):
        text = f"wget: bad address '{host}'\n" if program == "wget" else f"curl: (6) Could not resolve host: {host}\n"
        shell.complain(text)
        return 1 if program == "wget" else 6
    if "--server-response" in argv or "-S" in argv:
        shell.print("  HTTP/1.1 200 OK\n")
    if "%{http_code}" in argv:
        shell.print("200")
    return 0


def _operands(argv: list[str], with_value: tuple[str, ...]) -> list[str]:
    found = []
    words = iter(argv[1:])
    for word in words:
        if word in with_value:
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    return found


COMMANDS = {
    "nc": _netcat, "ncat": _netcat, "netcat": _netcat, "nslookup": _lookup, "getent": _lookup, "dig": _lookup,
    "host": _lookup, "ping": _ping, "wget": _fetch, "curl": _fetch,
}  # fmt: skip
