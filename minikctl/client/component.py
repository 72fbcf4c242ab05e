"""What the cluster drives: a component maps changes to keys and syncs a key, nothing else.

Controllers, the scheduler, kubelets and proxies all have this shape (client-go's informer handlers
plus a worker). They are level-triggered: `sync` re-reads the object, compares and writes. Nothing
may be remembered in memory between two calls of the program; a cache must be able to start empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.apimachinery.request import Change

if TYPE_CHECKING:
    from minikctl.apimachinery.clock import Clock
    from minikctl.apimachinery.rand import Rand
    from minikctl.client.client import Client
    from minikctl.client.recorder import Recorder

Keys = Iterable[str]
Mapper = Callable[[Change], Keys]


class KeyValue(Protocol):
    """A component's private durable storage (a kubelet's disk), saved with the same transaction."""

    def get(self, key: str) -> Any: ...
    def put(self, key: str, value: Any) -> None: ...
    def delete(self, key: str) -> None: ...
    def scan(self, prefix: str) -> list[tuple[str, Any]]: ...


class Component(Protocol):
    """`name` is the queue's name; `watches` maps a resource ("pods", "deployments.apps") to a mapper.

    "*" stands for all of them. Events that come or change are not told of: nobody acts on what is said.
    """

    name: str

    @property
    def watches(self) -> Mapping[str, Mapper]: ...

    def sync(self, key: str) -> float | None:
        """Bring one key to its desired state. Returns the cluster time to sync it again, or None.

        The previous due time of the key is forgotten when sync is called. A StatusError raised here
        is retried with back-off; any other exception is a bug and ends the invocation.
        """
        ...


def object_key(namespace: str, name: str) -> str:
    """A queue key: "namespace/name", or "name" for cluster-scoped objects."""
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """The (namespace, name) of a key."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def enqueue(change: Change) -> Keys:
    """The mapper of a component that syncs the changed object itself."""
    return (object_key(change.namespace, change.name),)


def enqueue_controller(kind: str) -> Mapper:
    """A mapper to the controlling owner of `kind` (of the object now, and before the change)."""

    def keys(change: Change) -> Keys:
        found = []
        for obj in (change.object, change.old() if change.type == "MODIFIED" else None):
            for owner in (obj or {}).get("metadata", {}).get("ownerReferences", ()):
                if owner.get("controller") and owner.get("kind") == kind:
                    found.append(object_key(change.namespace, owner["name"]))
        return found

    return keys


class Env:
    """What the cluster hands each component: its client, the clock, ids, events, storage, settings.

    `touched`: by key, names of objects that changed since the key's last sync, from mappers that tell
    (see controllers' `mappers.telling`); for components that keep what they know of a key's objects.
    """

    __slots__ = ("client", "clock", "rand", "recorder", "settings", "state", "touched")

    def __init__(
        self, client: Client, clock: Clock, rand: Rand, recorder: Recorder, state: KeyValue, settings: Mapping[str, Any]
    ) -> None:
        self.client = client
        self.clock = clock
        self.rand = rand
        self.recorder = recorder
        self.state = state
        self.settings = settings
        self.touched: dict[str, dict[str, None]] = {}
