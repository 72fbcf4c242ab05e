"""Listening on local ports and carrying what comes in to a pod, for port-forward.

Counterpart of client-go's `tools/portforward`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from minikctl.kubectl import klog
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import PortConnection, PortForwarder
    from minikctl.kubectl.factory import Factory

_CHUNK = 65536
_LOOK = 0.25  # seconds after which one looks whether the pod still runs
_LARGEST_PORT = 65535


class Address(NamedTuple):
    """Where to listen. `optional`: one of localhost's two, of which one is enough."""

    host: str
    family: socket.AddressFamily
    optional: bool


class Port(NamedTuple):
    local: int
    remote: int


class _Refused(Exception):
    """Nobody listens in the pod."""


def parse_addresses(texts: list[str]) -> list[Address]:
    """IP addresses and "localhost", each once, sorted; KubectlError for what is neither."""
    found: dict[str, Address] = {}
    for text in texts:
        if text == "localhost":
            found.setdefault("127.0.0.1", Address("127.0.0.1", socket.AF_INET, True))
            found.setdefault("::1", Address("::1", socket.AF_INET6, True))
            continue
        try:
            version = ipaddress.ip_address(text).version
        except ValueError:
            raise KubectlError(f"{text} is not a valid IP") from None
        found[text] = Address(text, socket.AF_INET if version == 4 else socket.AF_INET6, False)
    return [found[host] for host in sorted(found)]


def parse_ports(texts: list[str]) -> list[Port]:
    """[LOCAL:]REMOTE; an empty LOCAL takes any free port."""
    found = []
    for text in texts:
        parts = text.split(":")
        if len(parts) > 2:
            raise KubectlError(f"invalid port format '{text}'")
        local = _number("local", parts[0] or ("0" if len(parts) == 2 else ""))
        remote = _number("remote", parts[-1])
        if not remote:
            raise KubectlError("remote port must be > 0")
        found.append(Port(local, remote))
    return found


def _number(which: str, text: str) -> int:
    problem = ""
    if not text.isdigit() or not text.isascii():
        problem = "invalid syntax"
    elif len(text) > 20 or int(text) > _LARGEST_PORT:
        problem = "value out of range"
    if problem:
        raise KubectlError(f"error parsing {which} port '{text}': strconv.ParseUint: parsing {quote(text)}: {problem}")
    return int(text)


class PortForwarding:
    """The listeners of one invocation, and the connections that came in."""

    def __init__(self, factory: Factory, forwarder: PortForwarder) -> None:
        self._factory = factory
        self._forwarder = forwarder
        self._selector = selectors.DefaultSelector()

    def run(self, addresses: list[Address], ports: list[Port]) -> None:
        """Forward until interrupted; KubectlError where nothing can be listened on, or once the pod is gone."""
        with contextlib.suppress(ValueError):  # not in the main thread
            # Shells start what runs in the background with SIGINT ignored; kubectl ends by it all the same.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            heard = [self._listen(addresses, port) for port in ports]
            if not any(heard):
                shown = " ".join(f"{{{port.local} {port.remote}}}" for port in ports)
                raise KubectlError(f"unable to listen on any of the requested ports: [{shown}]")
            self._serve()
        except KeyboardInterrupt:
            return
        except _Refused:
            raise KubectlError("lost connection to pod") from None
        finally:
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()

    # Listening

    def _listen(self, addresses: list[Address], port: Port) -> bool:
        """Listen for one port on all addresses; False (and a message) where that fails."""
        problems: list[str] = []
        heard = {True: 0, False: 0}
        failed = {True: 0, False: 0}
        for address in addresses:
            try:
                port = self._listen_on(address, port)
                heard[address.optional] += 1
            except OSError as error:
                where = f"{address.host}:{port.local}" if "." in address.host else f"[{address.host}]:{port.local}"
                network = "tcp4" if address.family == socket.AF_INET else "tcp6"
                why = (error.strerror or str(error)).lower()
                problems.append(f"unable to create listener: Error listen {network} {where}: bind: {why}")
                failed[address.optional] += 1
        if (failed[True] and not heard[True]) or failed[False]:
            text = f"Listeners failed to create with the following errors: [{' '.join(problems)}]"
            self._factory.err(f"Unable to listen on port {port.local}: {text}")
            return False
        return True

    def _listen_on(self, address: Address, port: Port) -> Port:
        listening = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if address.family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((address.host, port.local))
            listening.listen()
        except OSError:
            listening.close()
            raise
        listening.setblocking(False)
        port = Port(listening.getsockname()[1], port.remote)
        self._selector.register(listening, selectors.EVENT_READ, port)
        host = address.host if "." in address.host else f"[{address.host}]"
        self._factory.out(f"Forwarding from {host}:{port.local} -> {port.remote}")
        self._factory.streams.out.flush()
        return port

    # Carrying

    def _serve(self) -> None:
        looked = time.monotonic()
        while True:
            for key, events in self._selector.select(_LOOK):
                if isinstance(key.data, Port):
                    self._accept(key.fileobj, key.data)  # type: ignore[arg-type]
                else:
                    self._carry(key.data, events)
            if time.monotonic() - looked >= _LOOK:
                looked = time.monotonic()
                self._factory.cluster.catch_up()
                if not self._forwarder.alive():
                    raise _Refused

    def _accept(self, listening: socket.socket, port: Port) -> None:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        self._factory.out(f"Handling connection for {port.local}")
        self._factory.streams.out.flush()
        try:
            connection = self._forwarder.connect(port.remote)
        except ConnectionRefusedError as refused:
            accepted.close()
            self._complain(str(refused), port)
            raise _Refused from None
        accepted.setblocking(False)
        self._selector.register(accepted, selectors.EVENT_READ, _Carried(accepted, connection))

    def _carry(self, carried: _Carried, events: int) -> None:
        try:
            alive = carried.move(events)
        except OSError:
            alive = False
        if not alive:
            self._selector.unregister(carried.local)
            carried.local.close()
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if carried.waiting else 0)
        self._selector.modify(carried.local, wanted, carried)

    def _complain(self, text: str, port: Port) -> None:
        """In the form of kubectl's log."""
        where = f"localPort={port.local} remotePort={port.remote}"
        told = f'"An error occurred forwarding" err={quote(text)} {where}'
        self._factory.err(klog.line("E", "portforward.go:424", told))


class _Carried:
    """One connection: the local socket, the pod's side, and what the local side has not taken yet."""

    def __init__(self, local: socket.socket, connection: PortConnection) -> None:
        self.local = local
        self.waiting = b""
        self._connection = connection

    def move(self, events: int) -> bool:
        """Carry what can be carried; False once the connection is over."""
        if events & selectors.EVENT_READ and not self._connection.closed:
            data = self.local.recv(_CHUNK)
            if not data:
                return False
            self.waiting += self._connection.feed(data)
        if self.waiting:
            with contextlib.suppress(BlockingIOError):
                self.waiting = self.waiting[self.local.send(self.waiting) :]
        return bool(self.waiting) or not self._connection.closed
