"""Exec and attach sessions: processes in the containers of a node, and what becomes of what they do.

Counterpart of kubelet's `server/streaming` and of the runtime's ExecSync, Exec and Attach.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.images import parse
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.streaming import STDERR, STDOUT, exit_status
from minikctl.kubelet import environment, rootfs
from minikctl.kubelet.clusternetwork import world
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.filetree import as_bytes
from minikctl.kubelet.logs import Logs
from minikctl.kubelet.mounts import Files
from minikctl.kubelet.processes import Process
from minikctl.kubelet.record import RUNNING, Container, PodRecord, identity
from minikctl.kubelet.runtime import emulated
from minikctl.kubelet.volumes import Volumes

if TYPE_CHECKING:
    from minikctl.client.component import Env
    from minikctl.kubelet.runtime.shell.interpreter import Shell

    Working = Callable[[], AbstractContextManager[None]]

_STEPS = 50_000
_NOT_FOUND = 127
_FAILED = "OCI runtime exec failed: exec failed: unable to start container process: exec: "
# What images run that hold nothing but a system, where nobody says otherwise.
_SHELLS = {
    "alpine": "sh", "archlinux": "bash", "bash": "bash", "busybox": "sh", "centos": "bash", "debian": "bash",
    "fedora": "bash", "netshoot": "bash", "rockylinux": "bash", "ubuntu": "bash",
}  # fmt: skip
_ENDING_SIGNALS = ("TERM", "INT", "QUIT")


class Place(NamedTuple):
    """A container of a pod."""

    env: Env
    pod: Obj
    spec: Obj

    @property
    def key(self) -> str:
        meta = self.pod["metadata"]
        return f"pod/{meta['namespace']}/{meta['name']}"

    def record(self) -> PodRecord | None:
        """What the node knows of the pod now; None where it is gone."""
        stored = self.env.state.get(self.key)
        record = PodRecord.load(stored) if stored else None
        return record if record is not None and record.uid == identity(self.pod) else None

    def running(self) -> tuple[PodRecord, Container] | None:
        """The container, while it runs."""
        record = self.record()
        state = record.containers.get(self.spec["name"]) if record else None
        return (record, state) if record is not None and state is not None and state.state == RUNNING else None

    def values(self, record: PodRecord) -> dict[str, str]:
        """The container's environment."""
        node = self.env.client.find("nodes", record.node)
        state = record.containers.get(self.spec["name"])
        kept = state.env if state is not None else None
        own = environment.of_run(self.env.client, self.pod, self.spec, kept, record.ip, node)
        links = environment.of_services(self.env.client, self.pod, state.started if state else 0.0)
        return {**emulated.base_env(self.pod), **links, **own}

    def main(self, values: dict[str, str]) -> list[str]:
        """The command line of the container itself, as far as it is known."""
        found = emulated.command_line(self.spec, values)
        if found:
            return found
        reference = parse(self.spec.get("image", ""))
        name = reference[0].rpartition("/")[2] if reference else ""
        return [_SHELLS[name]] if name in _SHELLS else []


class Room:
    """The container as a shell's workspace: see `processes.Workspace`."""

    def __init__(self, place: Place, terminal: bool) -> None:
        self._place = place
        self._terminal = terminal
        self._before: dict[str, object] = {}
        self._own: Files | None = None

    def alive(self) -> bool:
        return self._place.running() is not None

    def open(self) -> Shell:
        from minikctl.kubelet.runtime.shell.interpreter import Shell

        place = self._place
        record = place.record()
        assert record is not None
        values = place.values(record)
        surroundings = world(place.env.client, place.pod, place.env.clock.now())
        surroundings.argv = place.main(values)
        shell = Shell(values, self.files(), surroundings, steps=_STEPS, reports=True)
        shell.errors = None if self._terminal else []
        shell.terminal = self._terminal
        shell.directory = place.spec.get("workingDir") or "/"
        if self._terminal:
            shell.env["TERM"] = "xterm"
        return shell

    def files(self) -> Files:
        place = self._place
        record = place.record()
        ip = record.ip if record else ""
        node = place.env.client.find("nodes", record.node) if record else None
        argv = place.main({})
        image = rootfs.image(place.env.client, place.pod, place.spec, ip, argv)
        found = Files(
            Volumes(place.env.client, place.env.state, place.env.clock), place.pod, place.spec, ip, node, image
        )
        state = record.containers.get(place.spec["name"]) if record else None
        if state is not None:
            found.own.update(Disk(state.files, place.env.clock.now() - state.started).contents())
        self._before = dict(found.own)
        self._own = found
        return found

    def save(self, shell: Shell) -> None:
        """Keep the files that were written, and carry out the signals that were sent."""
        running = self._place.running()
        files = self._own
        if running is None or files is None:
            return
        record, state = running
        files.save()
        now = self._place.env.clock.now()
        lasted = now - state.started
        own = files.own
        changed = [path for path in {**self._before, **own} if self._before.get(path) != own.get(path)]
        self._before = dict(own)
        if changed:
            touched = set(changed)
            kept = [entry for entry in state.files if entry[0] > lasted or entry[1] not in touched]
            state.files = [*kept, *([lasted, path, own.get(path)] for path in changed)]
        signals, shell.world.signals = shell.world.signals, []
        ended = any(name in _ENDING_SIGNALS for name in signals) and state.source != "shell"
        if ended:
            state.ends, state.end_code = now, 0
        if changed or ended:
            self._place.env.state.put(self._place.key, record.dump())


