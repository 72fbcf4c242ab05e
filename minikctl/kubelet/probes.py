"""Startup, readiness and liveness probes of a running container.

What one of them says at a moment; when they run is probing.py's. exec probes run in the container's
shell; http, tcp and grpc probes succeed while it runs; annotations override any result.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.record import Container

KINDS = ("startup", "readiness", "liveness")
_FAILED = ("failure", "false", "fail")


def run(pod: Obj, container: Obj, kind: str, state: Container, now: float, ip: str = "") -> str | None:
    """None where the probe succeeds now; else what it says."""
    told = behaviour.value(pod, kind, container["name"])
    if told is not None:
        if told in ("success", "true"):
            return None
        return _usual_failure(container, container[f"{kind}Probe"], ip) if told in _FAILED else told
    command = (container[f"{kind}Probe"].get("exec") or {}).get("command")
    return _exec(command, state, now) if command else None


def _usual_failure(container: Obj, probe: Obj, ip: str) -> str:
    """What a probe of its kind says where the service behind it is not well."""
    if "httpGet" in probe:
        return "HTTP probe failed with statuscode: 500"
    if (socket := probe.get("tcpSocket")) is not None:
        address = f"{socket.get('host') or ip}:{_port(container, socket['port'])}"
        return f"dial tcp {address}: connect: connection refused"
    return 'service unhealthy (responded with "NOT_SERVING")' if "grpc" in probe else ""


def _port(container: Obj, port: int | str) -> int | str:
    """A port's number, where it is given by its name."""
    for entry in container.get("ports") or ():
        if entry.get("name") == port:
            return int(entry["containerPort"])
    return port


def initial_delay(container: Obj, kind: str) -> float:
    return float(container[f"{kind}Probe"].get("initialDelaySeconds") or 0)


def success_threshold(container: Obj, kind: str) -> int:
    return int(container[f"{kind}Probe"].get("successThreshold") or 1)


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
