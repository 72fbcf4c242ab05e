"""Container logs: what the current and the previous run of each container printed.

Stored only where something was printed. A program that goes on printing is stored as the program;
its lines are computed when somebody reads them.
"""

from __future__ import annotations

from typing import Any

from minikctl.client.component import KeyValue
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.filetree import as_text
from minikctl.kubelet.runtime import emulated

# (cluster time, text of one line with its newline)
Line = tuple[float, str]


class Logs:
    """The log files of all emulated nodes."""

    def __init__(self, state: KeyValue) -> None:
        self._state = state

    def start(self, uid: str, container: str, run: int, started: float, program: emulated.Program, rerun: Any) -> None:
        """Store what a run prints. `rerun` is (argv, env) of a program that goes on printing."""
        if run > 1:
            self._state.delete(f"logs/{uid}/{container}/{run - 2}")
        if program.output or not program.steady:
            entry: dict[str, Any] = {"t": started}
            if program.steady:
                entry["o"] = program.output
            else:
                entry["p"] = rerun
            self._state.put(f"logs/{uid}/{container}/{run}", entry)

    def go_on(self, uid: str, container: str, run: int, now: float, program: emulated.Program) -> None:
        """Store what a run prints from now on, after what it has printed so far."""
        before = [(at, text) for at, text in self.read(uid, container, run, now)]
        output = [*before, *((now + at, text) for at, text in program.output)]
        if output:
            self._state.put(f"logs/{uid}/{container}/{run}", {"t": 0.0, "o": output})

    def append(self, uid: str, container: str, run: int, now: float, data: bytes) -> None:
        """Store what an interactive program prints."""
        before = [(at, text) for at, text in self.read(uid, container, run, now)]
        output = [*before, (now, as_text(data))]
        self._state.put(f"logs/{uid}/{container}/{run}", {"t": 0.0, "o": output})

    def read(self, uid: str, container: str, run: int, until: float) -> list[Line]:
        """The lines of a run, up to a cluster time."""
        entry = self._state.get(f"logs/{uid}/{container}/{run}")
        if entry is None:
            return []
        started = entry["t"]
        if "o" in entry:
            output = entry["o"]
        else:
            from minikctl.kubelet.runtime.shell.interpreter import World

            argv, env, hostname = entry["p"]
            output = emulated.printed_until(argv, env, Disk(), World(started, hostname), until - started)
        return _lines([(started + at, text) for at, text in output if started + at <= until])

    def clean(self, uid: str) -> None:
        """Remove the logs of a pod that is gone."""
        for key, _ in self._state.scan(f"logs/{uid}/"):
            self._state.delete(key)


def _lines(output: list[tuple[float, str]]) -> list[Line]:
    lines: list[Line] = []
    partial = ""
    for at, text in output:
        pieces = (partial + text).split("\n")
        partial = pieces.pop()
        lines += [(at, piece + "\n") for piece in pieces]
    if partial:
        lines.append((output[-1][0], partial))
    return lines
