"""The pods behind Services, as the two endpoint controllers keep them between two syncs.

A sync then reads the pods that changed, not all that the Service selects. What is written names all
of them all the same, so for a large Service it waits until enough has changed to be worth that, or
until nothing else is left to do at this instant: an ordered StatefulSet of a thousand pods does not
have its endpoints written a thousand times. It is a cache: whoever has none reads all pods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from minikctl.apimachinery.selectors import from_set

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

T = TypeVar("T")

TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"

_KEPT_SERVICES = 1000
# Up to so many pods every change is written at once; beyond, a change of this share of them.
_SMALL = 16
_WORTHWHILE = 1 / 5


class Backends(Generic[T]):
    """What is known of one Service's pods: of each, what `view(pod, service)` makes of it (None: no endpoint)."""

    def __init__(self, service: Obj, found: list[Obj], view: Callable[[Obj, Obj], T | None]) -> None:
        self._service = service
        self._view = view
        self._selector = from_set(service["spec"]["selector"])
        self._pods: dict[str, tuple[str, str, T | None]] = {}
        self._waiting: set[str] = set()
        for pod in found:
            self._put(pod)

    def change(self, name: str, pod: Obj | None) -> None:
        """A pod as it is now; None where it is gone."""
        if pod is not None and self._selector.matches(pod["metadata"].get("labels") or {}):
            self._put(pod)
        elif self._pods.pop(name, None) is None:
            return
        self._waiting.add(name)

    def _put(self, pod: Obj) -> None:
        meta = pod["metadata"]
        self._pods[meta["name"]] = (meta["uid"], _turned_ready(pod), self._view(pod, self._service))

    def is_worthwhile(self) -> bool:
        """Whether so much has changed since the last writing that all endpoints may be looked at."""
        return len(self._pods) <= _SMALL or len(self._waiting) >= len(self._pods) * _WORTHWHILE

    def written(self) -> None:
        self._waiting.clear()

    def views(self) -> list[T]:
        """What is known of the pods that are endpoints, by the pods' names."""
        return [view for _, (_, _, view) in sorted(self._pods.items()) if view is not None]

    def turned_ready(self) -> dict[str, str]:
        """When each pod last turned ready or unready, by uid; those that never did are left out."""
        return {uid: at for _, (uid, at, _) in sorted(self._pods.items()) if at}


class BackendsCache(Generic[T]):
    """The backends of the Services that one controller has synced."""

    def __init__(self, env: Env, view: Callable[[Obj, Obj], T | None]) -> None:
        self._env = env
        self._view = view
        self._known: dict[str, tuple[str, Backends[T]]] = {}

    def forget(self, key: str) -> None:
        self._known.pop(key, None)
        self._env.touched.pop(key, None)

    def changed(self, key: str, service: Obj) -> Backends[T] | None:
        """The Service's backends as of now; None where writing what has changed can wait for later at this instant."""
        meta = service["metadata"]
        touched = self._env.touched.pop(key, ())
        stamp = f"{meta['uid']} {meta['resourceVersion']}"
        known = self._known.get(key)
        if known is None or known[0] != stamp:
            if len(self._known) >= _KEPT_SERVICES:
                self._known.clear()
            selector = from_set(service["spec"]["selector"])
            found = self._env.client.items("pods", meta["namespace"], label_selector=selector, shared=True)
            backends = Backends(service, found, self._view)
            self._known[key] = (stamp, backends)
            return backends
        backends = known[1]
        for name in touched:
            backends.change(name, self._env.client.peek("pods", name, meta["namespace"], shared=True))
        return backends if not touched or backends.is_worthwhile() else None


def trigger_time(env: Env, key: str, service: Obj, backends: Backends[T]) -> str | None:
    """When what led to this change happened: the service's creation or a pod's readiness, the earliest that is new.

    What was seen before is in the controller's state (upstream keeps it in memory).
    """
    seen = env.state.get(key) or {"service": "", "pods": {}}
    created = service["metadata"].get("creationTimestamp") or ""
    turned = backends.turned_ready()
    fresh = [at for uid, at in turned.items() if at > seen["pods"].get(uid, "")]
    if created > seen["service"]:
        fresh.append(created)
    now_seen = {"service": created, "pods": turned}
    if now_seen != seen:
        env.state.put(key, now_seen)
    return min(fresh, default=None)


def _turned_ready(pod: Obj) -> str:
    """When a pod last turned ready or unready."""
    for entry in (pod.get("status") or {}).get("conditions") or ():
        if entry["type"] == "Ready":
            return str(entry.get("lastTransitionTime") or "")
    return ""
