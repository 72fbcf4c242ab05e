"""ResourceQuota status: what a namespace uses of what it may (upstream's `pkg/controller/resourcequota`).

Admission charges a quota when something is created; this recounts when something changes or goes. Where
there is room enough for whoever waits for it, that can wait until much has changed or nothing else is left to do
at this instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from minikctl.apimachinery import devicequota, quotausage
from minikctl.apimachinery.quantity import as_milli, canonical
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.selectedpods import is_worthwhile

if TYPE_CHECKING:
    from minikctl.apimachinery.quantity import Quantity
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_RESOURCE = "resourcequotas"
# A limit of which at most so much is used keeps nobody waiting.
_ROOMY = 0.8


class ResourceQuotaController(Controller):
    """Keys: "namespace/name", and "all:NAMESPACE" for every quota of one."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._touched: dict[str, set[str]] = {}  # by key, what has changed and was not counted anew

    def sync(self, key: str) -> float | None:
        what, _, namespace = key.partition(":")
        if namespace:
            quotas = self.client.items(_RESOURCE, namespace)
            touched = self._touched.setdefault(key, set())
            fresh = self.env.touched.pop(key, ())
            touched.update(fresh)
            if fresh and all(_is_roomy(quota, len(touched)) for quota in quotas):
                return self.clock.now()
            del self._touched[key]
            for quota in quotas:
                self._count(quota)
            return None
        namespace, name = split_key(what)
        quota_or_none = self.client.peek(_RESOURCE, name, namespace)
        if quota_or_none is not None:
            self._count(quota_or_none)
        return None

    def _count(self, quota: Obj) -> None:
        hard = quota["spec"].get("hard") or {}
        extended = self._extended(hard)
        counted: dict[str, list[str]] = {}
        for name in hard:
            for resource in quotausage.resources_of(name, extended):
                counted.setdefault(resource, []).append(name)
        sums: dict[str, Quantity] = {}
        for resource, names in sorted(counted.items()):
            for name, amount in quotausage.total(self._usages(quota, resource, extended), names).items():
                sums[name] = sums[name] + amount if name in sums else amount
        used = {name: str(amount) for name, amount in sums.items()}
        status = dict(quota.get("status") or {})
        if not hard:
            status.pop("hard", None)
            status.pop("used", None)
        else:
            status |= {"hard": {name: canonical(value) for name, value in hard.items()}, "used": used}
        self.put_status(_RESOURCE, quota, status)

    def _extended(self, hard: Iterable[str]) -> dict[str, str]:
        """The extended resources that device classes stand for, where a limit may be about one."""
        if not any(devicequota.may_be_extended(name) for name in hard):
            return {}
        return devicequota.extended_resources(self.client.items(devicequota.CLASSES))

    def _usages(self, quota: Obj, resource: str, extended: dict[str, str]) -> list[quotausage.Usage]:
        if self.client.resource_set().lookup(resource) is None:
            return []
        namespace, now = quota["metadata"]["namespace"], self.clock.now()
        if resource == devicequota.CLAIMS and not quotausage.scope_requirements(quota):
            return [self._claim_usage(claim, extended, now) for claim in self.client.items(resource, namespace)]
        if quotausage.scope_requirements(quota):
            objects = self.client.items(resource, namespace, shared=True)
            return [quotausage.usage(resource, o, now) for o in objects if quotausage.in_scope(quota, resource, o)]
        parts = self.client.items(resource, namespace, part=_part_of(resource))
        return [
            quotausage.usage(resource, part, now) if part["metadata"].get("deletionTimestamp") else part["usage"]
            for part in parts
        ]

    def _claim_usage(self, claim: Obj, extended: dict[str, str], now: float) -> quotausage.Usage:
        name = devicequota.pod_of(claim)
        pod = self.client.peek("pods", name, claim["metadata"]["namespace"]) if name else None
        return quotausage.claim_usage(claim, extended, pod, now)


def _is_roomy(quota: Obj, changed: int) -> bool:
    """Whether a count that is somewhat too high keeps nobody waiting, and few of what is counted have changed."""
    hard, used = ((quota.get("status") or {}).get(field) or {} for field in ("hard", "used"))
    if any(as_milli(used.get(name, "0")) > _ROOMY * as_milli(limit) for name, limit in hard.items()):
        return False
    counted = max((as_milli(used.get(name, "0")) // 1000 for name in hard if name in ("pods", "count/pods")), default=0)
    return not is_worthwhile(changed, counted)


@cache
def _part_of(resource: str) -> Callable[[Obj], Obj]:
    """What one object costs, and of one that is being deleted what that hangs on in time."""

    def part(obj: Obj) -> Obj:
        if obj["metadata"].get("deletionTimestamp"):
            return obj
        return {"metadata": {"name": obj["metadata"]["name"]}, "usage": quotausage.usage(resource, obj)}

    return part
