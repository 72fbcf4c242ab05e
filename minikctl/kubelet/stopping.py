"""How running containers stop: preStop hooks, SIGTERM, the grace period, and sidecars after all others.

Nothing ends here: each container learns when it will have stopped and with which status. Counterpart of
killContainer in kubelet's `kuberuntime_container.go` and of its `termination_order.go`.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour, hooks
from minikctl.kubelet.containers import Containers
from minikctl.kubelet.record import Container
from minikctl.kubelet.runtime import emulated

Running = tuple[Obj, str, Container]

DEFAULT_GRACE = 30.0
_LEAST_GRACE = 2.0  # what a container has to stop once it was told to, however long its hook took


class Stopping:
    """Stops containers of one pod from `now` on."""

    def __init__(self, containers: Containers, pod: Obj, now: float, patient: bool) -> None:
        """`patient`: whether scripts, which do not mind SIGTERM, take the whole grace period."""
        self._containers = containers
        self._pod = pod
        self._now = now
        self._patient = patient

    def stop(self, running: Sequence[Running], grace: float, why: str = "", use_hooks: bool = True) -> None:
        """Stop these containers, in the order in which they stop: sidecars last, the last one first."""
        until = self._now
        for container, kind, state in running:
            if state.stopping:
                until = max(until, state.ends or until)
                continue
            text = why or f"Stopping container {container['name']}"
            self._containers.event(container, kind, "Normal", "Killing", text)
            hooked = self._now + (self._hook(container, kind, state, grace) if use_hooks else 0.0)
            told = max(hooked, until) if kind == "sidecar" else hooked
            ends, code = self._end(container, state, told, max(grace - (told - self._now), _LEAST_GRACE))
            if state.ends is None or state.ends > ends:
                state.ends, state.end_code, state.oom = ends, code, False
            state.stopping = True
            until = max(until, state.ends)

    def hurry(self, running: Sequence[Running], deadline: float) -> None:
        """The grace period was cut short: what has not stopped at `deadline` is killed then."""
        for _, _, state in running:
            if state.ends is None or state.ends > deadline:
                state.ends, state.end_code, state.oom = max(deadline, self._now), emulated.KILLED, False

    def _hook(self, container: Obj, kind: str, state: Container, grace: float) -> float:
        """Run the preStop hook; how long the container waits for it."""
        hook = (container.get("lifecycle") or {}).get("preStop")
        if not hook:
            return 0.0
        outcome = hooks.run(self._containers.inside, hook, container, state, self._containers.pod_name)
        if outcome.failure:
            self._containers.event(container, kind, "Warning", "FailedPreStopHook", "PreStopHook failed")
        return min(outcome.seconds, grace)

    def _end(self, container: Obj, state: Container, told: float, grace: float) -> tuple[float, int]:
        """When a container told to stop has stopped, and its exit status."""
        script = state.source == "shell"
        seconds = behaviour.number(self._pod, "stop-seconds", container["name"])
        if seconds is None:
            seconds = grace if script and self._patient else 0.0
        killed = script or seconds > grace
        return told + min(seconds, grace), emulated.KILLED if killed else 0
