"""Lifecycle hooks: what postStart and preStop commands do, and how long they take."""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.record import Container


def run(hook: Obj, state: Container | None = None) -> tuple[int, float]:
    """(exit status, seconds) of a hook; http hooks and unknown programs succeed at once."""
    if (sleep := hook.get("sleep")) is not None:
        return 0, float(sleep.get("seconds") or 0)
    command = (hook.get("exec") or {}).get("command")
    if not command:
        return 0, 0.0
    from minikctl.kubelet.runtime.shell import Unsupported
    from minikctl.kubelet.runtime.shell.control import Endless
    from minikctl.kubelet.runtime.shell.interpreter import Shell, World

    shell = Shell({}, Disk(state.files if state else ()), World())
    try:
        code = shell.run(command)
    except Endless:
        return 0, float("inf")
    except Unsupported:
        code = 0
    return code, shell.time
