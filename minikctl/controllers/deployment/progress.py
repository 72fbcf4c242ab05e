"""A Deployment's status and conditions: what has been reached, and whether the deadline was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.controllers.controller import compact, seconds_of
from minikctl.controllers.deployment.replicasets import max_unavailable, replicas, status_sum, total

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

NEW_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"

_NO_DEADLINE = 2**31 - 1


def has_deadline(deployment: Obj) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, _NO_DEADLINE)


def new_condition(type_: str, status: str, reason: str, message: str, now: float) -> Obj:
    at = rfc3339(now)
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": at,
        "lastTransitionTime": at,
        "reason": reason,
        "message": message,
    }


def find(conditions: list[Obj], type_: str) -> Obj | None:
    return next((entry for entry in conditions if entry["type"] == type_), None)


def without(conditions: list[Obj], type_: str) -> list[Obj]:
    return [entry for entry in conditions if entry["type"] != type_]


def with_condition(conditions: list[Obj], entry: Obj) -> list[Obj]:
    """Replace the condition of that type, at the end; unchanged where status and reason are the same."""
    current = find(conditions, entry["type"])
    if current is not None and current["status"] == entry["status"]:
        if current.get("reason") == entry["reason"]:
            return conditions
        entry = {**entry, "lastTransitionTime": current["lastTransitionTime"]}
    return [*without(conditions, entry["type"]), entry]


def calculate(deployment: Obj, sets: list[Obj], new: Obj | None, now: float) -> Obj:
    """The status that the ReplicaSets' counts give (calculateStatus)."""
    old = deployment.get("status") or {}
    available = status_sum(sets, "availableReplicas")
    if available >= replicas(deployment) - max_unavailable(deployment):
        entry = new_condition(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now
        )
    else:
        entry = new_condition(
            "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now
        )
    status = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": status_sum(sets, "replicas"),
        "updatedReplicas": status_sum([new], "replicas") if new else 0,
        "readyReplicas": status_sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total(sets) - available),
        "conditions": with_condition(list(old.get("conditions") or ()), entry),
    }
    if all("terminatingReplicas" in (rs.get("status") or {}) for rs in sets):
        status["terminatingReplicas"] = status_sum(sets, "terminatingReplicas")
    if "collisionCount" in old:
        status["collisionCount"] = old["collisionCount"]
    return compact(status, ("terminatingReplicas", "collisionCount"))


def is_complete(deployment: Obj, status: Obj) -> bool:
    wanted = replicas(deployment)
    return (
        all(status.get(field, 0) == wanted for field in ("updatedReplicas", "replicas", "availableReplicas"))
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    )  # fmt: skip


def _progressed(old: Obj, new: Obj) -> bool:
    def superseded(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    return superseded(new) < superseded(old) or any(
        new.get(field, 0) > old.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def _deadline(deployment: Obj, entry: Obj) -> float:
    return seconds_of(entry["lastUpdateTime"]) + float(deployment["spec"]["progressDeadlineSeconds"])


def _timed_out(deployment: Obj, conditions: list[Obj], now: float) -> bool:
    entry = find(conditions, "Progressing")
    if entry is None or entry.get("reason") == NEW_AVAILABLE:
        return False
    return entry.get("reason") == TIMED_OUT or _deadline(deployment, entry) < now


def rollout_status(deployment: Obj, sets: list[Obj], new: Obj | None, now: float) -> Obj:
    """The status with its Progressing and ReplicaFailure conditions (syncRolloutStatus)."""
    status = calculate(deployment, sets, new, now)
    old = deployment.get("status") or {}
    conditions: list[Obj] = status["conditions"]
    current = find(list(old.get("conditions") or ()), "Progressing")
    if not has_deadline(deployment):
        conditions = without(conditions, "Progressing")
    else:
        at_rest = status.get("replicas") == status.get("updatedReplicas") and (current or {}).get("reason")
        if at_rest != NEW_AVAILABLE:
            conditions = _judge(deployment, old, status, new, now)
    failure = _replica_failure(sets, new)
    conditions = with_condition(conditions, failure) if failure else without(conditions, "ReplicaFailure")
    status["conditions"] = conditions
    return status


def _judge(deployment: Obj, old: Obj, status: Obj, new: Obj | None, now: float) -> list[Obj]:
    conditions: list[Obj] = status["conditions"]
    what = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    if is_complete(deployment, status):
        entry = new_condition("Progressing", "True", NEW_AVAILABLE, f"{what} has successfully progressed.", now)
        return with_condition(conditions, entry)
    if _progressed(old, status):
        entry = new_condition("Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing.", now)
        current = find(list(old.get("conditions") or ()), "Progressing")
        if current is not None and current["status"] == "True":
            entry["lastTransitionTime"] = current["lastTransitionTime"]
        return [*without(conditions, "Progressing"), entry]
    if _timed_out(deployment, conditions, now):
        entry = new_condition("Progressing", "False", TIMED_OUT, f"{what} has timed out progressing.", now)
        return with_condition(conditions, entry)
    return conditions


def _replica_failure(sets: list[Obj], new: Obj | None) -> Obj | None:
    """The ReplicaFailure of the new ReplicaSet, else of any."""
    for rs in [new, *sets] if new else sets:
        for entry in ((rs or {}).get("status") or {}).get("conditions") or ():
            if entry["type"] == "ReplicaFailure":
                at = entry["lastTransitionTime"]
                fields = {key: entry.get(key, "") for key in ("type", "status", "reason", "message")}
                return {**fields, "lastUpdateTime": at, "lastTransitionTime": at}
    return None


def deadline_check(deployment: Obj) -> float | None:
    """When to look whether the deadline was missed (requeueStuckDeployment)."""
    status = deployment.get("status") or {}
    entry = find(list(status.get("conditions") or ()), "Progressing")
    if not has_deadline(deployment) or entry is None or is_complete(deployment, status):
        return None
    if entry.get("reason") in (TIMED_OUT, NEW_AVAILABLE):
        return None
    return _deadline(deployment, entry) + 1
