"""Cluster time: what every component asks for the hour, and the forms it is written in.

Times are seconds since the epoch (UTC) as floats. Cluster time is wall time plus a skew that
jumping and advancing add to; a frozen clock moves only by those two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

_LAST = 253402300799.0


class Clock:
    """The cluster's clock. `skew` and `frozen_at` are kept in the store by the cluster."""

    def __init__(
        self, skew: float = 0.0, frozen_at: float | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self.skew = skew
        self.frozen_at = frozen_at
        self.wall = wall
        self._travelling: float | None = None

    def now(self) -> float:
        """Cluster time in seconds since the epoch; while due work is replayed, the time it was due."""
        if self._travelling is not None:
            return self._travelling
        return self.present()

    def present(self) -> float:
        """Cluster time, replay or not."""
        return self.frozen_at if self.frozen_at is not None else self.wall() + self.skew

    @property
    def travelling(self) -> bool:
        """Whether `now()` is not the present."""
        return self._travelling is not None

    def travel(self, at: float | None) -> None:
        """Let `now()` answer `at` (None: the present again)."""
        self._travelling = at

    def jump(self, to: float) -> None:
        """Move the cluster's present forward to `to`; never backward."""
        ahead = to - self.present()
        if ahead <= 0:
            return
        if self.frozen_at is not None:
            self.frozen_at = to
        else:
            self.skew += ahead


def rfc3339(at: float) -> str:
    """metav1.Time: whole seconds, "2026-01-02T15:04:05Z"; the year 9999 is the last there is."""
    return _second(int(min(at, _LAST) // 1))


@lru_cache(maxsize=64)
def _second(at: int) -> str:
    # One sync writes the same second many times.
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def rfc3339_micro(at: float) -> str:
    """metav1.MicroTime: "2026-01-02T15:04:05.000000Z"."""
    whole = int(at // 1)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((at - whole) * 1_000_000):06d}Z"


def parse_time(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time; ValueError where it is none."""
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
