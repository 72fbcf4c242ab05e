"""Pods that a Service or a budget selects, as their controllers keep them between two syncs.

A sync then reads the pods that changed, not all that are selected. What is written concerns all of
them all the same, so for many pods it waits until enough has changed to be worth that, or until
nothing else is left to do at this instant: an ordered StatefulSet of a thousand pods does not have
its endpoints written a thousand times. It is a cache: whoever has none reads all pods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env

T = TypeVar("T")

_KEPT_OWNERS = 1000
# Up to so many pods every change is written at once; beyond, a change of this share of them.
_SMALL = 16
_WORTHWHILE = 1 / 5


def is_worthwhile(changed: int, among: int) -> bool:
    """Whether so many changes are enough to look at all pods again."""
    return among <= _SMALL or changed >= among * _WORTHWHILE


class SelectedPods(Generic[T]):
    """What is known of one owner's pods: of each, what `view(pod, owner)` makes of it (None: it does not count)."""

    def __init__(self, owner: Obj, selector: Selector, found: list[Obj], view: Callable[[Obj, Obj], T | None]) -> None:
        self._owner = owner
        self._view = view
        self._selector = selector
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
        self._pods[meta["name"]] = (meta["uid"], _turned_ready(pod), self._view(pod, self._owner))

    def is_worthwhile(self) -> bool:
        """Whether so much has changed since the last writing that all pods may be looked at."""
        return is_worthwhile(len(self._waiting), len(self._pods))

    def written(self) -> None:
        self._waiting.clear()

    def views(self) -> list[T]:
        """What is known of the pods that count, by the pods' names."""
        return [view for _, (_, _, view) in sorted(self._pods.items()) if view is not None]

    def turned_ready(self) -> dict[str, str]:
        """When each pod last turned ready or unready, by uid; those that never did are left out."""
        return {uid: at for _, (uid, at, _) in sorted(self._pods.items()) if at}


class SelectedPodsCache(Generic[T]):
    """The pods of the owners that one controller has synced."""

    def __init__(self, env: Env, view: Callable[[Obj, Obj], T | None], selector_of: Callable[[Obj], Selector]) -> None:
        self._env = env
        self._view = view
        self._selector_of = selector_of
        self._known: dict[str, tuple[object, SelectedPods[T]]] = {}

    def forget(self, key: str) -> None:
        self._known.pop(key, None)
        self._env.touched.pop(key, None)

    def changed(self, key: str, owner: Obj) -> SelectedPods[T] | None:
        """The owner's pods as of now; None where writing what has changed can wait for later at this instant."""
        meta = owner["metadata"]
        touched = self._env.touched.pop(key, ())
        stamp = (meta["uid"], owner["spec"], meta.get("labels"))
        known = self._known.get(key)
        if known is None or known[0] != stamp:
            if len(self._known) >= _KEPT_OWNERS:
                self._known.clear()
            selector = self._selector_of(owner)
            found = self._env.client.items("pods", meta["namespace"], label_selector=selector, shared=True)
            selected = SelectedPods(owner, selector, found, self._view)
            self._known[key] = (stamp, selected)
            return selected
        selected = known[1]
        for name in touched:
            selected.change(name, self._env.client.peek("pods", name, meta["namespace"], shared=True))
        return selected if not touched or selected.is_worthwhile() else None


def _turned_ready(pod: Obj) -> str:
    """When a pod last turned ready or unready."""
    for entry in (pod.get("status") or {}).get("conditions") or ():
        if entry["type"] == "Ready":
            return str(entry.get("lastTransitionTime") or "")
    return ""
