"""Lifecycle hooks: what postStart and preStop commands do, and how long they take."""

from __future__ import annotations

from typing import NamedTuple

from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.record import Container


class Outcome(NamedTuple):
    """What came of a hook: how many seconds it took, and what the kubelet says of a failure."""

    seconds: float
    failure: str = ""


def run(hook: Obj, state: Container, container: str, pod: str) -> Outcome:
    """Run a hook of a container (`pod` as the kubelet names it); http hooks and unknown programs succeed at once."""
    if (sleep := hook.get("sleep")) is not None:
        return Outcome(float(sleep.get("seconds") or 0))
    command = (hook.get("exec") or {}).get("command")
    if not command:
        return Outcome(0.0)
    from minikctl.kubelet.runtime.shell import Unsupported
    from minikctl.kubelet.runtime.shell.control import Endless
    from minikctl.kubelet.runtime.shell.interpreter import Shell, World

    shell = Shell({}, Disk(state.files), World())
    shell.errors = []
    try:
        code = shell.run(command)
    except Endless:
        return Outcome(float("inf"))
    except Unsupported:
        code = 0
    if not code:
        return Outcome(shell.time)
    output = "".join(text for _, text in shell.output)
    why = f"command '{' '.join(command)}' exited with {code}: {''.join(shell.errors)}"
    what = f"Exec lifecycle hook ([{' '.join(command)}]) for Container {quote(container)} in Pod {quote(pod)} failed"
    return Outcome(shell.time, f"{what} - error: {why}, message: {quote(output)}")
