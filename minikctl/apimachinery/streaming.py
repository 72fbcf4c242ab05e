"""What a node hands out for requests that are conversations: exec, attach, port-forward, followed logs.

The kubelet makes them, kubectl and the HTTP server carry their bytes. Nothing here waits: whoever
holds one feeds it what has come and takes what is there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple, Protocol

from minikctl.apimachinery.request import Obj

STDOUT, STDERR = 1, 2


class Session(Protocol):
    """A command in a container, with its standard streams.

    `polls`: output may come without input, so that `take` is to be called from time to time.
    """

    @property
    def polls(self) -> bool: ...

    @property
    def status(self) -> Obj | None:
        """The Status that the command ended with; None while it runs."""
        ...

    def send(self, data: bytes) -> None:
        """Standard input, or a terminal's keys."""
        ...

    def end_input(self) -> None:
        """Standard input has come to its end."""
        ...

    def take(self) -> list[tuple[int, bytes]]:
        """What was printed since the last call, as (STDOUT or STDERR, bytes)."""
        ...

    def close(self) -> None:
        """The client has gone."""
        ...


class PortConnection(Protocol):
    """A TCP connection to a port of a pod."""

    @property
    def closed(self) -> bool:
        """The pod's side has ended it."""
        ...

    def feed(self, data: bytes) -> bytes:
        """What the pod sends back for what it is sent."""
        ...


class PortForwarder(Protocol):
    """The way to a pod's ports."""

    def alive(self) -> bool:
        """Whether the pod still runs."""
        ...

    def connect(self, port: int) -> PortConnection:
        """A new connection; ConnectionRefusedError with the node's message where nobody listens."""
        ...


class LogFollower(Protocol):
    """A log that is read as it grows."""

    def take(self) -> str:
        """What was printed since the last call."""
        ...

    @property
    def ended(self) -> bool:
        """The container's run is over: nothing more will come."""
        ...


class HttpRequest(NamedTuple):
    """`path` has the query in it; header names are as they were sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class HttpAnswer(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


def exit_status(code: int, command: list[str]) -> Obj:
    """The Status of a command that ended, as the kubelet sends it on the error stream."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": "command terminated with non-zero exit code: error executing command "
        f"[{' '.join(command)}], exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def exit_code(status: Obj) -> int:
    """The exit status that a Status tells of; -1 where it tells of another failure."""
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    return -1
