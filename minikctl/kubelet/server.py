"""What a node answers when somebody asks it about its containers: logs, exec, what they use.

The apiserver's pod subresources come here (`connect`). Counterpart of kubelet's `server/server.go` and
of the checks the apiserver makes before it connects (`registry/core/pod/strategy.go`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.request import Obj
from minikctl.client.component import Env
from minikctl.kubelet import nodeapi, proxying, reachability
from minikctl.kubelet.logtail import LogOptions, LogTail
from minikctl.kubelet.portforward import PodPorts
from minikctl.kubelet.record import PodRecord, identity
from minikctl.kubelet.sessions import AttachSession, ExecSession, Place

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

    Working = Callable[[], AbstractContextManager[None]]


def connect(env: Env, ctx: Context, working: Working) -> Any:
    """Answer a request to a subresource of a pod that its node answers.

    log: the text, or (follow) a LogFollower; exec and attach: a Session; portforward: a PortForwarder; proxy:
    an HttpAnswer. `working` is entered for each piece of work a session does.
    """
    request = ctx.request
    if request.subresource == "proxy" and ctx.resource.key == "nodes":
        return nodeapi.answer(env, request.name, request.body)
    if request.subresource == "proxy":
        return proxying.answer(env.client, ctx.resource.key, request.namespace, request.name, request.body)
    pod = env.client.get("pods", request.name, request.namespace)
    node = NodeServer(env)
    options = request.options
    if request.subresource == "log":
        return _log(node, pod, options, env.clock.now())
    name = node.container(pod, options.get("container", "")) if request.subresource != "portforward" else ""
    if not pod["spec"].get("nodeName"):
        raise errors.bad_request(f"pod {request.name} does not have a host assigned")
    try:
        reachability.check(env, pod["spec"]["nodeName"])
    except reachability.Unreachable as problem:
        raise errors.StatusError("", f"error dialing backend: {problem}", code=500) from None
    if request.subresource == "portforward":
        return node.ports(pod)
    place = node.place(pod, name)
    stdin, terminal = is_set(options.get("stdin")), is_set(options.get("tty"))
    if request.subresource == "attach":
        return AttachSession(place, working, stdin, terminal)
    command = options.get("command") or ()
    words = [command] if isinstance(command, str) else list(command)
    if not words:
        raise errors.bad_request("you must specify a command")
    return ExecSession(place, working, words, stdin, terminal)


def is_set(value: Any) -> bool:
    """Whether an option is true, as a Python value or as a query parameter."""
    return value in (True, "true", "True", "TRUE", "1", "t", "T")


def _log(node: NodeServer, pod: Obj, options: dict[str, Any], now: float) -> str | LogTail:
    asked = LogOptions(
        options.get("container", ""),
        is_set(options.get("previous")),
        _since(options, now),
        options.get("tailLines"),
        is_set(options.get("timestamps")),
        options.get("limitBytes"),
    )
    name = node.container(pod, asked.container)
    if not pod["spec"].get("nodeName"):
        return ""
    try:
        reachability.check(node.env, pod["spec"]["nodeName"])
    except reachability.Unreachable as problem:
        meta = pod["metadata"]
        where = f"{str(problem).split(': ')[0].removeprefix('dial tcp ')}/containerLogs"
        query = {name: value for name, value in options.items() if name != "container"}
        url = f"https://{where}/{meta['namespace']}/{meta['name']}/{name}{_query(query)}"
        raise errors.StatusError("", f'Get "{url}": {problem}', code=500) from None
    tail = node.logs(pod, asked)
    return tail if is_set(options.get("follow")) else tail.take()


def _query(options: dict[str, Any]) -> str:
    """The options of a log as the kubelet's query."""
    from urllib.parse import urlencode

    written = {name: str(value).lower() if isinstance(value, bool) else value for name, value in options.items()}
    return "?" + urlencode(sorted(written.items())) if written else ""


def _since(options: dict[str, Any], now: float) -> float | None:
    if options.get("sinceSeconds") is not None:
        return now - float(options["sinceSeconds"])
    return parse_time(options["sinceTime"]) if options.get("sinceTime") else None


class NodeServer:
    """The connection to the kubelets of the emulated nodes."""

    def __init__(self, env: Env) -> None:
        self.env = env

    def logs(self, pod: Obj, asked: LogOptions) -> LogTail:
        """A container's log; StatusError where there is none to show."""
        name = self.container(pod, asked.container)
        record = self._record(pod)
        state = record.containers.get(name) if record else None
        if record is None or state is None or not state.runs:
            raise errors.bad_request(self._not_started(pod, name))
        run = state.runs - 1
        if asked.previous:
            if run == 0:
                text = f'previous terminated container "{name}" in pod "{pod["metadata"]["name"]}" not found'
                raise errors.bad_request(text)
            run -= 1
        return LogTail(self.env, Place(self.env, pod, _container(pod, name)), run, asked)

    def ports(self, pod: Obj) -> PodPorts:
        """The way to the ports of a pod."""
        return PodPorts(self.env.client, pod)

    def container(self, pod: Obj, name: str) -> str:
        """The container that a connection is made to: the named one, or the only one."""
        if not name:
            return self._only_container(pod)
        try:
            _container(pod, name)
        except KeyError:
            raise errors.bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}") from None
        return name

    def place(self, pod: Obj, name: str) -> Place:
        """A running container, to run something in."""
        place = Place(self.env, pod, _container(pod, name))
        if place.running() is None:
            raise errors.StatusError("InternalError", f'container not found ("{name}")')
        return place

    def _record(self, pod: Obj) -> PodRecord | None:
        meta = pod["metadata"]
        stored = self.env.state.get(f"pod/{meta['namespace']}/{meta['name']}")
        record = PodRecord.load(stored) if stored else None
        return record if record is not None and record.uid == identity(pod) else None

    def _only_container(self, pod: Obj) -> str:
        names = [container["name"] for container in pod["spec"]["containers"]]
        if len(names) > 1:
            which = f"choose one of: [{' '.join(names)}]"
            text = f"a container name must be specified for pod {pod['metadata']['name']}, {which}"
            raise errors.bad_request(text)
        return str(names[0])

    def _not_started(self, pod: Obj, name: str) -> str:
        pod_name = pod["metadata"]["name"]
        status = pod.get("status", {})
        reason = "ContainerCreating"
        for entry in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
            if entry["name"] == name:
                reason = (entry.get("state", {}).get("waiting") or {}).get("reason", reason)
        if reason in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"):
            return f'container "{name}" in pod "{pod_name}" is waiting to start: trying and failing to pull image'
        return f'container "{name}" in pod "{pod_name}" is waiting to start: {reason}'


def _container(pod: Obj, name: str) -> Obj:
    spec = pod["spec"]
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            if container["name"] == name:
                found: Obj = container
                return found
    raise KeyError(name)
