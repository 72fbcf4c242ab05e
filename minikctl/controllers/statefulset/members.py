"""The pods of one StatefulSet as its controller keeps them between two syncs: counts, and who needs attention.

A sync then costs what has changed since the last one, not the size of the set. It is a cache: whoever
has none reads all pods (see `StatefulSetController`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from minikctl.controllers import pods
from minikctl.controllers.statefulset import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minikctl.apimachinery.request import Obj


class Member(NamedTuple):
    """What matters of a pod. `available_at`: None where it is not running and ready."""

    ordinal: int
    name: str
    phase: str
    available_at: float | None
    terminating: bool
    revision: str
    fits: bool

    @property
    def finished(self) -> bool:
        return self.phase in ("Succeeded", "Failed")


def member_of(pod: Obj, set_: Obj) -> Member:
    ordinal, phase = identity.ordinal_of(pod, set_), pods.phase(pod)
    return Member(
        ordinal,
        pod["metadata"]["name"],
        phase,
        pods.available_at(pod, set_["spec"].get("minReadySeconds", 0)) if phase == "Running" else None,
        "deletionTimestamp" in pod["metadata"],
        identity.revision_of(pod),
        identity.has_identity(pod, set_) and identity.has_storage(pod, set_, ordinal),
    )


class Members:
    """All members at one generation of their set. `update`: the name of the newest revision."""

    def __init__(self, set_: Obj, update: str, found: Iterable[Obj], now: float) -> None:
        self._set = set_
        self._update = update
        self._claims = bool(set_["spec"].get("volumeClaimTemplates"))
        self.start = identity.start_of(set_)
        self.end = self.start + identity.replicas_of(set_)
        self._now = now
        self._by_ordinal: dict[int, Member] = {}
        self._ordinals: dict[str, int] = {}
        self.created = self.ready = self._healthy = 0
        self.revisions: Counter[str] = Counter()
        self._living: Counter[str] = Counter()
        self._available: set[int] = set()
        self._later: dict[int, float] = {}
        self._unchecked: set[int] = set()
        self._wanting = set(range(self.start, self.end))
        self._queue = list(self._wanting)
        heapify(self._queue)
        self.condemned: list[int] = []
        self.outdated: list[int] = []
        for pod in found:
            self.put(pod)

    # Changes

    def put(self, pod: Obj) -> None:
        """A pod as it is now."""
        self.drop(pod["metadata"]["name"])
        member = member_of(pod, self._set)
        ordinal = member.ordinal
        if ordinal < 0:
            return
        self._by_ordinal[ordinal], self._ordinals[member.name] = member, ordinal
        self.created += bool(member.phase)
        self.ready += member.available_at is not None
        self.revisions[member.revision] += 1
        self._living[member.revision] += bool(member.phase) and not member.terminating
        if member.available_at is not None:
            if member.available_at > self._now:
                self._later[ordinal] = member.available_at
            else:
                self._available.add(ordinal)
        if self._claims:
            self._unchecked.add(ordinal)
        if not self.in_range(ordinal):
            insort(self.condemned, ordinal)
        elif member.revision != self._update:
            insort(self.outdated, ordinal)
        self._review(ordinal)

    def drop(self, name: str) -> None:
        """Forget a pod, which is gone or not the set's any more."""
        ordinal = self._ordinals.pop(name, None)
        if ordinal is None:
            return
        member = self._by_ordinal.pop(ordinal)
        self._healthy -= self._is_healthy(member) and self.in_range(ordinal)
        self.created -= bool(member.phase)
        self.ready -= member.available_at is not None
        self.revisions[member.revision] -= 1
        self._living[member.revision] -= bool(member.phase) and not member.terminating
        self._available.discard(ordinal)
        self._later.pop(ordinal, None)
        self._unchecked.discard(ordinal)
        for ordered in (self.condemned, self.outdated):
            at = bisect_left(ordered, ordinal)
            if at < len(ordered) and ordered[at] == ordinal:
                del ordered[at]
        if self.in_range(ordinal):
            self._want(ordinal)

    def pass_time(self, now: float) -> None:
        """Pods that have been ready for long enough by now are available."""
        self._now = now
        for ordinal in [ordinal for ordinal, at in self._later.items() if at <= now]:
            del self._later[ordinal]
            self._available.add(ordinal)
            self._review(ordinal)

    def mark_checked(self, ordinal: int) -> None:
        """The pod's identity and claims are as they should be."""
        self._unchecked.discard(ordinal)
        if self._is_healthy(self._by_ordinal[ordinal]):
            self._wanting.discard(ordinal)

    def _review(self, ordinal: int) -> None:
        """Note whether a member in range is healthy, and whether something has to be done about it."""
        member = self._by_ordinal[ordinal]
        if not self.in_range(ordinal):
            return
        healthy = self._is_healthy(member)
        self._healthy += healthy
        if healthy and member.fits and ordinal not in self._unchecked:
            self._wanting.discard(ordinal)
        else:
            self._want(ordinal)

    def _want(self, ordinal: int) -> None:
        if ordinal not in self._wanting:
            self._wanting.add(ordinal)
            heappush(self._queue, ordinal)

    def _is_healthy(self, member: Member) -> bool:
        return member.ordinal in self._available and not member.terminating

    # Answers

    def in_range(self, ordinal: int) -> bool:
        return self.start <= ordinal < self.end

    def at(self, ordinal: int) -> Member | None:
        return self._by_ordinal.get(ordinal)

    def is_healthy(self, ordinal: int) -> bool:
        """Running, ready and that for long enough, and not on its way out."""
        member = self._by_ordinal.get(ordinal)
        return member is not None and self._is_healthy(member)

    def unhealthy_above(self, ordinal: int) -> bool:
        """Whether any ordinal in range above this one has no healthy pod."""
        return self.unavailable > 0 and any(
            other > ordinal and not self.is_healthy(other) for other in self._wanting if self.in_range(other)
        )

    def first_wanting(self) -> int | None:
        """The lowest ordinal in range that is missing, not healthy or not as it should be."""
        while self._queue and self._queue[0] not in self._wanting:
            heappop(self._queue)
        return self._queue[0] if self._queue else None

    def wanting(self) -> list[int]:
        """All of those, in order."""
        return sorted(self._wanting)

    def unchecked(self) -> list[int]:
        """Ordinals beyond the range whose claims have not been looked at since they changed."""
        return sorted((o for o in self._unchecked if not self.in_range(o)), reverse=True)

    @property
    def unavailable(self) -> int:
        """How many ordinals in range have no healthy pod."""
        return self.end - self.start - self._healthy

    @property
    def available(self) -> int:
        return len(self._available)

    def living(self, revision: str) -> int:
        """Pods of a revision that are not on their way out."""
        return self._living[revision]

    def next_available(self) -> float | None:
        return min(self._later.values(), default=None)
