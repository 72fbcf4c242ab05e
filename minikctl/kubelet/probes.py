"""Startup, readiness and liveness probes of a running container.

In the instant profile a first success does not wait for its delay; failures come at their delays and
periods and count up to the threshold. exec probes run in the container's shell; http, tcp and grpc
probes succeed while it runs; annotations override any result.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.record import Container

KINDS = ("startup", "readiness", "liveness")
_FAILED = ("failure", "false", "fail")


class Check:
    """The state of one probe: how often it failed in a row, and when it runs next."""

    __slots__ = ("failures", "next")

    def __init__(self, failures: float = 0, next_: float = 0.0) -> None:
        self.failures = int(failures)
        self.next = next_


def run(pod: Obj, container: Obj, kind: str, state: Container, now: float) -> str | None:
    """None where the probe succeeds now; else what it says."""
    told = behaviour.value(pod, kind, container["name"])
    if told is not None:
        if told in ("success", "true"):
            return None
        return "" if told in _FAILED else told
    command = (container[f"{kind}Probe"].get("exec") or {}).get("command")
    return _exec(command, state, now) if command else None


def first(container: Obj, kind: str, state: Container) -> float:
    """When a probe that fails runs for the first time."""
    return state.started + float(container[f"{kind}Probe"].get("initialDelaySeconds") or 0)


def period(container: Obj, kind: str) -> float:
    return float(container[f"{kind}Probe"].get("periodSeconds") or 10)


def threshold(container: Obj, kind: str) -> int:
    return int(container[f"{kind}Probe"].get("failureThreshold") or 3)


def changes(container: Obj, state: Container, now: float) -> float | None:
    """When the container's files, which an exec probe may look at, change next."""
    if not state.files or not any((container.get(f"{kind}Probe") or {}).get("exec") for kind in KINDS):
        return None
    later = [state.started + at for at, _, _ in state.files if state.started + at > now]
    return min(later) if later else None


def _exec(command: list[str], state: Container, now: float) -> str | None:
    from minikctl.kubelet.runtime.shell import Unsupported
    from minikctl.kubelet.runtime.shell.control import Endless
    from minikctl.kubelet.runtime.shell.interpreter import Shell, World

    disk = Disk(state.files, now - state.started)
    shell = Shell({}, disk, World(now))
    try:
        code = shell.run(command)
    except (Unsupported, Endless):
        return None
    if code == 0:
        return None
    return "".join(text for _, text in shell.output)
