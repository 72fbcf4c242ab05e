"""Rows of pods: READY, STATUS and RESTARTS as upstream derives them from container statuses."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, Obj, age, define, is_true, since

_TERMINAL = ("Succeeded", "Failed")


def _exit_text(terminated: Obj) -> str:
    """Why a container ended, for one that gives no reason."""
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


class _Tally:
    """Counts gathered over container statuses."""

    __slots__ = ("last_restart", "ready", "restarts")

    def __init__(self) -> None:
        self.restarts = 0
        self.last_restart = ""
        self.ready = 0

    def count(self, status: Obj) -> None:
        self.restarts += status.get("restartCount", 0)
        ended = (status.get("lastState") or {}).get("terminated")
        if ended and (ended.get("finishedAt") or "") > self.last_restart:
            self.last_restart = ended["finishedAt"]


def _init_step(status: Obj, index: int, total: int, sidecar: bool) -> str:
    """The STATUS an init container holds the pod at; "" when it lets the pod go on."""
    state = status.get("state") or {}
    terminated = state.get("terminated")
    if terminated is not None and not terminated.get("exitCode"):
        return ""
    if sidecar and status.get("started"):
        return ""
    if terminated is not None:
        return "Init:" + _exit_text(terminated)
    waiting = (state.get("waiting") or {}).get("reason")
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{total}"


def _initialize(pod: Obj, sidecars: set[str], everything: _Tally, of_sidecars: _Tally) -> str:
    """Walk the init containers up to the first unfinished one; returns the STATUS it gives, or ""."""
    total = len(pod["spec"].get("initContainers") or ())
    for index, status in enumerate(pod["status"].get("initContainerStatuses") or ()):
        sidecar = status.get("name") in sidecars
        everything.count(status)
        if sidecar:
            of_sidecars.count(status)
        step = _init_step(status, index, total, sidecar)
        if step:
            return step
        ended = (status.get("state") or {}).get("terminated")
        if sidecar and status.get("ready") and not (ended is not None and not ended.get("exitCode")):
            of_sidecars.ready += 1
    return ""


def _run(statuses: list[Obj], conditions: list[Obj], reason: str, tally: _Tally) -> str:
    """The STATUS the main containers give, counting on in `tally`."""
    running = False
    for status in reversed(statuses):
        tally.count(status)
        state = status.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        terminated = state.get("terminated")
        if waiting:
            reason = waiting
        elif terminated is not None:
            reason = _exit_text(terminated)
        elif status.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    if reason == "Completed" and running:
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
        return "Running" if ready else "NotReady"
    return reason


def _overall(pod: Obj) -> tuple[str, _Tally]:
    status = pod.get("status") or {}
    conditions = status.get("conditions") or []
    reason = status.get("reason") or status.get("phase", "")
    for condition in conditions:
        if condition.get("reason") == "SchedulingGated" and condition.get("type") == "PodScheduled":
            reason = "SchedulingGated"
    tally = _Tally()
    held = ""
    if status.get("initContainerStatuses"):
        everything = _Tally()
        sidecars = _sidecars(pod)
        held = _initialize(pod, sidecars, everything, tally)
        if held:
            reason = held
            if not is_true(conditions, "Initialized"):
                everything.ready = tally.ready
                tally = everything
    if not held or is_true(conditions, "Initialized"):
        reason = _run(status.get("containerStatuses") or [], conditions, reason, tally)
        if reason == "Completed" and status.get("phase") == "Failed":
            reason = "Error"  # the first container did its part, another failed
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in _TERMINAL:
            reason = "Terminating"
    return reason, tally


def _sidecars(pod: Obj) -> set[str]:
    return {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}


def _readiness_gates(pod: Obj) -> str:
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return NONE
    conditions = (pod.get("status") or {}).get("conditions")
    return f"{sum(is_true(conditions, gate['conditionType']) for gate in gates)}/{len(gates)}"


def row(pod: Obj, now: float) -> list[Any]:
    """NAME READY STATUS RESTARTS AGE IP NODE NOMINATED-NODE READINESS-GATES."""
    spec, status = pod["spec"], pod.get("status") or {}
    reason, tally = _overall(pod)
    total = len(spec.get("containers") or ())
    if spec.get("initContainers"):
        total += sum(c.get("restartPolicy") == "Always" for c in spec["initContainers"])
    restarts = str(tally.restarts)
    if tally.restarts and tally.last_restart:
        restarts = f"{restarts} ({since(tally.last_restart, now)} ago)"
    addresses = status.get("podIPs")
    return [
        pod["metadata"]["name"],
        f"{tally.ready}/{total}",
        reason,
        restarts,
        age(pod, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


TABLES = {
    "pods": (
        define("Name", "Ready", "Status", "Restarts", "Age", "IP+", "Node+", "Nominated Node+", "Readiness Gates+"),
        row,
    )
}