class ExecSession:
    """A command that was asked for: a `streaming.Session`."""

    polls = False

    def __init__(self, place: Place, working: Working, command: list[str], stdin: bool, terminal: bool) -> None:
        self.status: Obj | None = None
        self._command = command
        self._lost = b""
        self._process = Process(Room(place, terminal), working, command, terminal)
        with working():
            problem = _cannot_start(place, command)
        if problem is not None:
            self._lost = as_bytes(problem[1])
            self._over(problem[0])
            return
        self._process.begin()
        if not stdin:
            self._process.end_input()
        self._look()

    def send(self, data: bytes) -> None:
        self._process.send(data)
        self._look()

    def end_input(self) -> None:
        self._process.end_input()
        self._look()

    def take(self) -> list[tuple[int, bytes]]:
        if self.status is None:
            self._process.look()
            self._look()
        lost, self._lost = self._lost, b""
        return [*self._process.take(), *([(STDERR, lost)] if lost else [])]

    def close(self) -> None:
        """The client has gone: what waits for its input ends."""
        self.end_input()

    def _look(self) -> None:
        if self._process.code is not None and self.status is None:
            self._over(self._process.code)

    def _over(self, code: int) -> None:
        self.status = exit_status(code, self._command)


def _cannot_start(place: Place, command: list[str]) -> tuple[int, str] | None:
    """Exit status and message where the runtime cannot start a command."""
    from minikctl.kubelet.runtime.shell import commands

    name = command[0]
    if commands.find(name) is not None:
        return None
    if "/" not in name:
        return _NOT_FOUND, f'{_FAILED}"{name}": executable file not found in $PATH: unknown\n'
    room = Room(place, False)
    shell = room.open()
    file = shell.files.stat(shell.path(name))
    if file is None:
        return _NOT_FOUND, f'{_FAILED}"{name}": stat {name}: no such file or directory: unknown\n'
    if file.is_directory or not file.mode & 0o111:
        return 126, f'{_FAILED}"{name}": permission denied: unknown\n'
    return None


class AttachSession:
    """A container's own program: its output from now on, and input where it reads any."""

    def __init__(self, place: Place, working: Working, stdin: bool, terminal: bool) -> None:
        self.status: Obj | None = None
        self._place = place
        self._working = working
        self._logs = Logs(place.env.state)
        running = place.running()
        self._run = running[1].runs - 1 if running else 0
        self._shown = len(self._log())
        self._first: list[tuple[int, bytes]] = []  # what it had printed before, which is in its log
        self._process = self._main(terminal) if stdin and place.spec.get("stdin") else None

    @property
    def polls(self) -> bool:
        return self._process is None

    def _main(self, terminal: bool) -> Process | None:
        """The container's program, where it waits for input."""
        running = self._place.running()
        if running is None or running[1].ends is not None:
            return None
        argv = self._place.main(self._place.values(running[0]))
        if not argv:
            return None
        process = Process(Room(self._place, terminal), self._working, argv, terminal)
        process.begin()
        if process.code is not None:
            return None
        self._first = process.take()
        return process

    def send(self, data: bytes) -> None:
        if self._process is not None:
            self._process.send(data)
            self._look()

    def end_input(self) -> None:
        if self._process is not None and self._place.spec.get("stdinOnce"):
            self._process.end_input()
            self._look()

    def close(self) -> None:
        self.end_input()

    def take(self) -> list[tuple[int, bytes]]:
        if self._process is not None:
            self._process.look()
            self._look()
            first, self._first = self._first, []
            sent = self._process.take()
            self._keep(b"".join(data for _, data in sent))
            return [*first, *sent]
        text = self._log()
        news, self._shown = text[self._shown :], max(self._shown, len(text))
        running = self._place.running()
        if running is None or running[1].runs - 1 != self._run:
            self.status = exit_status(0, [])
        return [(STDOUT, as_bytes(news))] if news else []

    def _log(self) -> str:
        record = self._place.record()
        if record is None:
            return ""
        now = self._place.env.clock.now()
        lines = self._logs.read(record.uid, self._place.spec["name"], self._run, now)
        return "".join(text for _, text in lines)

    def _keep(self, data: bytes) -> None:
        """What an interactive program prints is in its log as well."""
        running = self._place.running()
        if data and running is not None:
            with self._working():
                self._logs.append(
                    running[0].uid, self._place.spec["name"], self._run, self._place.env.clock.now(), data
                )

    def _look(self) -> None:
        """Let the container end with its program."""
        code = self._process.code if self._process is not None else None
        if code is None or self.status is not None:
            return
        self.status = exit_status(0, [])
        with self._working():
            running = self._place.running()
            if running is not None:
                record, state = running
                state.ends, state.end_code = self._place.env.clock.now(), code
                self._place.env.state.put(self._place.key, record.dump())
