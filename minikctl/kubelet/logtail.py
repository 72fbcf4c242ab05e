"""Reading a container's log: as it is now, and what is added to it later.

Counterpart of kubelet's `kuberuntime/logs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.clock import rfc3339
from minikctl.kubelet.logs import Line, Logs
from minikctl.kubelet.record import RUNNING, identity

if TYPE_CHECKING:
    from minikctl.client.component import Env
    from minikctl.kubelet.sessions import Place


class LogOptions(NamedTuple):
    """PodLogOptions; `since` is a cluster time."""

    container: str = ""
    previous: bool = False
    since: float | None = None
    tail: int | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class LogTail:
    """The log of one run of a container. `take` gives what is there, then what has come since."""

    def __init__(self, env: Env, place: Place, run: int, options: LogOptions) -> None:
        self._env = env
        self._place = place
        self._run = run
        self._options = options
        self._logs = Logs(env.state)
        self._seen: int | None = None
        self._left = options.limit_bytes

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the run is over, or as much was read as was asked for."""
        if self._left is not None and self._left <= 0:
            return True
        record = self._place.record()
        state = record.containers.get(self._place.spec["name"]) if record else None
        return state is None or state.state != RUNNING or state.runs - 1 != self._run

    def take(self) -> str:
        """The lines that were not given before."""
        lines = self._logs.read(self._uid, self._place.spec["name"], self._run, self._env.clock.now())
        if self._seen is None:
            news = self._asked_for(lines)
        else:
            news = lines[self._seen :]
        self._seen = len(lines)
        return "".join(filter(None, (self._written(line) for line in news)))

    @property
    def _uid(self) -> str:
        return identity(self._place.pod)

    def _asked_for(self, lines: list[Line]) -> list[Line]:
        options = self._options
        if options.since is not None:
            lines = [line for line in lines if line[0] >= options.since]
        if options.tail is not None and 0 <= options.tail < len(lines):
            lines = lines[len(lines) - options.tail :]
        return lines

    def _written(self, line: Line) -> str:
        at, text = line
        shown = f"{_stamp(at)} {text}" if self._options.timestamps else text
        if self._left is not None:
            shown = shown.encode("utf-8", "surrogateescape")[: max(self._left, 0)].decode("utf-8", "ignore")
            self._left -= len(shown.encode())
        return shown


def _stamp(at: float) -> str:
    """RFC 3339 with nanoseconds, as container runtimes stamp log lines."""
    return f"{rfc3339(at)[:-1]}.{int(at % 1 * 1e9):09d}Z"
