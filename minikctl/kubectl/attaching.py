"""Attaching to a container: its output from now on (or from its start) and, where it reads any, its input.

For attach, run and debug. Upstream counterpart: kubectl's `pkg/cmd/attach`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.info import Info
from minikctl.kubectl.logstream import LogStream, container_state
from minikctl.kubectl.logstream import follow as follow_logs
from minikctl.kubectl.remotecommand import Detaching, connect, converse, detach_keys, is_terminal
from minikctl.kubectl.watches import follow

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_RECORDED = (
    "All commands and output from this session will be recorded in container logs, including credentials and "
    "sensitive information passed through the command prompt."
)
_HINT = "If you don't see a command prompt, try pressing enter."


class Attachment(NamedTuple):
    """How to attach. `from_start`: what was printed before is shown as well, as it would have been seen."""

    stdin: bool = False
    terminal: bool = False
    quiet: bool = False
    from_start: bool = False
    detach_keys: str = "ctrl-p,ctrl-q"


def wait_running(factory: Factory, row_info: Info, timeout: float) -> Obj:
    """The pod once it is running and ready, or has come to an end."""
    for event in follow(factory, row_info, timeout):
        if event["type"] == "DELETED":
            raise StatusError("NotFound", 'pods "" not found', {"kind": "pods"})
        pod: Obj = event["object"]
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            return pod
        conditions = (pod.get("status") or {}).get("conditions") or ()
        if phase == "Running" and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            return pod
    raise AssertionError("follow ends with an event or an error")


def wait_completed(factory: Factory, info: Info, timeout: float, success_only: bool = False) -> Obj:
    """The pod once it has come to an end."""
    phases = ("Succeeded",) if success_only else ("Succeeded", "Failed")
    for event in follow(factory, info, timeout):
        if event["type"] == "DELETED":
            raise StatusError("NotFound", 'pods "" not found', {"kind": "pods"})
        pod: Obj = event["object"]
        if (pod.get("status") or {}).get("phase") in phases:
            return pod
    raise AssertionError("follow ends with an event or an error")


def attach(factory: Factory, pod: Obj, container: Obj, how: Attachment) -> None:
    """Carry what a container prints until it ends, and standard input to it."""
    name = container["name"]
    if how.from_start and "running" not in container_state(pod, name):
        _follow(factory, pod, name, how.from_start)
        return
    wanted = how.terminal or bool(container.get("tty"))
    if how.terminal and not container.get("tty"):
        wanted = False
        if not how.quiet:
            factory.err(f"error: Unable to use a TTY - container {name} did not allocate one")
    terminal = wanted and how.stdin and is_terminal(factory)
    if not how.quiet:
        factory.err(_RECORDED)
        factory.err(_HINT)
    options = {"container": name, "stdin": how.stdin, "stdout": True, "stderr": not terminal, "tty": terminal}
    session = connect(factory, pod, "attach", **options)
    if session.polls:
        _follow(factory, pod, name, how.from_start)
    else:
        converse(factory, session, how.stdin, terminal, Detaching(detach_keys(how.detach_keys)))
    if terminal and not how.quiet:
        factory.out(_reattach(factory, pod, name))


def _follow(factory: Factory, pod: Obj, container: str, from_start: bool) -> None:
    options = {} if from_start else {"tailLines": 0}
    follow_logs(factory, [(LogStream(factory, pod, container, options), factory.streams.out.write)])


def _reattach(factory: Factory, pod: Obj, container: str) -> str:
    metadata = pod["metadata"]
    again = f"'{factory.program} attach {metadata['name']} -c {container} -n {metadata['namespace']} -i -t'"
    field = next((field for field, each in podpicking.containers_of(pod) if each["name"] == container), "")
    if field == "ephemeralContainers":
        return (
            "Session ended, the ephemeral container will not be restarted but may be reattached using "
            f"{again} if it is still running"
        )
    return f"Session ended, resume using {again} command"
