"""Pods that wait to be scheduled, in memory: who they are, in which order, and whether to try again.

A pod that could not be scheduled rests until something changes that may help it. Counterpart of
kube-scheduler's `backend/queue`, with the mappers of the scheduler in the informers' place.
"""

from __future__ import annotations

from typing import Any

from minikctl.scheduler.plugins.prioritysort import sort_key
from minikctl.scheduler.podinfo import PodInfo, Shape


class Queue:
    """The pending pods of one scheduler."""

    __slots__ = ("_arrivals", "_failed", "_untried", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, PodInfo] = {}
        self._arrivals: dict[str, int] = {}
        self._untried: set[str] = set()
        self._failed: dict[str, Any] = {}  # what a pod was tried against in vain

    def __contains__(self, key: object) -> bool:
        return key in self._waiting

    def get(self, key: str) -> PodInfo | None:
        return self._waiting.get(key)

    def put(self, pod: PodInfo) -> bool:
        """Add or update a pod; True where it is new or its spec or labels changed since it was tried."""
        known = self._waiting.get(pod.key)
        self._waiting[pod.key] = pod
        if known is not None and known.generation != pod.generation:
            self._failed.pop(pod.key, None)
        if known is None or known.uid != pod.uid:
            self._arrivals[pod.key] = len(self._arrivals)
            self._untried.add(pod.key)
            return True
        return known.shape is not pod.shape or known.generation != pod.generation

    @property
    def busy(self) -> bool:
        """Whether some pod was never tried."""
        return bool(self._untried)

    def tried(self, key: str) -> None:
        self._untried.discard(key)

    def failed(self, key: str, state: Any) -> None:
        """Note against which state of the cluster a pod could not be scheduled."""
        self._failed[key] = state

    def hopeless(self, key: str, state: Any) -> bool:
        """Whether a pod was tried in vain against the very same state."""
        return key in self._failed and bool(self._failed[key] == state)

    def remove(self, key: str) -> PodInfo | None:
        self._untried.discard(key)
        self._failed.pop(key, None)
        self._arrivals.pop(key, None)
        return self._waiting.pop(key, None)

    def keys(self) -> list[str]:
        return list(self._waiting)

    def shapes(self) -> set[Shape]:
        """What kinds of pods wait."""
        return {pod.shape for pod in self._waiting.values()}

    def with_claims(self) -> list[str]:
        """The pods whose volumes may be what they wait for."""
        return [key for key, pod in self._waiting.items() if pod.shape.claims]

    def with_devices(self) -> list[str]:
        """The pods that may wait for devices, through claims or extended resources."""
        return [key for key, pod in self._waiting.items() if pod.shape.resource_claims or pod.shape.requests.others]

    def order(self, keys: list[str]) -> list[str]:
        """By priority, then by arrival; keys that are not known come last."""
        last = (1 << 31, 0)

        def rank(key: str) -> tuple[int, int]:
            pod = self._waiting.get(key)
            return last if pod is None else sort_key(pod.shape.priority, self._arrivals.get(key, 0))

        return sorted(keys, key=rank)
