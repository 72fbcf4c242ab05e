"""Commands that the kubelet runs in a container: exec probes and lifecycle hooks.

They see what an exec session sees (environment, volumes, the container's own files) at one moment of
cluster time. Counterpart of the runtime's ExecSync.
"""

from __future__ import annotations

from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import environment
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.host import Host
from minikctl.kubelet.record import Container, PodRecord
from minikctl.kubelet.runtime import emulated

_STEPS = 50_000


class Result(NamedTuple):
    """What came of a command. `code` is None where it goes on for ever."""

    code: int | None
    seconds: float
    output: str
    errors: str


class Inside:
    """The containers of one pod, to run commands in at `now`."""

    def __init__(self, host: Host, pod: Obj, record: PodRecord, now: float) -> None:
        self._host = host
        self._pod = pod
        self._record = record
        self._now = now

    def run(self, container: Obj, state: Container, command: list[str], apart: bool = False) -> Result:
        """Run a command; a program that is not emulated succeeds at once.

        `apart`: errors are kept apart from the output, and what the command writes stays written.
        """
        from minikctl.kubelet.clusternetwork import world
        from minikctl.kubelet.mounts import Files
        from minikctl.kubelet.runtime.shell import Unsupported
        from minikctl.kubelet.runtime.shell.control import Endless
        from minikctl.kubelet.runtime.shell.interpreter import Shell

        host, record = self._host, self._record
        node = host.node(record.node)
        files = Files(host.volumes, self._pod, container, record.ip, node)
        lasted = self._now - state.started
        files.own.update(Disk(state.files, lasted).contents())
        before = dict(files.own)
        shell = Shell(
            self._environment(container, state), files, world(host.client, self._pod, self._now), steps=_STEPS
        )
        if apart:
            shell.errors = []
        try:
            code: int | None = shell.run(command)
        except Endless:
            code = None
        except Unsupported:
            return Result(0, 0.0, "", "")
        if apart:
            files.save()
            changed = [path for path in {**before, **files.own} if before.get(path) != files.own.get(path)]
            state.files = [*state.files, *([lasted, path, files.own.get(path)] for path in changed)]
        output = "".join(text for _, text in shell.output)
        return Result(code, shell.time, output, "".join(shell.errors or ()))

    def _environment(self, container: Obj, state: Container) -> dict[str, str]:
        client, record = self._host.client, self._record
        try:
            node = self._host.node(record.node)
            own = environment.of_run(client, self._pod, container, state.env, record.ip, node)
        except environment.ConfigError:
            own = {}
        return {**emulated.base_env(self._pod), **own}
