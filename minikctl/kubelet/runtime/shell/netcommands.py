"""Commands that open connections: they succeed where the cluster has a Service of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.kubelet.runtime.shell.control import Endless

_DNS = "10.96.0.10"
_PATIENCE = 200  # vain attempts after which a script is taken to go on trying

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell


def reach(shell: Shell, host: str, port: int) -> bool:
    """Whether somebody answers there now; a script that asks in vain for long is taken to go on for good."""
    world = shell.world
    reached = world.reaches(host, port, shell.time)
    if not reached:
        world.asked = True
        world.failures += 1
        if world.failures > _PATIENCE:
            raise Endless(output=bool(shell.output))
    return reached


def _netcat(shell: Shell, argv: list[str], stdin: Input) -> int:
    if any(word.startswith("-") and "l" in word for word in argv[1:]):
        raise Endless
    words = operands(argv, ("-w", "-i", "-p", "-q"))
    if not words:
        return 1
    port = (parse_int(words[1]) or 0) if len(words) > 1 else 0
    reached = reach(shell, words[0], port)
    network = shell.world.network
    found = network.lookup(words[0]) if network is not None else None
    if reached:
        if found is not None and any(word[:1] == "-" and "v" in word for word in argv[1:]):
            shell.complain(f"{words[0]} ({(found[1] or ['?'])[0]}:{port}) open\n")
        return 0
    if network is None or found is None:
        shell.complain(f"nc: bad address '{words[0]}'\n")
    elif network.problem(words[0], port) == "timeout":
        given = any(word.startswith("-w") for word in argv[1:])
        address = (found[1] or ["?"])[0]
        shell.complain("nc: timed out\n" if given else f"nc: {words[0]} ({address}:{port}): Connection timed out\n")
    else:
        shell.complain(f"nc: {words[0]} ({(found[1] or ['?'])[0]}:{port}): Connection refused\n")
    return 1


def _resolved(shell: Shell, name: str) -> tuple[str, list[str]] | None:
    """The full name and addresses of a host, where it can be reached."""
    if not reach(shell, name, 0):
        return None
    network = shell.world.network
    return network.lookup(name) if network is not None else (name, [])


def _nslookup(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = operands(argv, ("-type",))
    found = _resolved(shell, words[0]) if words else None
    shell.print(f"Server:\t\t{_DNS}\nAddress:\t{_DNS}:53\n\n")
    if found is None:
        shell.print(f"** server can't find {words[0] if words else ''}: NXDOMAIN\n\n")
        return 1
    full, addresses = found
    shell.print("".join(f"Name:\t{full}\nAddress: {address}\n" for address in addresses) or f"Name:\t{full}\n")
    shell.print("\n")
    return 0


def _getent(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = operands(argv, ())
    found = _resolved(shell, words[-1]) if words else None
    if found is None:
        return 2
    full, addresses = found
    shell.print("".join(f"{address:15} {full}  {words[-1]}\n" for address in addresses))
    return 0


def _dig(shell: Shell, argv: list[str], stdin: Input) -> int:
    """dig +short and host: the addresses."""
    words = [word for word in operands(argv, ("-t",)) if word[:1] not in "+@"]
    found = _resolved(shell, words[0]) if words else None
    if found is None:
        if argv[0].endswith("host"):
            shell.print(f"Host {words[0] if words else ''} not found: 3(NXDOMAIN)\n")
            return 1
        return 0
    full, addresses = found
    form = "{full} has address {address}\n" if argv[0].endswith("host") else "{address}\n"
    shell.print("".join(form.format(full=full, address=address) for address in addresses))
    return 0


def _ping(shell: Shell, argv: list[str], stdin: Input) -> int:
    words = operands(argv, ("-c", "-W", "-w", "-i"))
    found = _resolved(shell, words[0]) if words else None
    if found is None:
        shell.complain(f"ping: bad address '{words[0] if words else ''}'\n")
        return 1
    address = (found[1] or [found[0]])[0]
    shell.print(f"PING {words[0]} ({address}): 56 data bytes\n64 bytes from {address}: seq=0 ttl=64 time=0.050 ms\n")
    return 0


def operands(argv: list[str], with_value: tuple[str, ...]) -> list[str]:
    """The words of a command line that are neither options nor the values of `with_value`."""
    found = []
    words = iter(argv[1:])
    for word in words:
        if word in with_value:
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    return found


COMMANDS: dict[str, Command] = {
    "nc": _netcat, "ncat": _netcat, "netcat": _netcat, "nslookup": _nslookup, "getent": _getent, "dig": _dig,
    "host": _dig, "ping": _ping,
}  # fmt: skip
