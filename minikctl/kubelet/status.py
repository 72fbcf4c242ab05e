"""The API status of a pod, made from the spec and what the node remembers.

Counterpart of kubelet's `kubelet_pods.go` (generateAPIPodStatus, convertToAPIContainerStatuses) and
`status/generate.go`: field order, reasons and messages are theirs.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.podresources import effective_quantities
from minikctl.apimachinery.qos import compute_qos
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import restarts
from minikctl.kubelet.images import image_ref
from minikctl.kubelet.record import EXITED, RUNNING, WAITING, Container, PodRecord

OWN_CONDITIONS = frozenset(
    (
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
        "PodResizePending",
        "PodResizeInProgress",
        "AllContainersRestarting",
    )
)
RUNTIME = "emulated"
_LOST = "The container could not be located when the pod was terminated"


def rejected(pod: Obj, reason: str, message: str, now: float) -> Obj:
    """The status of a pod that the node did not admit."""
    return {
        "observedGeneration": pod["metadata"].get("generation", 0),
        "phase": "Failed",
        "message": f"Pod was rejected: {message}",
        "reason": reason,
        "startTime": rfc3339(now),
        "qosClass": pod.get("status", {}).get("qosClass") or compute_qos(pod),
    }


def generate(pod: Obj, record: PodRecord, host_ip: str, now: float) -> Obj:
    """The status a kubelet would report now."""
    spec, old = pod["spec"], pod.get("status") or {}
    waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    containers = _statuses(spec["containers"], record, waiting)
    if record.ended and (not spec.get("initContainers") or _any_ran(spec, record)):
        _account_for(containers)
    containers.sort(key=_name)
    inits = _statuses(spec.get("initContainers") or (), record, waiting, init=True)
    phase = record.ended or _phase(spec, record)
    generation = pod["metadata"].get("generation", 0)
    status: Obj = {"observedGeneration": generation, "phase": phase}
    status["conditions"] = _conditions(pod, record, phase, generation, containers, inits, now)
    for field in ("message", "reason"):
        if record.ended and (text := getattr(record, field)):
            status[field] = text
    _addresses(status, spec, record, host_ip)
    status["startTime"] = rfc3339(record.start)
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = containers
    status["qosClass"] = old.get("qosClass") or compute_qos(pod)
    if ephemeral := spec.get("ephemeralContainers"):
        status["ephemeralContainerStatuses"] = sorted(_statuses(ephemeral, record, "ContainerCreating"), key=_name)
    granted = _granted(spec, record)
    effective = {kind: effective_quantities(granted, kind) for kind in ("limits", "requests")}
    if effective["requests"]:
        status["allocatedResources"] = effective["requests"]
    status["resources"] = _pod_resources(effective, granted, phase)
    for kept in ("resourceClaimStatuses", "extendedResourceClaimStatus"):
        if kept in old:
            status[kept] = old[kept]
    return status


def _name(status: Obj) -> str:
    name: str = status["name"]
    return name


def _addresses(status: Obj, spec: Obj, record: PodRecord, host_ip: str) -> None:
    if host_ip:
        status["hostIP"] = host_ip
        status["hostIPs"] = [{"ip": host_ip}]
    ip = host_ip if spec.get("hostNetwork") and record.sandbox else record.ip
    if ip:
        status["podIP"] = ip
        status["podIPs"] = [{"ip": ip}]


def _granted(spec: Obj, record: PodRecord) -> Obj:
    """The spec with the resources that the node has granted, while a resize may still wait."""
    granted = {**spec, "resources": record.level}
    for key in ("containers", "initContainers"):
        if key in spec:
            granted[key] = [_with_grant(container, record.containers.get(container["name"])) for container in spec[key]]
    return granted


def _with_grant(container: Obj, state: Container | None) -> Obj:
    if state is None or state.allocated is None:
        return container
    return {**container, "resources": state.allocated}


def _pod_resources(effective: dict[str, dict[str, str]], granted: Obj, phase: str) -> Obj:
    """The pod's effective resources; once it runs only those that its cgroup tells of, and its own."""
    level, found = granted.get("resources") or {}, {}
    for kind, amounts in effective.items():
        if phase != "Pending":
            own = level.get(kind) or {}
            amounts = {name: text for name, text in amounts.items() if name in ("cpu", "memory") or name in own}
        if amounts:
            found[kind] = amounts
    return found


