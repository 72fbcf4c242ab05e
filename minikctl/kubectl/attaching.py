"""Attaching to a container: its output from now on (or from its start), for attach, run and debug.

An emulated container takes no input while it runs, so there is nothing to send standard input to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info
from minikctl.kubectl.logstream import LogStream, container_state
from minikctl.kubectl.logstream import follow as follow_logs
from minikctl.kubectl.watches import follow

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_SHELLS = frozenset(("ash", "bash", "dash", "sh", "zsh"))


def refuse_input(factory: Factory, command: Sequence[str] | None = None) -> None:
    """Refuse standard input that has something to say: nobody would read it.

    `command` is what a new container runs: a shell on a terminal would wait for input for ever.
    """
    stdin = factory.streams.stdin
    try:
        descriptor = stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return
    if os.isatty(descriptor):
        if command is not None and (not command or (len(command) == 1 and os.path.basename(command[0]) in _SHELLS)):
            raise KubectlError(
                "interactive sessions are not supported by minikctl yet; give a command, as in -- sh -c ..."
            )
        return
    import select

    if select.select([descriptor], [], [], 0)[0] and stdin.read(1):
        raise KubectlError("standard input cannot be sent to a running container by minikctl yet; use exec -i")


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


def attach(factory: Factory, pod: Obj, container: str, from_start: bool = False) -> None:
    """Print what the container prints until it ends."""
    if "running" not in container_state(pod, container) and not from_start:
        state = container_state(pod, container)
        if "terminated" in state:
            raise KubectlError(
                "cannot attach a container in a completed pod; current phase is " + pod["status"]["phase"]
            )
        raise KubectlError(f"unable to upgrade connection: container {container} not found in pod {_name(pod)}")
    options = {} if from_start else {"tailLines": 0}
    follow_logs(factory, [(LogStream(factory, pod, container, options), factory.streams.out.write)])


def _name(pod: Obj) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}"
