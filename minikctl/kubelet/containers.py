"""Starting and stopping single containers of a pod: image, environment, program, events.

Counterpart of kubelet's `kuberuntime/kuberuntime_container.go` and its image manager.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import podusage
from minikctl.apimachinery.duration import format_go
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import behaviour, environment, hooks, restarts, retrying
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.host import Host
from minikctl.kubelet.images import image_id, image_size, name_problem, not_found
from minikctl.kubelet.inside import Inside
from minikctl.kubelet.record import EXITED, RUNNING, WAITING, Container, PodRecord
from minikctl.kubelet.runtime import emulated

_FIELDS = {
    "container": "containers",
    "sidecar": "initContainers",
    "init": "initContainers",
    "ephemeral": "ephemeralContainers",
}
_SHOWN_PULL_ERROR = 5.0
_MESSAGE_LONGEST = 4096
_FALLBACK_LINES = 80
_FALLBACK_LONGEST = 2048


class Containers:
    """The containers of one pod at one moment."""

    def __init__(self, host: Host, pod: Obj, record: PodRecord, now: float) -> None:
        self._host = host
        self._pod = pod
        self._record = record
        self._now = now
        self.inside = Inside(host, pod, record, now)

    @property
    def pod_name(self) -> str:
        """The pod as the kubelet names it in messages."""
        meta = self._pod["metadata"]
        return f"{meta['name']}_{meta['namespace']}({self._record.uid})"

    def event(self, container: Obj, kind: str, type_: str, reason: str, message: str, times: int = 1) -> None:
        """Record an event about one container, as having happened so many times."""
        self._host.event(self._pod, type_, reason, message, f"spec.{_FIELDS[kind]}{{{container['name']}}}", times)

    # Starting

    def start(self, container: Obj, kind: str, state: Container) -> bool:
        """Try to start a container; False where it has to wait (`state` says for what)."""
        held = state.retry is not None and self._now < state.retry[1]
        if not self._image(container, kind, state, quiet=held):
            return False
        try:
            env = self._environment(container)
        except environment.ConfigError as error:
            self._cannot(container, kind, state, "CreateContainerConfigError", error.message)
            if error.needs:
                self._record.waits.append(error.needs)
            return False
        if held and state.wait == "CreateContainerConfigError":
            self._already_present(container, kind)
        self._run(container, kind, state, env)
        return True

    def _cannot(
        self, container: Obj, kind: str, state: Container, reason: str, why: str, cause: str = "", error: str = ""
    ) -> None:
        """Say why a container cannot be started, and at each try again: an event of its cause, and the error."""
        if state.wait != reason or state.wait_message != why:
            state.retry = None
        state.retry, times = retrying.start(state.retry, self._now)
        if times:
            if cause:
                self.event(container, kind, "Warning", cause, why, times)
            self.event(container, kind, "Warning", "Failed", f"Error: {error or why}", times)
        self._wait(state, reason, why)

    def _environment(self, container: Obj) -> dict[str, str]:
        if not container.get("env") and not container.get("envFrom"):
            return {}
        node = self._host.node(self._record.node)
        return environment.make(self._host.client, self._pod, container, self._record.ip, node)

    def _run(self, container: Obj, kind: str, state: Container, env: dict[str, str]) -> None:
        if state.runs:
            if state.state == EXITED:
                state.retire()
            state.restarts += 1
        state.state, state.wait, state.wait_message = RUNNING, "", ""
        state.retry, state.busy, state.stopping, state.revive = None, None, False, False
        state.id = self._host.rand.hex(64)
        state.image, state.image_id = container["image"], image_id(container["image"])
        state.started, state.finished = self._now, 0.0
        state.code, state.reason, state.message = 0, "", ""
        state.hold = None
        state.ready = state.started_up = False
        state.probes = {}
        if requests := (container.get("resources") or {}).get("requests"):
            state.allocated = state.allocated or {"requests": requests, "limits": container["resources"].get("limits")}
        state.files = []
        state.env = env if environment.may_change(container) else None
        program, rerun = self._program(container, kind, env)
        self._plan(state, program)
        self._limit_memory(container, state)
        self._host.logs.start(self._record.uid, container["name"], state.runs, self._now, program, rerun)
        self.event(container, kind, "Normal", "Created", "Container created")
        self.event(container, kind, "Normal", "Started", "Container started")
        state.runs += 1
        hook = (container.get("lifecycle") or {}).get("postStart")
        if hook:
            outcome = hooks.run(self.inside, hook, container, state, self.pod_name)
            state.busy = ["hook", self._now + outcome.seconds, outcome.failure]

    def reconsider(self, container: Obj, kind: str, state: Container) -> None:
        """Run the program of a container again that waits for a Service: it may be there by now."""
        try:
            env = self._environment(container)
        except environment.ConfigError:
            return
        program, _ = self._program(container, kind, env)
        if program.asked:
            return
        self._plan(state, program)
        self._host.logs.go_on(self._record.uid, container["name"], state.runs - 1, self._now, program)

    def _plan(self, state: Container, program: emulated.Program) -> None:
        """Note what the program will do from now on."""
        passed = self._now - state.started
        state.ends = None if program.after is None else self._now + program.after
        state.end_code = program.code
        state.source = "shell" if program.kill_code else ""
        state.files = [*state.files, *([at + passed, path, content] for at, path, content in program.files)]
        state.asked = program.asked

    def _limit_memory(self, container: Obj, state: Container) -> None:
        """A container that comes to use more memory than its limit is killed then."""
        at = podusage.out_of_memory(self._pod, container, self._now)
        state.oom = at is not None and (state.ends is None or at < state.ends)
        if state.oom:
            state.ends, state.end_code = at, emulated.KILLED

    def _program(self, container: Obj, kind: str, env: dict[str, str]) -> tuple[emulated.Program, Any]:
        """What a program does that starts now, and what it takes to run it again (command line, environment)."""
        pod = self._pod
        if not emulated.is_known(pod, container):
            return emulated.by_purpose(pod, kind), None
        from minikctl.kubelet.clusternetwork import world
        from minikctl.kubelet.mounts import Files
        from minikctl.kubelet.rootfs import image
        from minikctl.kubelet.runtime import programs

        env = {**environment.of_services(self._host.client, pod, self._now), **env}
        argv = emulated.command_line(container, env)
        known = programs.run(self._host.client, self._host.rand, pod, container["image"], argv) if argv else None
        if known is not None:
            program = emulated.Program(0.0, known[0])
            program.output.append((0.0, known[1]))
            return program, None
        everything = {**emulated.base_env(pod), **env}
        node = self._host.node(self._record.node)

        def disk() -> Files:
            surface = image(self._host.client, pod, container, self._record.ip, argv)
            return Files(self._host.volumes, pod, container, self._record.ip, node, surface)

        surroundings = world(self._host.client, pod, self._now)
        program = emulated.decide(pod, container, kind, argv, everything, disk, surroundings)
        if isinstance(program.disk, Files):
            program.disk.save()
        return program, (argv, everything, emulated.hostname(pod))

    # Images

    def _image(self, container: Obj, kind: str, state: Container, quiet: bool = False) -> bool:
        """See to the container's image; False where it cannot be had now. `quiet`: it was seen to before."""
        image = container["image"]
        problem = name_problem(image)
        if problem:
            self._cannot(container, kind, state, "InvalidImageName", problem, "InspectFailed", "InvalidImageName")
            return False
        node, policy = self._record.node, container.get("imagePullPolicy", "IfNotPresent")
        error = behaviour.value(self._pod, "image-pull-error", container["name"])
        if state.busy:
            return error is None and self._pulled(container, kind, state)
        present = policy != "Always" and error is None and self._host.images.present(node, image)
        if policy == "Never" and not present:
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._cannot(container, kind, state, "ErrImageNeverPull", message, "ErrImageNeverPull", "ErrImageNeverPull")
            return False
        if present:
            if not quiet:
                self._already_present(container, kind)
            return True
        if error is not None:
            self._pull_fails(container, kind, state, error)
            return False
        self.event(container, kind, "Normal", "Pulling", f'Pulling image "{image}"')
        seconds = behaviour.number(self._pod, "image-pull-seconds", container["name"])
        size = 0 if self._host.images.present(node, image) else image_size(image)
        ends, took = self._host.pull(node, size, self._now, seconds)
        state.busy = ["pull", ends, took, self._now]
        return self._pulled(container, kind, state)

    def _already_present(self, container: Obj, kind: str) -> None:
        text = f'Container image "{container["image"]}" already present on machine and can be accessed by the pod'
        self.event(container, kind, "Normal", "Pulled", text)

    def _pulled(self, container: Obj, kind: str, state: Container) -> bool:
        """Whether the pull that was begun is through."""
        assert state.busy
        _, ends, took, began = state.busy
        if self._now < ends:
            return False
        state.busy, image = None, container["image"]
        alone, waiting = (format_go(round(max(seconds, 0.001), 3)) for seconds in (took, ends - began))
        size = f"Image size: {image_size(image)} bytes."
        text = f'Successfully pulled image "{image}" in {alone} ({waiting} including waiting). {size}'
        self.event(container, kind, "Normal", "Pulled", text)
        self._host.images.add(self._record.node, image)
        return True

    def _pull_fails(self, container: Obj, kind: str, state: Container, error: str) -> None:
        """ErrImagePull first, then ImagePullBackOff until the next try."""
        image = container["image"]
        text = not_found(image) if error in ("", "true") else error
        if state.backoff_kind == "pull" and self._now < state.backoff_at + state.backoff:
            if self._now >= state.backoff_at + _SHOWN_PULL_ERROR and state.wait != "ImagePullBackOff":
                self._pull_held(container, kind, 1)
                message = f'Back-off pulling image "{image}": ErrImagePull: {text}'
                self._wait(state, "ImagePullBackOff", message)
            return
        if state.wait == "ImagePullBackOff":
            times = restarts.syncs_between(state.backoff_at + _SHOWN_PULL_ERROR, self._now)
            self._pull_held(container, kind, times)
        self.event(container, kind, "Normal", "Pulling", f'Pulling image "{image}"')
        self.event(container, kind, "Warning", "Failed", f'Failed to pull image "{image}": {text}')
        self.event(container, kind, "Warning", "Failed", "Error: ErrImagePull")
        self._wait(state, "ErrImagePull", text)
        pulls_before = state.backoff_kind == "pull"
        state.backoff = min(state.backoff * 2, restarts.LONGEST_BACKOFF) if pulls_before else restarts.FIRST_BACKOFF
        state.backoff_kind, state.backoff_at = "pull", self._now

    def _pull_held(self, container: Obj, kind: str, times: int) -> None:
        """Say so many times that a pull has to wait for its back-off."""
        if times:
            text = f'Back-off pulling image "{container["image"]}"'
            self.event(container, kind, "Normal", "BackOff", text, times)
            self.event(container, kind, "Warning", "Failed", "Error: ImagePullBackOff", times)

    def again(self, state: Container) -> float | None:
        """When to look again at a container that could not be started."""
        if state.busy:
            return float(state.busy[1])
        if state.retry:
            return state.retry[1]
        if state.backoff_kind != "pull":
            return None
        shown = state.backoff_at + _SHOWN_PULL_ERROR
        return shown if state.wait == "ErrImagePull" else state.backoff_at + state.backoff

    def _wait(self, state: Container, reason: str, message: str) -> None:
        if state.state == EXITED:
            state.retire()
            state.state = WAITING
        state.wait, state.wait_message = reason, message

    # Ending

    def finish(self, container: Obj, state: Container, at: float, code: int) -> None:
        """Record that a container exited."""
        state.state = EXITED
        state.finished = at
        state.code = code
        state.reason = "OOMKilled" if state.oom else "Completed" if code == 0 else "Error"
        state.oom = False
        state.ends, state.busy, state.stopping = None, None, False
        state.ready = state.started_up = state.asked = False
        state.message = self._termination_message(container, state)

    def _termination_message(self, container: Obj, state: Container) -> str:
        """What the container left in its termination message file, or the end of its log if it asks for that."""
        path = container.get("terminationMessagePath") or "/dev/termination-log"
        lasted = state.finished - state.started
        text = Disk([entry for entry in state.files if entry[1] == path], lasted).get(path)
        if text:
            return text[:_MESSAGE_LONGEST]
        if not state.code or container.get("terminationMessagePolicy") != "FallbackToLogsOnError":
            return ""
        lines = self._host.logs.read(self._record.uid, container["name"], state.runs - 1, state.finished)
        return "".join(text for _, text in lines[-_FALLBACK_LINES:])[-_FALLBACK_LONGEST:]

    def set_back(self, state: Container) -> None:
        """Let a container that ran start anew, whatever came of its last run."""
        if state.state == EXITED:
            state.retire()
        state.state, state.wait, state.wait_message = WAITING, "", ""
