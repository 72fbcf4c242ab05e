"""When the probes of a running container run, and what follows from what they say.

A probe that succeeds is not run again until something it may depend on changes; one that fails runs
at its periods. Counterpart of kubelet's `prober/worker.go`; the events are those of `prober/prober.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import probes
from minikctl.kubelet.inside import Inside
from minikctl.kubelet.record import Container

OK, UNKNOWN, FAILED = "ok", "unknown", "failed"

# A failure told this often is looked at only every five minutes: the spam filter lets no more events through.
_OFTEN = 30
_SELDOM_SECONDS = 300.0
# What is kept of a probe that does not succeed: failures in a row, when it is looked at next, successes
# in a row, and how many periods that look stands for.
_FAILURES, _AT, _SUCCESSES, _STANDS_FOR = range(4)


class Probing:
    """The probes of one pod's containers at one moment; `tell` records an Unhealthy event, so many times."""

    def __init__(
        self, pod: Obj, ip: str, now: float, waits: bool, inside: Inside, tell: Callable[[Obj, str, int], None]
    ) -> None:
        """`waits`: whether a first success takes its delay too (a realistic node)."""
        self._pod = pod
        self._ip = ip
        self._inside = inside
        self._now = now
        self._waits = waits
        self._tell = tell
        self.due: list[float] = []

    def probe(self, container: Obj, state: Container) -> str:
        """Update `started_up` and `ready`; the kind of probe the container is to be killed for, or nothing."""
        self.due.clear()
        if not state.started_up:
            result = self._check(container, "startup", state, state.started)
            if result == FAILED:
                return "startup"
            if result == UNKNOWN:
                return ""
            state.started_up = True
        begin = self._eligible_since(container, state)
        result = self._check(container, "readiness", state, begin)
        if result != UNKNOWN:
            state.ready = result == OK
        return "liveness" if self._check(container, "liveness", state, begin) == FAILED else ""

    def _eligible_since(self, container: Obj, state: Container) -> float:
        """Since when the other probes run: the container's start, or the success of its startup probe."""
        if not container.get("startupProbe"):
            return state.started
        since = state.probes.setdefault("since", [self._now])
        return since[0]

    def _check(self, container: Obj, kind: str, state: Container, begin: float) -> str:
        if not container.get(f"{kind}Probe"):
            return OK
        look = state.probes.get(kind) or self._first_look(container, kind, state, begin)
        if look is None:
            return OK
        state.probes[kind] = look
        period = probes.period(container, kind)
        if self._now < look[_AT]:
            left = ceil((look[_AT] - self._now) / period) - 1
            if left > 0:  # something happened between two looks that are far apart: back to the next period
                look[_AT] -= left * period
                look[_STANDS_FOR] -= left
        else:
            says = probes.run(self._pod, container, kind, state, self._ip, self._inside)
            if says is None:
                look[:] = [0, look[_AT] + period, look[_SUCCESSES] + 1, 1]
                if self._suffices(container, kind, state, look):
                    self._forget(kind, state)
                    return OK
            else:
                text = f"{kind.capitalize()} probe failed: {says}"
                self._tell(container, text, int(look[_STANDS_FOR]))
                failures = look[_FAILURES] + look[_STANDS_FOR]
                periods = _pace(failures, period)
                look[:] = [failures, look[_AT] + period * periods, 0, periods]
        return self._standing(container, kind, state, look)

    def _first_look(self, container: Obj, kind: str, state: Container, begin: float) -> list[float] | None:
        """None where the probe succeeds by now; else how it stands before its first failure.

        What makes it fail has happened just now, or else it would have been looked at before.
        """
        first = max(begin, state.started + probes.initial_delay(container, kind))
        if self._waits and kind not in state.probes:
            return [0, first, 0, 1]
        if probes.run(self._pod, container, kind, state, self._ip, self._inside) is None:
            return None
        since, period = max(first, self._now), probes.period(container, kind)
        return [0, first + ceil((since - first) / period) * period, 0, 1]

    def _suffices(self, container: Obj, kind: str, state: Container, look: list[float]) -> bool:
        ready = kind == "readiness" and state.ready
        return ready or look[_SUCCESSES] >= probes.success_threshold(container, kind)

    def _forget(self, kind: str, state: Container) -> None:
        """A probe that succeeds is not followed; on a realistic node it stays known that it ran."""
        if self._waits:
            state.probes[kind] = []
        else:
            del state.probes[kind]

    def _standing(self, container: Obj, kind: str, state: Container, look: list[float]) -> str:
        """What holds while a probe neither fails often enough nor succeeds often enough."""
        failed = look[_FAILURES] >= probes.threshold(container, kind)
        if not failed or kind == "readiness":
            self.due.append(look[_AT])
        if failed:
            return FAILED
        return OK if kind == "readiness" and state.ready else UNKNOWN


def _pace(failures: float, period: float) -> int:
    """How many periods lie between two looks at a probe that failed so often."""
    return 1 if failures < _OFTEN else max(1, int(_SELDOM_SECONDS // period))