# Containers


def _statuses(containers: Any, record: PodRecord, waiting: str, init: bool = False) -> list[Obj]:
    return [_container(container, record, waiting, init) for container in containers]


def _account_for(statuses: list[Obj]) -> None:
    """Containers that never came to run in a pod that is over: nobody knows of them, so they count as failed."""
    for status in statuses:
        if "terminated" not in status["state"]:
            lost = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": _LOST}
            status["state"] = {"terminated": {**lost, "startedAt": None, "finishedAt": None}}


def _container(container: Obj, record: PodRecord, waiting: str, init: bool) -> Obj:
    state = record.containers.get(container["name"])
    status: Obj = {"name": container["name"]}
    last: Obj = {}
    if state is None or not state.runs:
        wait = _waiting(state, waiting)
        status["state"], status["lastState"] = {"waiting": wait}, {}
        status.update(ready=False, restartCount=0, image=container["image"], imageID="", started=False)
    else:
        if state.last is not None:
            last = {"terminated": _terminated(state.last)}
        if state.state == RUNNING and state.busy:
            status["state"] = {"waiting": {"reason": waiting}}  # not said to run before its postStart hook is through
        elif state.state == RUNNING:
            status["state"] = {"running": {"startedAt": rfc3339(state.started)}}
        elif (state.wait and not record.ended) or state.state == WAITING:
            status["state"] = {"waiting": _waiting(state, waiting)}
            if state.state == EXITED:
                last = {"terminated": _terminated(_current(state))}
        else:
            status["state"] = {"terminated": _terminated(_current(state))}
        status["lastState"] = last
        status.update(
            ready=state.ready or (init and _completed(container, state)),
            restartCount=state.restarts,
            image=image_ref(state.image),
            imageID=state.image_id,
            containerID=f"{RUNTIME}://{state.id}",
            started=state.state == RUNNING and state.started_up,
        )
    _resources(status, container, state)
    if mounts := container.get("volumeMounts"):
        status["volumeMounts"] = [_mount(mount) for mount in mounts]
    return status


def _completed(container: Obj, state: Container) -> bool:
    """Whether an init container is through; sidecars never are."""
    if container.get("restartPolicy") == "Always":
        return False
    return state.state == EXITED and state.code == 0 and not state.wait


def _waiting(state: Container | None, default: str) -> Obj:
    if state is None or not state.wait:
        return {"reason": default}
    return {"message": state.wait_message, "reason": state.wait} if state.wait_message else {"reason": state.wait}


def _current(state: Container) -> Obj:
    return {field: getattr(state, field) for field in ("id", "started", "finished", "code", "reason", "message")}


def _terminated(run: Obj) -> Obj:
    terminated = {
        "exitCode": run["code"],
        "reason": run["reason"],
        "startedAt": rfc3339(run["started"]),
        "finishedAt": rfc3339(run["finished"]),
        "containerID": f"{RUNTIME}://{run['id']}",
    }
    if run["message"]:
        terminated["message"] = run["message"]
    return terminated


def _resources(status: Obj, container: Obj, state: Container | None) -> None:
    resources = container.get("resources") or {}
    if state is not None and state.allocated is not None:
        resources = {field: value for field, value in state.allocated.items() if value}
    if requests := resources.get("requests"):
        status["allocatedResources"] = requests
    status["resources"] = {field: resources[field] for field in ("limits", "requests") if resources.get(field)}


def _mount(mount: Obj) -> Obj:
    found = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        found["readOnly"] = True
        found["recursiveReadOnly"] = "Disabled"
    return found


# Phase


def _any_ran(spec: Obj, record: PodRecord) -> bool:
    states = (record.containers.get(container["name"]) for container in spec["containers"])
    return any(state is not None and state.runs for state in states)


