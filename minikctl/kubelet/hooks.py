"""Lifecycle hooks: what postStart and preStop commands do, and how long they take."""

from __future__ import annotations

from typing import NamedTuple

from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj
from minikctl.kubelet.inside import Inside
from minikctl.kubelet.record import Container


class Outcome(NamedTuple):
    """What came of a hook: how many seconds it took, and what the kubelet says of a failure."""

    seconds: float
    failure: str = ""


def run(inside: Inside, hook: Obj, container: Obj, state: Container, pod: str) -> Outcome:
    """Run a hook of a container (`pod` as the kubelet names it); http hooks and unknown programs succeed at once."""
    if (sleep := hook.get("sleep")) is not None:
        return Outcome(float(sleep.get("seconds") or 0))
    command = (hook.get("exec") or {}).get("command")
    if not command:
        return Outcome(0.0)
    result = inside.run(container, state, command, apart=True)
    if result.code is None:
        return Outcome(float("inf"))
    if result.code == 0:
        return Outcome(result.seconds)
    words = " ".join(command)
    what = f"Exec lifecycle hook ([{words}]) for Container {quote(container['name'])} in Pod {quote(pod)} failed"
    why = f"command '{words}' exited with {result.code}: {result.errors}"
    return Outcome(result.seconds, f"{what} - error: {why}, message: {quote(result.output)}")
