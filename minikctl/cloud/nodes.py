"""Nodes in a cloud: what it knows of a new one, and that those without a machine go.

Counterparts: cloud-provider's `controllers/node` and `controllers/nodelifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minikctl.apimachinery.meta import condition_status
from minikctl.apimachinery.request import Change
from minikctl.client.component import enqueue

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env, Keys, Mapper
    from minikctl.cloud.provider import EmulatedCloud, Instance

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"


class CloudNodeController:
    """Keys are names of nodes that kubelets have registered and whose machines the cloud has not told of."""

    name = "cloud-node-controller"

    def __init__(self, env: Env, cloud: EmulatedCloud) -> None:
        self._env = env
        self._cloud = cloud

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": _uninitialized}

    def sync(self, key: str) -> float | None:
        node = self._env.client.peek("nodes", key)
        instance = self._cloud.instance(key)
        if node is None or instance is None or not _has_taint(node, UNINITIALIZED):
            return None
        spec = node["spec"]
        spec.setdefault("providerID", instance.provider_id)
        spec["taints"] = [taint for taint in spec["taints"] if taint["key"] != UNINITIALIZED]
        node["metadata"]["labels"] = {**(node["metadata"].get("labels") or {}), **_labels(instance)}
        node = self._env.client.update("nodes", node)
        self._env.recorder.event(node, "Normal", "Synced", "Node synced successfully")
        return None


def _labels(instance: Instance) -> dict[str, str]:
    from minikctl.cloud.provider import INSTANCE_TYPE, REGION

    return {
        "beta.kubernetes.io/instance-type": INSTANCE_TYPE,
        "node.kubernetes.io/instance-type": INSTANCE_TYPE,
        "failure-domain.beta.kubernetes.io/zone": instance.zone,
        "topology.kubernetes.io/zone": instance.zone,
        "failure-domain.beta.kubernetes.io/region": REGION,
        "topology.kubernetes.io/region": REGION,
    }


class CloudNodeLifecycleController:
    """Keys are names of nodes: those that are not ready go with their machines, or are marked where these are off."""

    name = "cloud-node-lifecycle-controller"

    def __init__(self, env: Env, cloud: EmulatedCloud) -> None:
        self._env = env
        self._cloud = cloud

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": enqueue}

    def sync(self, key: str) -> float | None:
        node = self._env.client.peek("nodes", key)
        if node is None:
            return None
        if condition_status(node, "Ready") == "True":
            self._mark(node, False)
            return None
        instance = self._cloud.instance(key)
        if instance is None:
            message = f"Deleting node {key} because it does not exist in the cloud provider"
            self._env.recorder.event(node, "Normal", "DeletingNode", message)
            self._env.client.delete("nodes", key)
        else:
            self._mark(node, not instance.running)
        return None

    def _mark(self, node: Obj, off: bool) -> None:
        """Have the taint of machines that are off, or not."""
        if _has_taint(node, SHUTDOWN) == off:
            return
        others = [taint for taint in node["spec"].get("taints") or () if taint["key"] != SHUTDOWN]
        node["spec"]["taints"] = [{"key": SHUTDOWN, "effect": "NoSchedule"}, *others] if off else others
        self._env.client.update("nodes", node)


def _uninitialized(change: Change) -> Keys:
    return (change.name,) if change.type != "DELETED" and _has_taint(change.object, UNINITIALIZED) else ()


def _has_taint(node: Obj, key: str) -> bool:
    return any(taint["key"] == key for taint in (node.get("spec") or {}).get("taints") or ())
