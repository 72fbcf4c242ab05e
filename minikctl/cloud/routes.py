"""Routes to the pods of every node (cloud-provider's `controllers/route`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import STRATEGIC_PATCH, Change

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env, Keys, Mapper
    from minikctl.cloud.provider import EmulatedCloud

_MADE = {
    "type": "NetworkUnavailable",
    "status": "False",
    "reason": "RouteCreated",
    "message": "RouteController created a route",
}


class RouteController:
    """The only key is "routes": all of them are compared with the nodes' ranges."""

    name = "route_controller"

    def __init__(self, env: Env, cloud: EmulatedCloud) -> None:
        self._env = env
        self._cloud = cloud

    @property
    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": _ranges_changed}

    def sync(self, key: str) -> float | None:
        known = set(self._cloud.routes())
        wanted = set()
        for node in self._env.client.items("nodes"):
            name = node["metadata"]["name"]
            cidrs = (node.get("spec") or {}).get("podCIDRs") or ()
            for cidr in cidrs:
                wanted.add((name, cidr))
                if (name, cidr) not in known:
                    self._cloud.create_route(name, cidr)
            if cidrs:
                self._tell(node)
        for name, cidr in known - wanted:
            self._cloud.delete_route(name, cidr)
        return None

    def _tell(self, node: Obj) -> None:
        """A patch of the one condition, which places it in front of what the kubelet has told."""
        conditions = (node.get("status") or {}).get("conditions") or ()
        if any(each["type"] == _MADE["type"] and each["status"] == _MADE["status"] for each in conditions):
            return
        now = rfc3339(self._env.clock.now())
        patch = {"status": {"conditions": [{**_MADE, "lastHeartbeatTime": now, "lastTransitionTime": now}]}}
        self._env.client.patch("nodes", node["metadata"]["name"], patch, STRATEGIC_PATCH, subresource="status")


def _ranges_changed(change: Change) -> Keys:
    old = change.old() if change.type == "MODIFIED" else None
    if old is not None and _ranges(old) == _ranges(change.object):
        return ()
    return ("routes",)


def _ranges(node: Obj) -> object:
    return (node.get("spec") or {}).get("podCIDRs")
