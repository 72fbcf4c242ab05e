"""Running a command in a container, for exec and cp; carrying this process's streams to it and from it.

Counterpart of client-go's `tools/remotecommand`, without a network in between.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.streaming import STDERR, STDOUT, exit_code
from minikctl.kubectl.errors import CommandFailed, KubectlError

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import Session
    from minikctl.kubectl.factory import Factory

_CHUNK = 65536
_CONTROLS = "@abcdefghijklmnopqrstuvwxyz[\\]^_"
_LOOK = 0.25  # seconds after which one looks whether the container still runs
_INTERNAL_ERROR = "Internal error occurred: "


class Output(NamedTuple):
    """What a command printed, and how it ended."""

    stdout: bytes
    stderr: bytes
    exit_code: int


def connect(factory: Factory, pod: Obj, subresource: str, **options: Any) -> Session:
    """Exec or attach: a session with a container."""
    metadata = pod["metadata"]
    try:
        answer: Any = factory.client.create(
            "pods", {}, metadata["namespace"], subresource=subresource, name=metadata["name"], **options
        )
    except StatusError as error:
        raise KubectlError(f"unable to upgrade connection: {error.message}") from None
    session: Session = answer
    return session


def execute(factory: Factory, pod: Obj, container: str, command: Sequence[str], stdin: bytes | None = None) -> Output:
    """Run a command that needs nobody to talk to."""
    options = {"container": container, "command": list(command), "stdout": True, "stderr": True}
    session = connect(factory, pod, "exec", stdin=stdin is not None, **options)
    if stdin is not None:
        session.send(stdin)
        session.end_input()
    printed = session.take()
    status = session.status
    assert status is not None
    stdout, stderr = (b"".join(data for stream, data in printed if stream == which) for which in (STDOUT, STDERR))
    return Output(stdout, stderr, exit_code(status))


class Detaching:
    """Looks for the keys that leave a session in what is typed."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = b""

    def passed(self, data: bytes) -> bytes | None:
        """What is to be sent on; None once the keys have been typed, one after the other."""
        sent = b""
        for at in range(len(data)):
            self._held += data[at : at + 1]
            if self._held == self._keys:
                return None
            if not self._keys.startswith(self._held):
                sent, self._held = sent + self._held, b""
        return sent


def detach_keys(text: str) -> bytes:
    """The bytes of "ctrl-p,ctrl-q" and the like; KubectlError where it is no such list."""
    found = b""
    for part in text.split(","):
        control = part.removeprefix("ctrl-") if part.startswith("ctrl-") else ""
        if len(part) == 1 and part.isascii():
            found += part.encode()
        elif len(control) == 1 and control in _CONTROLS:
            found += bytes((_CONTROLS.index(control),))
        else:
            raise KubectlError(f"could not bind detach keys: Unknown character: '{part}'")
    return found


def converse(
    factory: Factory, session: Session, stdin: bool, terminal: bool, detaching: Detaching | None = None
) -> None:
    """Carry standard input to a session and its output back, until it has ended or is left."""
    if not stdin:
        while not _carry(factory, session):
            session.end_input()
        return
    with _raw(factory, terminal):
        while not _carry(factory, session):
            data = _read(factory)
            if data == b"":
                session.end_input()
                _carry(factory, session)
                return
            if data and detaching is not None and terminal:
                data = detaching.passed(data)
                if data is None:
                    return
            if data:
                session.send(data)
            factory.cluster.settle()


def report(session: Session) -> None:
    """Raise what a session's Status says of a failure."""
    status = session.status
    if status is None:
        return
    code = exit_code(status)
    if code > 0:
        raise CommandFailed(f"command terminated with exit code {code}", code)
    if code < 0:
        raise KubectlError(status["message"])


def _carry(factory: Factory, session: Session) -> bool:
    """Print what there is; whether the session has ended."""
    streams = factory.streams
    for stream, data in session.take():
        target = streams.out if stream == STDOUT else streams.err
        if target is streams.err:
            streams.out.flush()
        target.write(data.decode("utf-8", "surrogateescape"))
    streams.out.flush()
    streams.err.flush()
    return session.status is not None


def is_terminal(factory: Factory) -> bool:
    """Whether standard input is one."""
    return factory.streams.stdin.isatty()


def _read(factory: Factory) -> bytes | None:
    """What has come on standard input: b"" at its end, None where nothing has come for a while."""
    stdin = factory.streams.stdin
    try:
        descriptor = stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return stdin.read(_CHUNK).encode("utf-8", "surrogateescape")
    if not select.select([descriptor], [], [], _LOOK)[0]:
        return None
    return os.read(descriptor, _CHUNK)


@contextmanager
def _raw(factory: Factory, terminal: bool) -> Iterator[None]:
    """A terminal that hands on every key, while it lasts."""
    if not terminal or not is_terminal(factory):
        yield
        return
    import termios
    import tty

    descriptor = factory.streams.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
