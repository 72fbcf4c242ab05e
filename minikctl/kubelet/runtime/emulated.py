"""The emulated runtime: decides, when a container starts, what it will print and when it will exit.

By its pod's annotations; else by its command, read as shell; else by what it is for: a container of a
Job and an init container complete at once, all others serve for good.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.environment import expand

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.interpreter import Filesystem, Shell, World

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KILLED = 137
_EXIT_WORD = "exit "
_SERVERS = frozenset(("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"))


class Program:
    """What a container does. `after` is in seconds from its start, None: it never exits by itself."""

    __slots__ = ("after", "asked", "code", "disk", "files", "kill_code", "output", "steady")

    def __init__(self, after: float | None, code: int = 0) -> None:
        self.after = after
        self.code = code
        self.kill_code = 0  # its status when it is stopped
        self.output: list[tuple[float, str]] = []
        self.steady = True  # False: it goes on printing
        self.asked = False  # it waits for a Service that is not there
        self.files: list[tuple[float, str, Any]] = []
        self.disk: Filesystem | None = None  # as it is at the end of the run


def command_line(container: Obj, env: dict[str, str]) -> list[str]:
    """command and args with $(VAR) references replaced."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return [expand(word, env) for word in words]


def base_env(pod: Obj) -> dict[str, str]:
    """What every container has in its environment."""
    return {"PATH": _DEFAULT_PATH, "HOSTNAME": hostname(pod), "HOME": "/root"}


def hostname(pod: Obj) -> str:
    name: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return name[:63]


def is_known(pod: Obj, container: Obj) -> bool:
    """Whether deciding needs more than the container's purpose: annotations or a command."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return bool(words and not _serves(words)) or _annotated(pod)


def _serves(words: list[str]) -> bool:
    """Whether reading a command line as shell says nothing: flags alone, or a server of the cluster itself."""
    if not words[0].startswith("-") and words[0].rpartition("/")[2] not in _SERVERS:
        return False
    return not any(_EXIT_WORD in word for word in words)


def _annotated(pod: Obj) -> bool:
    found = pod["metadata"].get("annotations")
    return bool(found) and any(name.startswith(behaviour.PREFIX) for name in found)


def by_purpose(pod: Obj, kind: str) -> Program:
    """The program of an image about which nothing is said; `kind`: "container", "init", "sidecar", "ephemeral"."""
    if kind == "init":
        return Program(0.0)
    if kind == "container":
        for owner in pod["metadata"].get("ownerReferences") or ():
            if owner.get("controller") and owner.get("kind") == "Job":
                return Program(0.0)
    return Program(None)


def decide(
    pod: Obj,
    container: Obj,
    kind: str,
    argv: list[str],
    env: dict[str, str],
    disk: Callable[[], Filesystem],
    world: World,
) -> Program:
    """What the container will do from now on. `disk` makes its file system as it is at the start."""
    name = container["name"]
    program = _by_annotations(pod, name)
    if program is None:
        program = _by_command(pod, kind, argv, env, disk, world, live=bool(container.get("stdin")))
    text = behaviour.value(pod, "logs", name)
    file = behaviour.value(pod, "logs-file", name)
    if file is not None:
        text = (text or "") + (disk().get(file) or "")
    if text:
        program.output.insert(0, (0.0, text if text.endswith("\n") else text + "\n"))
    return program


def _by_annotations(pod: Obj, name: str) -> Program | None:
    code, seconds = (behaviour.number(pod, key, name) for key in ("exit-code", "run-seconds"))
    if code is None and seconds is None:
        return None
    return Program(seconds or 0.0, int(code or 0))


def _by_command(
    pod: Obj,
    kind: str,
    argv: list[str],
    env: dict[str, str],
    disk: Callable[[], Filesystem],
    world: World,
    live: bool,
) -> Program:
    """`live`: its standard input is kept open, so that it waits for somebody to attach where it reads any."""
    if not argv:
        return by_purpose(pod, kind)
    from minikctl.kubelet.runtime.shell import Unsupported
    from minikctl.kubelet.runtime.shell.interpreter import Shell

    shell = Shell(dict(env), disk(), world)
    try:
        return _run(shell, argv, live)
    except Unsupported:
        program = by_purpose(pod, kind)
    if any(_EXIT_WORD in word for word in argv):
        # A script that says how it ends is believed, whatever the programs in it are.
        with suppress(Unsupported):
            return _run(Shell(dict(env), disk(), world, lenient=True), argv)
    if program.after is not None:
        program.after = shell.time
    program.output = shell.output
    return program


def _run(shell: Shell, argv: list[str], live: bool = False) -> Program:
    from minikctl.kubelet.runtime.shell.control import Endless, Interactive, MoreInput
    from minikctl.kubelet.runtime.shell.input import Input

    try:
        code = shell.run(argv, Input(live=live))
        program = Program(shell.time, code)
    except Endless as endless:
        program = Program(None)
        program.steady = not endless.output
    except (MoreInput, Interactive):
        program = Program(None)
    program.output = shell.output
    program.asked = shell.world.asked
    program.files = shell.file_events
    program.disk = shell.files
    program.kill_code = KILLED
    return program


def printed_until(
    argv: list[str], env: dict[str, str], files: Filesystem, world: World, seconds: float
) -> list[tuple[float, str]]:
    """Everything a program that goes on printing has printed so far."""
    from minikctl.kubelet.runtime.shell import Unsupported
    from minikctl.kubelet.runtime.shell.control import Endless
    from minikctl.kubelet.runtime.shell.interpreter import Shell

    shell = Shell(env, files, world, steps=200_000, horizon=seconds)
    with suppress(Endless, Unsupported):
        shell.run(argv)
    return shell.output
