"""Changing a Deployment's size outside of a rollout step: saturated, single or proportional."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.controllers.deployment import replicasets as sets_

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.deployment.controller import DeploymentController


def is_scaling(deployment: Obj, sets: list[Obj]) -> bool:
    """Whether the size asked for is another than the one noted on an active ReplicaSet."""
    wanted = str(sets_.replicas(deployment))
    return any(sets_.annotations_of(rs).get(sets_.DESIRED, wanted) != wanted for rs in sets_.active(sets))


def scale(controller: DeploymentController, deployment: Obj, new: Obj | None, old: list[Obj]) -> None:
    wanted = sets_.replicas(deployment)
    sets = [*old, new] if new is not None else old
    only = _active_or_latest(new, old)
    if only is not None:
        controller.scale(only, wanted, deployment)
        return
    if sets_.is_saturated(deployment, new):
        for rs in sets_.active(old):
            controller.scale(rs, 0, deployment)
        return
    if sets_.is_rolling(deployment):
        _scale_proportionally(controller, deployment, sets_.active(sets))


def _active_or_latest(new: Obj | None, old: list[Obj]) -> Obj | None:
    running = sets_.active([*old, new] if new is not None else old)
    if len(running) == 1:
        return running[0]
    if running:
        return None
    if new is not None:
        return new
    return sets_.by_creation(old)[-1] if old else None


def _scale_proportionally(controller: DeploymentController, deployment: Obj, sets: list[Obj]) -> None:
    wanted = sets_.replicas(deployment)
    allowed = wanted + sets_.max_surge(deployment) if wanted > 0 else 0
    missing = allowed - sets_.total(sets)
    sets = sets_.by_size(sets, newer_first=missing > 0)
    sizes, added = [], 0
    for rs in sets:
        share = _proportion(rs, deployment, missing, added)
        sizes.append(sets_.replicas(rs) + share)
        added += share
    if sizes and missing:
        sizes[0] = max(0, sizes[0] + missing - added)
    for rs, size in zip(sets, sizes, strict=True):
        controller.scale(rs, size, deployment, annotate=True)


def _proportion(rs: Obj, deployment: Obj, missing: int, added: int) -> int:
    if missing in (0, added) or sets_.replicas(rs) == 0:
        return 0
    share = _fraction(rs, deployment)
    return min(share, missing - added) if missing > 0 else max(share, missing - added)


def _fraction(rs: Obj, deployment: Obj) -> int:
    """By how much this ReplicaSet should change, from the sizes noted when it was last scaled."""
    wanted, has = sets_.replicas(deployment), sets_.replicas(rs)
    if wanted == 0:
        return -has
    before = parse_int(sets_.annotations_of(rs).get(sets_.MAXIMUM, "")) or 0
    if not before:
        before = (deployment.get("status") or {}).get("replicas", 0)
        if not before:
            return 0
    size = has * (wanted + sets_.max_surge(deployment)) / before
    return int(size + 0.5) - has
