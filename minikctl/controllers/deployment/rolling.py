"""RollingUpdate: the new ReplicaSet grows and the old ones shrink within surge and unavailability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.controllers.deployment import replicasets as sets_

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.deployment.controller import DeploymentController


def step(controller: DeploymentController, deployment: Obj, new: Obj, old: list[Obj]) -> bool:
    """One step up, else one down; False where there is nothing to do now."""
    return _grow(controller, deployment, new, old) or _shrink(controller, deployment, new, old)


def _grow(controller: DeploymentController, deployment: Obj, new: Obj, old: list[Obj]) -> bool:
    wanted = sets_.replicas(deployment)
    if sets_.replicas(new) == wanted:
        return False
    if sets_.replicas(new) > wanted:
        return controller.scale(new, wanted, deployment)
    return controller.scale(new, sets_.new_size(deployment, [*old, new], new), deployment)


def _shrink(controller: DeploymentController, deployment: Obj, new: Obj, old: list[Obj]) -> bool:
    running = sets_.by_creation(sets_.active(old))
    if not running:
        return False
    least = sets_.replicas(deployment) - sets_.max_unavailable(deployment)
    not_ready_yet = sets_.replicas(new) - sets_.status_sum([new], "availableReplicas")
    room = sets_.total([*running, new]) - least - not_ready_yet
    if room <= 0:
        return False
    removed = _drop_unhealthy(controller, deployment, running, room)
    return _drop_available(controller, deployment, running, new, least) + removed > 0


def _drop_unhealthy(controller: DeploymentController, deployment: Obj, old: list[Obj], most: int) -> int:
    """First what does not work anyway."""
    removed = 0
    for rs in old:
        size, available = sets_.replicas(rs), sets_.status_sum([rs], "availableReplicas")
        if removed >= most:
            break
        count = min(most - removed, size - available)
        if size == 0 or count <= 0:
            continue
        controller.scale(rs, size - count, deployment)
        removed += count
    return removed


def _drop_available(controller: DeploymentController, deployment: Obj, old: list[Obj], new: Obj, least: int) -> int:
    spare = sets_.status_sum([*old, new], "availableReplicas") - least
    removed = 0
    for rs in old:
        size = sets_.replicas(rs)
        count = min(size, spare - removed)
        if count <= 0:
            continue
        controller.scale(rs, size - count, deployment)
        removed += count
    return removed