def _phase(spec: Obj, record: PodRecord) -> str:
    """Upstream's getPhase for a pod that is not over."""
    containers = record.containers
    if spec.get("initContainers") and not _any_ran(spec, record):
        return "Pending"
    waiting = running = stopped = 0
    for container in spec["containers"]:
        state = containers.get(container["name"])
        if state is None or not state.runs:
            waiting += 1
        elif state.state == RUNNING:
            running += 1
        else:
            stopped += 1
    if waiting:
        return "Pending"
    return "Running" if running or stopped else "Pending"


# Conditions

_Reason = tuple[str, str, str]  # status, reason, message


def _conditions(
    pod: Obj, record: PodRecord, phase: str, generation: int, containers: list[Obj], inits: list[Obj], now: float
) -> list[Obj]:
    before = {condition["type"]: condition for condition in pod.get("status", {}).get("conditions") or ()}
    kept = [condition for type_, condition in before.items() if type_ not in OWN_CONDITIONS]
    ready = _containers_ready(pod["spec"], phase, containers, inits)
    values: list[tuple[str, _Reason]] = [
        ("PodReadyToStartContainers", ("True" if record.sandbox and not record.ended else "False", "", "")),
        ("Initialized", _initialized(pod["spec"], phase, containers, inits)),
        ("Ready", _ready(pod, ready, before)),
        ("ContainersReady", ready),
        ("PodScheduled", ("True", "", "")),
    ]
    if record.resize is not None:
        values.insert(0, ("PodResizePending", ("True", record.resize["reason"], record.resize["message"])))
    if record.resizing:
        values.insert(0, ("PodResizeInProgress", ("True", "", "")))
    if record.disrupted:
        kept = [entry for entry in kept if entry["type"] != "DisruptionTarget"]
        values.insert(0, ("DisruptionTarget", ("True", "TerminationByKubelet", record.disrupted)))
    if any(restarts.may_restart_all(container) for container in pod["spec"]["containers"]):
        values.append(("AllContainersRestarting", ("False", "", "")))
    return kept + [_condition(type_, value, before.get(type_), generation, now) for type_, value in values]


def _condition(type_: str, value: _Reason, before: Obj | None, generation: int, now: float) -> Obj:
    status, reason, message = value
    same = before is not None and before.get("status") == status
    condition = {
        "type": type_,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": before["lastTransitionTime"] if same and before is not None else rfc3339(now),
    }
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _initialized(spec: Obj, phase: str, containers: list[Obj], inits: list[Obj]) -> _Reason:
    if not inits:
        return ("True", "PodCompleted", "") if phase == "Succeeded" else ("True", "", "")
    if phase == "Succeeded":
        return "True", "PodCompleted", ""
    if any("waiting" not in status["state"] or status["lastState"] for status in containers):
        return "True", "", ""
    incomplete = []
    for container, status in zip(spec["initContainers"], inits, strict=False):
        done = status["started"] if container.get("restartPolicy") == "Always" else status["ready"]
        if not done:
            incomplete.append(container["name"])
    if incomplete:
        return "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(incomplete)}]"
    return "True", "", ""


def _containers_ready(spec: Obj, phase: str, containers: list[Obj], inits: list[Obj]) -> _Reason:
    if phase == "Succeeded":
        return "False", "PodCompleted", ""
    if phase == "Failed":
        return "False", "PodFailed", ""
    by_name = {status["name"]: status for status in containers}
    unready = [
        container["name"]
        for container, status in zip(spec.get("initContainers") or (), inits, strict=False)
        if container.get("restartPolicy") == "Always" and not status["ready"]
    ]
    unready += [container["name"] for container in spec["containers"] if not by_name[container["name"]]["ready"]]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return "True", "", ""


def _ready(pod: Obj, containers_ready: _Reason, conditions: dict[str, Obj]) -> _Reason:
    if containers_ready[0] != "True":
        return containers_ready
    problems = []
    for gate in pod["spec"].get("readinessGates") or ():
        name = gate["conditionType"]
        condition = conditions.get(name)
        if condition is None:
            problems.append(f'corresponding condition of pod readiness gate "{name}" does not exist.')
        elif condition.get("status") != "True":
            problems.append(f'the status of pod readiness gate "{name}" is not "True", but {condition.get("status")}')
    return ("False", "ReadinessGatesNotReady", ", ".join(problems)) if problems else ("True", "", "")
