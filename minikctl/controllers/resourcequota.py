"""ResourceQuota status: what a namespace uses of what it may (upstream's `pkg/controller/resourcequota`).

Admission charges a quota when something is created; this recounts when something changes or goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import quotausage
from minikctl.apimachinery.quantity import canonical
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "resourcequotas"


class ResourceQuotaController(Controller):
    """Keys: "namespace/name", and "all:NAMESPACE" for every quota of one."""

    def sync(self, key: str) -> float | None:
        what, _, namespace = key.partition(":")
        if namespace:
            for quota in self.client.items(_RESOURCE, namespace):
                self._count(quota)
            return None
        namespace, name = split_key(what)
        quota_or_none = self.client.peek(_RESOURCE, name, namespace)
        if quota_or_none is not None:
            self._count(quota_or_none)
        return None

    def _count(self, quota: Obj) -> None:
        hard = quota["spec"].get("hard") or {}
        used: dict[str, str] = {}
        for resource in sorted({quotausage.resource_of(name) for name in hard}):
            names = quotausage.concerns(quota, resource)
            sums = quotausage.total(self._usages(quota, resource), names)
            used.update({name: str(amount) for name, amount in sums.items()})
        status = dict(quota.get("status") or {})
        if not hard:
            status.pop("hard", None)
            status.pop("used", None)
        else:
            status |= {"hard": {name: canonical(value) for name, value in hard.items()}, "used": used}
        self.put_status(_RESOURCE, quota, status)

    def _usages(self, quota: Obj, resource: str) -> list[quotausage.Usage]:
        if self.client.resource_set().lookup(resource) is None:
            return []
        objects = self.client.items(resource, quota["metadata"]["namespace"])
        now = self.clock.now()
        return [quotausage.usage(resource, o, now) for o in objects if quotausage.in_scope(quota, resource, o)]
