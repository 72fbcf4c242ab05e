"""kube-controller-manager's start: every controller, its user and what wakes it, in a fixed order.

Called by the cluster when something is pending. A controller's module is imported when its first
key is synced; until then only the light mappers below are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from minikctl.client.component import Mapper, enqueue
from minikctl.controllers import mappers

if TYPE_CHECKING:
    from minikctl.client.component import Component, Env
    from minikctl.controllers.controller import Controller

EnvFor = Callable[[str, str], "Env"]


class Row(NamedTuple):
    """One controller: its name (also of its service account), where it is, what it watches, who speaks in events."""

    name: str
    target: str
    watches: Mapping[str, Mapper]
    source: str = ""


CONTROLLERS: tuple[Row, ...] = (
    Row(
        "deployment-controller",
        "deployment.controller:DeploymentController",
        {"deployments.apps": enqueue, "replicasets.apps": mappers.owned_or_orphan("Deployment")},
    ),
    Row(
        "replicaset-controller",
        "replicaset:ReplicaSetController",
        {"replicasets.apps": enqueue, "pods": mappers.owned_or_orphan("ReplicaSet")},
    ),
    Row(
        "replication-controller",
        "replicaset:ReplicationController",
        {"replicationcontrollers": enqueue, "pods": mappers.owned_or_orphan("ReplicationController")},
    ),
    Row(
        "statefulset-controller",
        "statefulset.controller:StatefulSetController",
        {"statefulsets.apps": enqueue, "pods": mappers.owned_or_orphan("StatefulSet")},
    ),
    Row(
        "daemon-set-controller",
        "daemonset.controller:DaemonSetController",
        {
            "daemonsets.apps": enqueue,
            "pods": mappers.owned_or_orphan("DaemonSet"),
            "nodes": mappers.node_placement,
        },
        "daemonset-controller",
    ),
)


class LazyController:
    """A Component whose controller is imported and made with its first key."""

    def __init__(self, row: Row, env_for: EnvFor) -> None:
        self.name = row.name
        self._row = row
        self._env_for = env_for
        self._controller: Controller | None = None

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return self._row.watches

    def sync(self, key: str) -> float | None:
        if self._controller is None:
            self._controller = self._load()
        return self._controller.sync(key)

    def _load(self) -> Controller:
        from importlib import import_module

        module, _, name = self._row.target.partition(":")
        kind = getattr(import_module(f"minikctl.controllers.{module}"), name)
        env = self._env_for(f"system:serviceaccount:kube-system:{self.name}", self._row.source or self.name)
        controller: Controller = kind(env)
        return controller


def components(env_for: EnvFor) -> list[Component]:
    """Every controller, in the order in which they are asked to sync. `env_for(user, event source)` makes an Env."""
    return [LazyController(row, env_for) for row in CONTROLLERS]
