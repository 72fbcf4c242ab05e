"""The registry's view of the store: objects in and out, index entries, and what a write invalidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.store.record import Index, Record, index_of, path_of

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.store.sqlite import SQLiteStore


# Where upstream keeps kinds whose etcd prefix is not their plural name.
_PREFIXES = {
    "replicationcontrollers": "controllers",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "services": "services/specs",
    "ingresses.networking.k8s.io": "ingress",
}
# Kinds whose objects come in masses, and which nobody looks at to decide on a request.
_MASSES = frozenset({"pods", "events"})
_OWN_SERVERS = ("apiextensions.k8s.io", "apiregistration.k8s.io")
# Kinds that are views of another kind's objects.
_STORED_AS = {"events.events.k8s.io": "events"}


def stored_as(resource_key: str) -> str:
    """The resource key under which objects of a kind are stored."""
    return _STORED_AS.get(resource_key, resource_key)


def storage_path(resource: Resource, obj: Obj) -> str:
    """The etcd key upstream would keep an object under, as storage errors show it."""
    meta = obj["metadata"]
    prefix = _PREFIXES.get(resource.key, resource.plural)
    if resource.custom or resource.group in _OWN_SERVERS:
        prefix = f"{resource.group}/{resource.plural}"
    return f"/registry/{prefix}/{path_of(meta.get('namespace', ''), meta['name'])}"


class Storage:
    """Reads and writes of one apiserver. `writes` counts them, so that caches know their age.

    `surroundings` counts those that may matter to other requests: not those of pods and Events. `touched`
    are the kinds of these.
    """

    __slots__ = ("kind_writes", "store", "surroundings", "touched", "writes")

    def __init__(self, store: SQLiteStore) -> None:
        self.store = store
        self.writes = 0
        self.surroundings = 0
        self.kind_writes: dict[str, int] = {}
        self.touched: set[str] = set()

    def record(self, resource_key: str, namespace: str, name: str) -> Record | None:
        return self.store.get(stored_as(resource_key), path_of(namespace, name))

    def insert(self, resource_key: str, obj: Obj, keep: bool = False) -> None:
        """Store a new object; ExistsError where there is one of that name.

        `keep`: nobody will alter `obj` any more, so that readers may have it as it is.
        """
        resource_key = stored_as(resource_key)
        meta = obj["metadata"]
        path = path_of(meta.get("namespace", ""), meta["name"])
        revision = self.store.create(resource_key, path, obj, index_of(resource_key, obj))
        if keep:
            self.store.views.keep(revision, obj)
        self._wrote(resource_key)

    def update(self, record: Record, obj: Obj, before: Index, keep: bool = False) -> None:
        """Replace the object of a record; `keep` as for `insert`."""
        revision = self.store.update(record, obj, index_of(record.resource, obj), before)
        if keep:
            self.store.views.keep(revision, obj)
        self._wrote(record.resource)

    def remove(self, record: Record, obj: Obj) -> None:
        """Delete the object; `obj` is its last state, as watchers will see it."""
        self.store.delete(record, obj, index_of(record.resource, self.store.view(record)))
        self._wrote(record.resource)

    def replace(self, resource_key: str, obj: Obj) -> None:
        """Insert or overwrite without any check: bootstrap and bookkeeping beside a request."""
        meta = obj["metadata"]
        with self.store.transaction():
            record = self.record(resource_key, meta.get("namespace", ""), meta["name"])
            if record is None:
                self.insert(resource_key, obj)
            else:
                self.update(record, obj, index_of(resource_key, record.object()))

    def delete(self, resource_key: str, namespace: str, name: str) -> None:
        """Remove bookkeeping (an allocated address) if it is there."""
        with self.store.transaction():
            record = self.record(resource_key, namespace, name)
            if record is not None:
                self.remove(record, record.object())

    def _wrote(self, resource_key: str) -> None:
        self.writes += 1
        self.kind_writes[resource_key] = self.writes
        if resource_key not in _MASSES:
            self.surroundings += 1
            self.touched.add(resource_key)

    def state(self, name: str) -> Any:
        """Private values of a registry part (allocated node ports)."""
        return self.store.state("registry:" + name)
