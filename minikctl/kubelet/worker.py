"""One pod's life on its node, brought up to the present: what starts, what ends, what comes next.

Counterpart of kubelet's syncPod and computePodActions. The worker changes the record only; the
kubelet makes the API status from it (status.py) and asks `due` when to look again.
"""

from __future__ import annotations

from collections.abc import Iterator

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour, probes, restarts, retrying
from minikctl.kubelet.containers import Containers
from minikctl.kubelet.host import Host
from minikctl.kubelet.network import NoAddressError
from minikctl.kubelet.probing import Probing
from minikctl.kubelet.record import EXITED, RUNNING, WAITING, Container, PodRecord
from minikctl.kubelet.runtime import emulated
from minikctl.kubelet.stopping import DEFAULT_GRACE, Running, Stopping
from minikctl.kubelet.volumes import MountProblem, NotAttachedError

DEADLINE = "Pod was active on the node longer than the specified deadline"

_ROUNDS = 1000
_LOST = 255  # the exit status of a container of which nothing is known
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
        for _ in range(_ROUNDS):
            self._due.clear()
            self._collect_exits()
            if record.ending:
                self._finish_ending()
            if record.ended or record.ending or self._past_deadline() or not self._sandbox():
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
        if deadline is not None and not self._record.ended and not self._record.ending:
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
        self.end("Failed", "DeadlineExceeded", DEADLINE)
        return True

    def end(self, outcome: str, reason: str = "", message: str = "", grace: float | None = None) -> None:
        """Stop all containers for good; the pod is over, as `outcome` says, once they have stopped."""
        record = self._record
        record.ending, record.reason, record.message = outcome, reason, message
        if record.retry:
            record.retry = None
        self._stopping().stop(self._running(), self._grace() if grace is None else grace)
        self._collect_exits()
        self._finish_ending()

    def _finish_ending(self) -> None:
        if not self._running():
            self._record.ended, self._record.ending = self._record.ending, ""

    def _grace(self) -> float:
        seconds = self._spec.get("terminationGracePeriodSeconds")
        return DEFAULT_GRACE if seconds is None else float(seconds)

    def _stopping(self) -> Stopping:
        return Stopping(self._containers, self._pod, self._now, self._host.latency.patient)

    def _sandbox(self) -> bool:
        """Mount volumes and set up the network; False where something is missing."""
        record = self._record
        if record.sandbox:
            return True
        try:
            self._host.volumes.check(self._pod)
        except MountProblem as problem:
            record.waits.append(problem.needs)
            record.retry, times = retrying.mount(record.retry, self._now)
            if times:
                self._host.event(self._pod, "Warning", "FailedMount", problem.message, times=times)
            self._due.append(record.retry[1])
            return False
        except NotAttachedError as missing:
            record.waits.append(missing.needs)
            return False
        ready = record.start + self._host.latency.sandbox
        if self._now < ready:
            self._due.append(ready)
            return False
        if not self._spec.get("hostNetwork") and (why := self._host.not_ready(record.node)):
            record.retry, times = retrying.start(record.retry, self._now)
            if times:
                text = f"network is not ready: {why}"
                self._host.event(self._pod, "Warning", "NetworkNotReady", text, times=times)
            self._due.append(record.retry[1])
            return False
        record.retry = None
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

    def boot(self) -> None:
        """The machine was started again: nothing runs any more, and what is to run starts anew."""
        record = self._record
        record.sandbox, record.ip = False, ""
        for container, _, state in self._running():
            self._containers.finish(container, state, self._now, _LOST)
            state.reason = "Unknown"
        if self._spec.get("restartPolicy", "Always") == "Never":
            record.sandbox = True  # no other sandbox is made for it
            return
        for container in self._spec.get("initContainers") or ():
            known = record.containers.get(container["name"])
            if known is not None and known.runs:
                self._containers.set_back(known)
        record.anew = bool(self._spec.get("initContainers"))

    # Deletion

    def terminate(self, deadline: float) -> float | None:
        """Stop the containers of a deleted pod; when the last one will have stopped, None once all have."""
        record = self._record
        if record.stopping is None:
            if not record.ended:
                self._stopping().stop(self._running(), max(0.0, deadline - self._now))
        elif deadline < record.stopping:
            self._stopping().hurry(self._running(), deadline)
        record.stopping = deadline
        self._collect_exits()
        ends = [state.ends for _, _, state in self._running() if state.ends is not None]
        return min(ends) if ends else None

    def _running(self) -> list[Running]:
        """Running containers in the order in which they are stopped."""
        found = []
        for container, kind in self._all():
            state = self._record.containers.get(container["name"])
            if state is not None and state.state == RUNNING:
                found.append((container, kind, state))
        sidecars = [item for item in found if item[1] == "sidecar"]
        return [item for item in found if item[1] != "sidecar"] + sidecars[::-1]

    # Containers

    def _collect_exits(self) -> None:
        for container, _, state in self._running():
            if state.state == RUNNING and state.ends is not None and state.ends <= self._now:
                stopped = state.stopping
                self._containers.finish(container, state, state.ends, state.end_code)
                if not stopped and restarts.restarts_all(container, state.code):
                    self._restart_all(container)

    def _restart_all(self, cause: Obj) -> None:
        """A container's exit asks for all of the pod's containers to be started anew, init containers too."""
        for container, kind, state in self._running():
            if kind != "ephemeral":
                self._containers.finish(container, state, self._now, emulated.KILLED)
        for container, kind in self._all():
            known = self._record.containers.get(container["name"])
            if known is not None and known.runs and kind != "ephemeral" and container is not cause:
                self._containers.set_back(known)
        self._record.anew = True

    def _step(self) -> bool:
        """Start or restart what should run; True where something changed at once and to look again pays."""
        changed = False
        if not self._initialized():
            changed = self._initialize()
            if self._record.ending or not self._initialized():
                return changed
        for container, kind in self._all():
            if kind != "init":
                changed = self._keep(container, kind) or changed
                if self._record.containers[container["name"]].busy:
                    return changed  # containers are started one after another
        self._finish_pod()
        return changed

    def _initialized(self) -> bool:
        """Whether the ordinary containers may run: all init containers are through, or they ran before."""
        record = self._record
        if not record.anew and self._any_ran():
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
        record.anew = False
        return True

    def _any_ran(self) -> bool:
        known = self._record.containers
        return any(known[c["name"]].runs for c in self._spec["containers"] if c["name"] in known)

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
                self.end("Failed")
                return False
            changed = self._keep(container, kind) or changed
            if kind == "init" or state.state != RUNNING or not state.started_up:
                return changed
        return changed

    def _restartable(self, container: Obj, kind: str, state: Container) -> bool:
        return state.revive or restarts.restarts(self._spec, container, kind, state.code)

    def _keep(self, container: Obj, kind: str) -> bool:
        """Let one container run if it should; True where it was started, or stopped in order to be restarted."""
        state = self._record.container(container["name"])
        if state.state == RUNNING:
            return self._keep_running(container, kind, state)
        if state.state == WAITING or state.hold is not None or state.busy:  # begun, or to be begun
            return self._start(container, kind, state)
        if not self._restartable(container, kind, state):
            return False
        return self._restart(container, kind, state)

    def _keep_running(self, container: Obj, kind: str, state: Container) -> bool:
        if state.stopping:
            return False
        if state.busy and not self._hook_is_through(container, kind, state):
            return bool(state.stopping)
        if state.image != container["image"] and kind != "ephemeral":
            return self._stop_for(container, kind, state, f"Container {container['name']} definition changed")
        if state.asked:
            self._containers.reconsider(container, kind, state)
        return self._probe(container, kind, state)

    def _hook_is_through(self, container: Obj, kind: str, state: Container) -> bool:
        """Whether the postStart hook is through and went well; a failing one stops the container."""
        assert state.busy
        _, until, failure = state.busy
        if self._now < until:
            self._due.append(until)
            return False
        state.busy = None
        if not failure:
            return True
        self._containers.event(container, kind, "Warning", "FailedPostStartHook", "PostStartHook failed")
        self._stopping().stop([(container, kind, state)], self._grace(), "FailedPostStartHook")
        if restarts.restarts(self._spec, container, kind, emulated.KILLED):
            state.wait, state.wait_message = "PostStartHookError", failure
        return False

    def _start(self, container: Obj, kind: str, state: Container) -> bool:
        delay = behaviour.number(self._pod, "start-delay", container["name"])
        if delay is None:
            delay = self._host.latency.start
        if delay and not state.busy:
            if state.hold is None:
                state.hold = self._now + delay
            if self._now < state.hold:
                self._due.append(state.hold)
                return False
        if not self._containers.start(container, kind, state):
            again = self._containers.again(state)
            if again is not None:
                self._due.append(again)
            return False
        if state.backoff_kind:
            state.backoff_kind, state.backoff = "", 0.0
        self._keep_running(container, kind, state)
        return True

    def _restart(self, container: Obj, kind: str, state: Container) -> bool:
        """Start an exited container again, now or after its back-off."""
        at = restarts.next_start(state)
        if state.revive:
            state.revive = False
            before = state.last
            if before is None or restarts.may_follow(state, before["finished"], self._now):
                at = self._now
                if before is None:
                    return self._start(container, kind, state)
        shown = restarts.shown_from(state)
        pod = self._containers.pod_name
        text = f"Back-off restarting failed container {container['name']} in pod {pod}"
        if self._now >= at:
            if state.wait == "CrashLoopBackOff" and (times := restarts.syncs_between(shown, self._now)):
                self._containers.event(container, kind, "Warning", "BackOff", text, times)
            restarts.grow(state, self._now)
            return self._start(container, kind, state)
        visible = self._now >= shown and state.wait != "CrashLoopBackOff"
        if visible or state.told != state.finished:
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
        self.end("Failed" if any(codes) else "Succeeded")

    def restart_resized(self, names: list[str]) -> None:
        """Stop the containers that are to be restarted with new resources."""
        for container, kind, state in self._running():
            if container["name"] in names:
                state.revive = True
                text = f"Container {container['name']} resize requires restart"
                self._stopping().stop([(container, kind, state)], self._grace(), text)

    # Probes

    def _probe(self, container: Obj, kind: str, state: Container) -> bool:
        """Run the probes of a running container; True where one of them has it stopped."""
        if kind == "init" or kind == "ephemeral":
            return False
        if not (container.get("startupProbe") or container.get("readinessProbe") or container.get("livenessProbe")):
            state.started_up = state.ready = True
            return False

        def tell(container: Obj, text: str, times: int) -> None:
            self._containers.event(container, kind, "Warning", "Unhealthy", text, times)

        inside, patient = self._containers.inside, self._host.latency.patient
        probing = Probing(self._pod, self._record.ip, self._now, patient, inside, tell)
        failed = probing.probe(container, state)
        self._due += probing.due
        if not failed:
            return False
        grace = container[f"{failed}Probe"].get("terminationGracePeriodSeconds")
        text = f"Container {container['name']} failed {failed} probe"
        return self._stop_for(container, kind, state, text, grace)

    def _stop_for(self, container: Obj, kind: str, state: Container, why: str, grace: float | None = None) -> bool:
        """Stop a container, in order to start it again where the pod's policy lets it."""
        state.revive = self._spec.get("restartPolicy", "Always") != "Never" or kind == "sidecar"
        text = f"{why}, will be restarted" if state.revive else why
        self._stopping().stop([(container, kind, state)], self._grace() if grace is None else grace, text)
        return True


def deletion_time(pod: Obj) -> float:
    """The deletionTimestamp: when the grace period ends."""
    return parse_time(pod["metadata"]["deletionTimestamp"])
