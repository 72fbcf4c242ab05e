"""What a node remembers of a pod: the sandbox, and each container's life so far.

This is the truth the kubelet works from (a real one asks its runtime); the API status is made from
it. Kept per pod in the component's durable storage, written only when it changed.
"""

from __future__ import annotations

from typing import Any

MIRROR = "kubernetes.io/config.mirror"
WAITING, RUNNING, EXITED = "w", "r", "x"

_FIELDS = (
    "ip", "sandbox", "anew", "boots", "disrupted", "ended", "ending", "reason", "message", "stopping", "waits",
    "level", "resize", "resizing", "retry",
)  # fmt: skip
_LAST = ("id", "started", "finished", "code", "reason", "message")


def identity(pod: dict[str, Any]) -> str:
    """What tells one pod from another on its node: the uid, of a static pod the hash that its mirror carries."""
    meta = pod["metadata"]
    annotations = meta.get("annotations")
    found: str = (annotations.get(MIRROR) if annotations else None) or meta["uid"]
    return found


class Container:
    """One container of a pod: its current or last run, the one before, and what is planned."""

    __slots__ = (
        "allocated", "asked", "backoff", "backoff_at", "backoff_kind", "busy", "code", "end_code", "ends", "env",
        "files", "finished", "hold", "id", "image", "image_id", "last", "message", "oom", "probes", "ready", "reason",
        "restarts", "retry", "revive", "runs", "source", "started", "started_up", "state", "stopping", "told", "wait",
        "wait_message",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = WAITING
        self.wait = ""  # why it waits, besides the usual ContainerCreating or PodInitializing
        self.wait_message = ""
        self.id = ""
        self.image = ""  # as the spec said when it was started
        self.image_id = ""
        self.started = 0.0
        self.finished = 0.0
        self.code = 0
        self.reason = ""
        self.message = ""
        self.ends: float | None = None  # when the program will exit by itself
        self.end_code = 0
        self.restarts = 0
        self.runs = 0
        self.last: dict[str, Any] | None = None
        self.ready = False
        self.started_up = False
        self.backoff = 0.0  # the delay in force after the last exit (or failed pull)
        self.backoff_at = 0.0  # when that was decided
        self.backoff_kind = ""  # "" or "pull"
        self.hold: float | None = None  # not to be started before (an annotated delay)
        self.told = 0.0  # the exit that a BackOff event was recorded for
        self.probes: dict[str, list[float]] = {}  # probes that do not succeed: failures, next run, successes
        self.allocated: dict[str, Any] | None = None  # resources granted by the node
        self.source = ""  # "shell" where the program is a script: it does not mind SIGTERM
        self.env: dict[str, str] | None = None  # its environment, where that comes from objects that may change
        self.oom = False  # it ends because it runs out of memory
        self.asked = False  # it waits for a Service that is not there yet
        self.busy: list[Any] | None = None  # what its start waits for: ["pull" or "hook", until when, ...]
        self.retry: list[float] | None = None  # a start that fails: tries so far, when the next one is due
        self.stopping = False  # it was told to stop and does so when `ends` says
        self.revive = False  # it was stopped in order to be started again
        self.files: list[Any] = []  # what it writes on its own disk: [seconds, path, content]

    def retire(self) -> None:
        """Keep the run that ended as `last`."""
        self.last = {field: getattr(self, field) for field in _LAST}

    def dump(self) -> dict[str, Any]:
        return {slot: value for slot in self.__slots__ if (value := getattr(self, slot)) != _DEFAULTS[slot]}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Container:
        found = cls()
        for slot, value in data.items():
            setattr(found, slot, value)
        if found.probes:  # changed in place; `stored` must stay what it is
            found.probes = {kind: list(look) for kind, look in found.probes.items()}
        return found


_BLANK = Container()
_DEFAULTS = {slot: getattr(_BLANK, slot) for slot in Container.__slots__}


class PodRecord:
    """One pod on its node."""

    __slots__ = (
        "anew", "boots", "containers", "disrupted", "ended", "ending", "ip", "level", "message", "node", "reason",
        "resize", "resizing", "retry", "sandbox", "start", "stopping", "stored", "uid", "waits",
    )  # fmt: skip

    def __init__(self, uid: str, node: str, start: float) -> None:
        self.uid = uid
        self.node = node
        self.start = start
        self.ip = ""
        self.sandbox = False
        self.anew = False  # all containers start anew, init containers too
        self.boots = 0  # how often the machine had been started again when the sandbox was made
        self.disrupted = ""  # why the node ends the pod, if it does
        self.ended = ""  # "Failed" or "Succeeded" once the pod is over
        self.reason = ""
        self.message = ""
        self.ending = ""  # the same, while its containers are still stopping
        self.stopping: float | None = None  # when the grace period of its deletion ends
        self.retry: list[float] | None = None  # a volume that cannot be mounted: tries so far, the next one
        self.waits: list[str] = []  # "configmaps/NAME" and the like that it cannot start without
        self.level: dict[str, Any] | None = None  # what the pod as a whole was granted
        self.resize: dict[str, Any] | None = None  # why a resize waits: reason, message, generation
        self.resizing: list[str] = []  # the containers that are restarted for a resize
        self.containers: dict[str, Container] = {}
        self.stored: Any = None

    def container(self, name: str) -> Container:
        found = self.containers.get(name)
        if found is None:
            found = self.containers[name] = Container()
        return found

    def dump(self) -> dict[str, Any]:
        data: dict[str, Any] = {"uid": self.uid, "node": self.node, "start": self.start}
        for slot in _FIELDS:
            if value := getattr(self, slot):
                data[slot] = value
        data["containers"] = {name: container.dump() for name, container in self.containers.items()}
        return data

    @classmethod
    def load(cls, data: dict[str, Any]) -> PodRecord:
        found = cls(data["uid"], data["node"], data["start"])
        for slot, value in data.items():
            if slot == "containers":
                found.containers = {name: Container.load(entry) for name, entry in value.items()}
            else:
                setattr(found, slot, value)
        found.stored = data
        return found
