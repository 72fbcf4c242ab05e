"""Running a command in a container, for exec and cp; carrying this process's streams to it and from it.

Counterpart of client-go's `tools/remotecommand`, without a network in between.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.streaming import STDERR, STDOUT, exit_code
from minikctl.kubectl.errors import CommandFailed, KubectlError

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import Session
    from minikctl.kubectl.factory import Factory

_CHUNK = 65536
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
    answer: Any = factory.client.create(
        "pods", {}, metadata["namespace"], subresource=subresource, name=metadata["name"], **options
    )
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


def converse(factory: Factory, session: Session, stdin: bool, terminal: bool) -> None:
    """Carry standard input to a session and its output back, until it has ended."""
    if not stdin:
        while not _carry(factory, session):
            session.end_input()
        return
    with _raw(factory, terminal):
        while not _carry(factory, session):
            data = _read(factory)
            if data:
                session.send(data)
            elif data is not None:
                session.end_input()
                _carry(factory, session)
                return
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
