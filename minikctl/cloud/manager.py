"""cloud-controller-manager's start: its controllers in a fixed order. Called by the cluster where it has a cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.cloud.nodes import CloudNodeController, CloudNodeLifecycleController
from minikctl.cloud.routes import RouteController
from minikctl.cloud.services import ServiceController

if TYPE_CHECKING:
    from minikctl.client.component import Component, Env
    from minikctl.cloud.provider import EmulatedCloud


def components(env_for: Callable[[str], Env], cloud: EmulatedCloud) -> list[Component]:
    """`env_for(event source)` makes an Env."""
    kinds = (CloudNodeController, CloudNodeLifecycleController, RouteController, ServiceController)
    return [kind(env_for(kind.name), cloud) for kind in kinds]
