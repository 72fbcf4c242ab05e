"""One pod's life on its node, brought up to the present: what starts, what ends, what comes next.

Counterpart of kubelet's syncPod and computePodActions. The worker changes the record only; the
kubelet makes the API status from it (status.py) and asks `due` when to look again.
"""

from __future__ import annotations

from collections.abc import Iterator

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour, hooks, probes, restarts
from minikctl.kubelet.containers import Containers
from minikctl.kubelet.host import Host
from minikctl.kubelet.network import NoAddressError
from minikctl.kubelet.probes import Check
from minikctl.kubelet.record import EXITED, RUNNING, WAITING, Container, PodRecord
from minikctl.kubelet.volumes import MountProblem

DEADLINE = "Pod was active on the node longer than the specified deadline"

_ROUNDS = 1000
_RETRY_SECONDS = 10.0


class Worker:
    """Works on one pod at the cluster time `now`."""

    def __init__(self, host: Host, pod: Obj, record: PodRecord, now: float) -> None:
        self._host = host
        self._pod = pod
        self._spec: Obj = pod["spec"]
        self._record = record
        self._now = now
        self._containers = Containers(host, pod, record, now)
        self._due: list[float] = []

    def advance(self) -> None:
        """Bring the record up to the present."""
        record = self._record
        record.waits = []
        for _ in range(_ROUNDS):
            self._due.clear()
            self._collect_exits()
            if record.ended or self._past_deadline() or not self._sandbox():
                return
            if not self._step():
                return

    def due(self) -> float | None:
        """When to look at the pod again."""
        times = list(self._due)
        for container, kind in self._all():
            state = self._record.containers.get(container["name"])
            if state is None:
                continue
            if state.state == RUNNING:
                if state.ends is not None:
                    times.append(state.ends)
                if kind != "init" and (change := probes.changes(container, state, self._now)) is not None:
                    times.append(change)
        deadline = self._deadline()
        if deadline is not None and not self._record.ended:
            times.append(deadline)
        return min(times) if times else None

    # Pod level

    def _all(self) -> Iterator[tuple[Obj, str]]:
        """Every container with its kind, in the order of their start."""
        for container in self._spec.get("initContainers") or ():
            yield container, "sidecar" if container.get("restartPolicy") == "Always" else "init"
        for container in self._spec["containers"]:
            yield container, "container"
        for container in self._spec.get("ephemeralContainers") or ():
            yield container, "ephemeral"

    def _deadline(self) -> float | None:
        seconds = self._spec.get("activeDeadlineSeconds")
        return None if seconds is None else self._record.start + seconds

    def _past_deadline(self) -> bool:
        deadline = self._deadline()
        if deadline is None or self._now < deadline:
            return False
        self._host.event(self._pod, "Normal", "DeadlineExceeded", DEADLINE)
        self.kill_all()
        record = self._record
        record.ended, record.reason, record.message = "Failed", "DeadlineExceeded", DEADLINE
        return True

    def _sandbox(self) -> bool:
        """Mount volumes and set up the network; False where something is missing."""
        record = self._record
        if record.sandbox:
            return True
        try:
            self._host.volumes.check(self._pod)
        except MountProblem as problem:
            record.waits.append(problem.needs)
            self._host.event(self._pod, "Warning", "FailedMount", problem.message)
            return False
        if not record.ip and not self._spec.get("hostNetwork"):
            node = self._host.node(record.node)
            if node is None:
                return False
            try:
                record.ip = self._host.addresses.allocate(node)
            except NoAddressError as error:
                message = f"Failed to create pod sandbox: rpc error: code = Unknown desc = {error}"
                self._host.event(self._pod, "Warning", "FailedCreatePodSandBox", message)
                self._due.append(self._now + _RETRY_SECONDS)
                return False
        record.sandbox = True
        return True

    def kill_all(self) -> None:
        """Stop every container: the ordinary ones, then the sidecars in reverse order."""
        for container, kind, state in self._running():
            self._containers.announce(container, kind)
            self._containers.stop(container, state)

    def announce_stop(self) -> None:
        """Say that every running container is being stopped."""
        for container, kind, _ in self._running():
            self._containers.announce(container, kind)

    def stop_all(self, killed: bool) -> None:
        """Stop every container that still runs, announced before. `killed`: the grace period is over."""
        for container, _, state in self._running():
            self._containers.stop(container, state, killed)

    def _running(self) -> list[tuple[Obj, str, Container]]:
        """Running containers in the order in which they are stopped."""
        found = []
        for container, kind in self._all():
            state = self._record.containers.get(container["name"])
            if state is not None and state.state == RUNNING:
                found.append((container, kind, state))
        sidecars = [item for item in found if item[1] == "sidecar"]
        return [item for item in found if item[1] != "sidecar"] + sidecars[::-1]

    def stop_seconds(self) -> float:
        """How long the running containers take to stop: preStop hooks, and what annotations say."""
        longest = 0.0
        for container, _, _ in self._running():
            seconds = hooks.run((container.get("lifecycle") or {}).get("preStop") or {})[1]
            seconds += behaviour.number(self._pod, "stop-seconds", container["name"]) or 0.0
            longest = max(longest, seconds)
        return longest

    # Containers

    def _collect_exits(self) -> None:
        for container, _, state in self._running():
            if state.ends is not None and state.ends <= self._now:
                self._containers.finish(container, state, state.ends, state.end_code)

    def _step(self) -> bool:
        """Start or restart what should run; True where something changed at once and to look again pays."""
        changed = False
        if not self._initialized():
            changed = self._initialize()
            if not self._initialized():
                return changed
        for container, kind in self._all():
            if kind != "init":
                changed = self._keep(container, kind) or changed
        self._finish_pod()
        return changed

    def _initialized(self) -> bool:
        """Whether the ordinary containers may run: all init containers are through, or they ran before."""
        record = self._record
        if any(record.container(c["name"]).runs for c in self._spec["containers"] if c["name"] in record.containers):
            return True
        for container in self._spec.get("initContainers") or ():
            state = record.containers.get(container["name"])
            if state is None:
                return False
            if container.get("restartPolicy") == "Always":
                if state.state != RUNNING or not state.started_up:
                    return False
            elif state.state != EXITED or state.code != 0:
                return False
        return True

    def _initialize(self) -> bool:
        """Go on with the init containers, one after another; True where one was started."""
        changed = False
        for container, kind in self._all():
            if kind not in ("init", "sidecar"):
                break
            state = self._record.container(container["name"])
            if kind == "init" and state.state == EXITED and state.code == 0:
                continue
            if kind == "init" and state.state == EXITED and not self._restartable(container, kind, state):
                self._record.ended = "Failed"
                self.kill_all()
                return False
            changed = self._keep(container, kind) or changed
            if kind == "init" or state.state != RUNNING or not state.started_up:
                return changed
        return changed

    def _restartable(self, container: Obj, kind: str, state: Container) -> bool:
        return restarts.restarts(self._spec, container, kind, state.code)

    def _keep(self, container: Obj, kind: str) -> bool:
        """Let one container run if it should; True where it was started."""
        state = self._record.container(container["name"])
        if state.state == RUNNING:
            if state.image != container["image"] and kind != "ephemeral":
                text = f"Container {container['name']} definition changed, will be restarted"
                self._containers.restart_soon(container, kind, state, text)
                return self._start(container, kind, state)
            if state.asked:
                self._containers.reconsider(container, kind, state)
            return self._probe(container, kind, state)
        if state.state == WAITING:
            return self._start(container, kind, state)
        if not self._restartable(container, kind, state):
            return False
        return self._restart(container, kind, state)

    def _start(self, container: Obj, kind: str, state: Container) -> bool:
        delay = behaviour.number(self._pod, "start-delay", container["name"])
        if delay:
            if state.hold is None:
                state.hold = self._now + delay
            if self._now < state.hold:
                self._due.append(state.hold)
                return False
        if not self._containers.start(container, kind, state):
            pull = self._containers.pull_due(state)
            if pull is not None:
                self._due.append(pull)
            return False
        if state.backoff_kind:
            state.backoff_kind, state.backoff = "", 0.0
        self._probe(container, kind, state)
        return True

    def _restart(self, container: Obj, kind: str, state: Container) -> bool:
        """Start an exited container again, now or after its back-off."""
        at = restarts.next_start(state)
        if self._now >= at:
            restarts.grow(state)
            return self._start(container, kind, state)
        shown = restarts.shown_from(state)
        pod = f"{self._pod['metadata']['name']}_{self._pod['metadata']['namespace']}({self._record.uid})"
        visible = self._now >= shown and state.wait != "CrashLoopBackOff"
        if visible or state.told != state.finished:
            text = f"Back-off restarting failed container {container['name']} in pod {pod}"
            self._containers.event(container, kind, "Warning", "BackOff", text)
            state.told = state.finished
        if visible:
            state.wait = "CrashLoopBackOff"
            delay = restarts.duration_text(state.backoff)
            state.wait_message = f"back-off {delay} restarting failed container={container['name']} pod={pod}"
        self._due.append(shown if self._now < shown else at)
        return False

    def _finish_pod(self) -> None:
        """End the pod once all ordinary containers are through for good."""
        codes = []
        for container in self._spec["containers"]:
            state = self._record.container(container["name"])
            if state.state != EXITED or self._restartable(container, "container", state):
                return
            codes.append(state.code)
        self.kill_all()
        self._record.ended = "Failed" if any(codes) else "Succeeded"

    # Probes

    def _probe(self, container: Obj, kind: str, state: Container) -> bool:
        """Run the probes of a running container; True where one of them had it killed."""
        if kind == "init" or kind == "ephemeral":
            return False
        if not state.started_up:
            failed = self._check(container, kind, "startup", state)
            if failed is not None:
                return failed and self._kill_for(container, kind, "startup", state)
            state.started_up = True
        failed = self._check(container, kind, "readiness", state)
        state.ready = failed is None or (state.ready and not failed)
        if self._check(container, kind, "liveness", state):
            return self._kill_for(container, kind, "liveness", state)
        return False

    def _check(self, container: Obj, kind: str, probe: str, state: Container) -> bool | None:
        """None: no such probe, or it succeeds. True: it failed often enough; False: not yet."""
        if not container.get(f"{probe}Probe"):
            return None
        says = probes.run(self._pod, container, probe, state, self._now)
        if says is None:
            state.probes.pop(probe, None)
            return None
        begin = max(probes.first(container, probe, state), self._failing_since(state))
        check = Check(*state.probes.get(probe, (0, begin)))
        limit = probes.threshold(container, probe)
        while self._now >= check.next and check.failures < limit:
            check.failures += 1
            check.next += probes.period(container, probe)
            text = f"{probe.capitalize()} probe failed: {says}"
            self._containers.event(container, kind, "Warning", "Unhealthy", text)
        state.probes[probe] = [check.failures, check.next]
        if check.failures < limit:
            self._due.append(check.next)
            return False
        return True

    def _failing_since(self, state: Container) -> float:
        """The last time the container's files changed: since then an exec probe may fail."""
        times = [state.started + at for at, _, _ in state.files if state.started + at <= self._now]
        return max(times) if times else state.started

    def _kill_for(self, container: Obj, kind: str, probe: str, state: Container) -> bool:
        text = f"Container {container['name']} failed {probe} probe, will be restarted"
        self._containers.restart_soon(container, kind, state, text)
        return True


def deletion_time(pod: Obj) -> float:
    """The deletionTimestamp: when the grace period ends."""
    return parse_time(pod["metadata"]["deletionTimestamp"])
