"""From metrics to a number of replicas (upstream's `replica_calculator.go`)."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import quantity
from minikctl.apimachinery.meta import condition
from minikctl.apimachinery.podresources import is_pod_level_resource, pod_requests
from minikctl.controllers.controller import seconds_of
from minikctl.controllers.hpa.metrics import MetricsError, PodMetrics
from minikctl.controllers.pods import phase

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_INITIALIZATION = 300.0
_READINESS_DELAY = 30.0
_WINDOW = 30.0
_NO_PODS = "no pods returned by selector while calculating replica count"


class Tolerance(NamedTuple):
    """How far usage may be off the target without any scaling."""

    down: float = 0.1
    up: float = 0.1

    def covers(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Proposal(NamedTuple):
    """Replicas wanted for a metric, and what was measured (utilization in percent, raw value in thousandths)."""

    replicas: int
    utilization: int
    raw: int


class _Groups(NamedTuple):
    ready: int
    unready: list[str]
    missing: list[str]


def _group(pods: list[Obj], metrics: PodMetrics, resource: str, now: float) -> _Groups:
    """Sort pods by what their metric is worth; those that do not count are dropped from `metrics`."""
    ready, unready, missing = 0, [], []
    for pod in pods:
        name = pod["metadata"]["name"]
        if "deletionTimestamp" in pod["metadata"] or phase(pod) == "Failed":
            metrics.pop(name, None)
        elif phase(pod) == "Pending" or (name in metrics and resource == "cpu" and _is_unready(pod, now)):
            metrics.pop(name, None)
            unready.append(name)
        elif name not in metrics:
            missing.append(name)
        else:
            ready += 1
    return _Groups(ready, unready, missing)


def _is_unready(pod: Obj, now: float) -> bool:
    entry = condition(pod, "Ready")
    start = (pod.get("status") or {}).get("startTime")
    if entry is None or not start:
        return True
    since, started = seconds_of(entry.get("lastTransitionTime")), seconds_of(start)
    if started + _INITIALIZATION > now:
        return bool(entry["status"] == "False" or now < since + _WINDOW)
    return bool(entry["status"] == "False" and started + _READINESS_DELAY > since)


def by_utilization(
    current: int, target: int, pods: list[Obj], metrics: PodMetrics, resource: str, container: str,
    tolerance: Tolerance, now: float,
) -> Proposal:  # fmt: skip
    """Replicas that bring usage to `target` percent of the requests."""
    groups = _prepared(pods, metrics, resource, now)
    requests = _requests(pods, resource, container)
    utilization, ratio = _utilization(metrics, requests, target)
    raw = sum(metrics.values()) // len(metrics)
    scale_up_unready = bool(groups.unready) and ratio > 1.0
    if not scale_up_unready and not groups.missing:
        wanted = current if tolerance.covers(ratio) else ceil(ratio * groups.ready)
        return Proposal(wanted, utilization, raw)
    if groups.missing and ratio != 1.0:
        fallback = max(100, target) if ratio < 1.0 else 0
        metrics.update({name: requests[name] * fallback // 100 for name in groups.missing})
    if scale_up_unready:
        metrics.update(dict.fromkeys(groups.unready, 0))
    _, again = _utilization(metrics, requests, target)
    return Proposal(_careful(current, ratio, again, len(metrics), tolerance), utilization, raw)


def by_average(
    current: int, target: int, pods: list[Obj], metrics: PodMetrics, resource: str, tolerance: Tolerance, now: float
) -> Proposal:
    """Replicas that bring the average of a plain value to `target` (thousandths)."""
    groups = _prepared(pods, metrics, resource, now)
    raw = sum(metrics.values()) // len(metrics)
    ratio = raw / target
    scale_up_unready = bool(groups.unready) and ratio > 1.0
    if not scale_up_unready and not groups.missing:
        wanted = current if tolerance.covers(ratio) else ceil(ratio * groups.ready)
        return Proposal(wanted, raw, raw)
    if groups.missing and ratio != 1.0:
        metrics.update(dict.fromkeys(groups.missing, target if ratio < 1.0 else 0))
    if scale_up_unready:
        metrics.update(dict.fromkeys(groups.unready, 0))
    again = sum(metrics.values()) // len(metrics) / target
    return Proposal(_careful(current, ratio, again, len(metrics), tolerance), raw, raw)


def by_total(current: int, usage: int, target: int, pods: list[Obj], tolerance: Tolerance) -> Proposal:
    """Replicas in proportion to one value for all (object and external metrics with a plain target)."""
    ratio = usage / target
    if not current:
        return Proposal(ceil(ratio), usage, usage)
    if tolerance.covers(ratio):
        return Proposal(current, usage, usage)
    if not pods:
        raise MetricsError(f"unable to calculate ready pods: {_NO_PODS}")
    return Proposal(ceil(ratio * ready_pods(pods)), usage, usage)


def by_share(current: int, usage: int, target: int, tolerance: Tolerance) -> Proposal:
    """Replicas such that each has `target` of one value for all."""
    ratio = usage / (target * current) if current else 2.0
    wanted = current if tolerance.covers(ratio) else ceil(usage / target)
    return Proposal(wanted, usage, ceil(usage / current) if current else usage)


def ready_pods(pods: list[Obj]) -> int:
    """Running pods that are ready."""
    return sum(
        1 for p in pods if phase(p) == "Running" and (condition(p, "Ready") or {"status": ""})["status"] == "True"
    )


def _prepared(pods: list[Obj], metrics: PodMetrics, resource: str, now: float) -> _Groups:
    if not pods:
        raise MetricsError(_NO_PODS)
    groups = _group(pods, metrics, resource, now)
    if not metrics:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    return groups


def _careful(current: int, ratio: float, again: float, count: int, tolerance: Tolerance) -> int:
    """What remains after missing and unready pods were guessed: no change of direction."""
    if tolerance.covers(again) or (ratio < 1.0 < again) or (ratio > 1.0 > again):
        return current
    wanted = ceil(again * count)
    if (again < 1.0 and wanted > current) or (again > 1.0 and wanted < current):
        return current
    return wanted


def _utilization(metrics: PodMetrics, requests: PodMetrics, target: int) -> tuple[int, float]:
    known = [name for name in metrics if name in requests]
    total = sum(requests[name] for name in known)
    if not total:
        raise MetricsError("no metrics returned matched known pods")
    used = sum(metrics[name] for name in known) * 100 // total
    return used, used / target


def _requests(pods: list[Obj], resource: str, container: str) -> PodMetrics:
    """What the pods request (thousandths): of one container, as a whole where they say so, else of all containers."""
    found: PodMetrics = {}
    for pod in pods:
        if not container and any(
            map(is_pod_level_resource, (pod["spec"].get("resources") or {}).get("requests") or ())
        ):
            found[pod["metadata"]["name"]] = _pod_level_request(pod, resource)
            continue
        total = 0
        sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
        for entry in [*pod["spec"]["containers"], *sidecars]:
            if container not in ("", entry["name"]):
                continue
            request = ((entry.get("resources") or {}).get("requests") or {}).get(resource)
            if request is None:
                name = pod["metadata"]["name"]
                raise MetricsError(f"missing request for {resource} in container {entry['name']} of Pod {name}")
            total += quantity.as_milli(request)
        found[pod["metadata"]["name"]] = total
    return found


def _pod_level_request(pod: Obj, resource: str) -> int:
    request = pod_requests(pod).get(resource)
    if request is None:
        raise MetricsError(f"missing pod-level request for {resource} in Pod {pod['metadata']['name']}")
    return request if resource == "cpu" else request * 1000
