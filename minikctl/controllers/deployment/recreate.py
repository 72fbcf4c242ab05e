"""Recreate: everything old goes before anything new comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.controllers import pods
from minikctl.controllers.deployment import replicasets as sets_

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.deployment.controller import DeploymentController


def scale_down(controller: DeploymentController, deployment: Obj, old: list[Obj]) -> bool:
    """Scale old ReplicaSets to nothing; True where one was not there yet."""
    scaled = [controller.scale(rs, 0, deployment) for rs in sets_.active(old)]
    return True in scaled


def old_pods_running(controller: DeploymentController, old: list[Obj]) -> bool:
    """Whether a pod of an old ReplicaSet is still about, be it only terminating."""
    if sets_.status_sum(old, "replicas"):
        return True
    return any(
        not pods.is_finished(pod)
        for rs in old
        for pod in controller.client.items("pods", rs["metadata"]["namespace"], owner=rs["metadata"]["uid"])
    )
