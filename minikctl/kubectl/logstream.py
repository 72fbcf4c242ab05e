"""Reading container logs: once, or following them in cluster time until their containers end.

For logs -f, attach and run --attach. Time jumps to due work while it brings something new; a container
that prints for ever is followed with the wall clock, as it would be on a real cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_JUMP = 3600.0
_LINES_WHILE_JUMPING = 1000
_POLL = 0.2

Write = Callable[[str], object]


class LogStream:
    """The log of one container run."""

    def __init__(self, factory: Factory, pod: Obj, container: str, options: dict[str, Any] | None = None) -> None:
        self.factory = factory
        self.name: str = pod["metadata"]["name"]
        self.namespace: str = pod["metadata"]["namespace"]
        self.uid: str = pod["metadata"]["uid"]
        self.container = container
        self.options = dict(options or {})
        self._shown = 0
        self._run: str | None = None

    def read(self) -> str:
        """The log as it is now; StatusError where there is none."""
        text: Any = self.factory.client.get(
            "pods", self.name, self.namespace, subresource="log", container=self.container, **self.options
        )
        return str(text)

    def news(self) -> str:
        """What was printed since the last call."""
        text = self.read()
        new, self._shown = text[self._shown :], len(text)
        # Everything that came before stays part of the text as long as nothing is cut off at its beginning.
        for limit in ("tailLines", "sinceSeconds"):
            if limit in self.options:
                del self.options[limit]
                self._shown = len(self.read())
        return new

    def ended(self) -> bool:
        """Whether the run that is followed has ended."""
        pod = self.factory.client.find("pods", self.name, self.namespace)
        if pod is None or pod["metadata"]["uid"] != self.uid:
            return True
        state = container_state(pod, self.container)
        if self._run is None:
            self._run = run_of(state)
        return "terminated" in state or "waiting" in state or run_of(state) != self._run


def container_state(pod: Obj, name: str) -> Obj:
    """The state of a container; {} before it has one."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for entry in status.get(field) or ():
            if entry["name"] == name:
                state: Obj = entry.get("state") or {}
                return state
    return {}


def run_of(state: Obj) -> str:
    """When the run began that a state speaks of."""
    for phase in ("running", "terminated"):
        if phase in state:
            return str(state[phase].get("startedAt", ""))
    return ""


def follow(factory: Factory, streams: list[tuple[LogStream, Write]]) -> None:
    """Write what the streams print until all of them have ended."""
    cluster = factory.cluster
    lines = 0
    while streams:
        going = []
        for stream, write in streams:
            ended = stream.ended()
            try:
                text = stream.news()
            except StatusError:
                if not ended:
                    raise
                continue
            lines += text.count("\n")
            write(text)
            if not ended:
                going.append((stream, write))
        factory.streams.out.flush()
        streams = going
        if not streams:
            return
        cluster.settle()
        if lines < _LINES_WHILE_JUMPING and _due_soon(factory):
            cluster.wait(cluster.present() + _JUMP)
        elif cluster.clock.frozen_at is not None:
            return
        else:
            cluster.wait(cluster.present() + _POLL)


def _due_soon(factory: Factory) -> bool:
    due = factory.cluster.store.next_due()
    return due is not None and due <= factory.cluster.present() + _JUMP and factory.cluster.jumps
