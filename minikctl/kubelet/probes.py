"""Startup, readiness and liveness probes of a running container.

What one of them says at a moment; when they run is probing.py's. exec probes run in the container's
shell, http probes ask what it is annotated to serve; all others succeed while it runs. Annotations
override any result.
"""

from __future__ import annotations

from minikctl.apimachinery.duration import format_go
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour
from minikctl.kubelet.inside import Inside
from minikctl.kubelet.record import Container

KINDS = ("startup", "readiness", "liveness")
_FAILED = ("failure", "false", "fail")


def run(pod: Obj, container: Obj, kind: str, state: Container, ip: str, inside: Inside) -> str | None:
    """None where the probe succeeds now; else what it says."""
    probe: Obj = container[f"{kind}Probe"]
    told = behaviour.value(pod, kind, container["name"])
    if told is not None:
        if told in ("success", "true"):
            return None
        return _usual_failure(container, probe, ip) if told in _FAILED else told
    if (command := (probe.get("exec") or {}).get("command")) is not None:
        result, limit = inside.run(container, state, command), probe.get("timeoutSeconds") or 1
        if result.code is None or result.seconds >= limit:
            return f"command timed out: {quote(' '.join(command))} timed out after {format_go(limit)}"
        return result.output if result.code else None
    return _http(pod, container, probe["httpGet"]) if "httpGet" in probe else None


def _http(pod: Obj, container: Obj, action: Obj) -> str | None:
    """What a container says by its annotation to a request; any other container is well."""
    if behaviour.value(pod, "http", container["name"]) is None:
        return None
    from minikctl.apimachinery.streaming import HttpRequest
    from minikctl.kubelet import listeners

    answer = listeners.annotated(pod, container, HttpRequest("GET", action.get("path") or "/"))
    if answer is None or 200 <= answer.status < 400:
        return None
    return f"HTTP probe failed with statuscode: {answer.status}"


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
