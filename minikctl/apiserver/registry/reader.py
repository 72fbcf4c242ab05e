"""Reads without authorization for the apiserver's own use: admission, RBAC, strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.storage import Storage

_REMEMBERED = 4096


class Reader:
    """What admission plugins and the authorizer look at. Results are fresh copies."""

    __slots__ = ("_any", "_lists", "_seen", "_storage")

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._seen: dict[tuple[str, str, str], tuple[int, int, Obj]] = {}
        self._lists: dict[str, tuple[int, list[Obj]]] = {}
        self._any: dict[tuple[str, ...], tuple[int, bool]] = {}

    def peek(self, resource_key: str, namespace: str, name: str) -> Obj | None:
        """Like `get`, but shared between all who ask until it changes: not to be altered."""
        key = (resource_key, namespace, name)
        writes = self._storage.kind_writes.get(resource_key, 0)
        known = self._seen.get(key)
        if known is not None and known[0] == writes and self._storage.store.in_transaction:
            return known[2]  # nobody else can have written since the transaction began
        record = self._storage.record(resource_key, namespace, name)
        if record is None:
            return None
        if known is None or known[1] != record.revision:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            obj = record.object()
        else:
            obj = known[2]
        self._seen[key] = (writes, record.revision, obj)
        return obj

    def peek_all(self, resource_key: str) -> list[Obj]:
        """Like `list` of a whole kind, but shared until an object of the kind changes: not to be altered."""
        writes = self._storage.kind_writes.get(resource_key, 0)
        known = self._lists.get(resource_key)
        if known is None or known[0] != writes:
            known = self._lists[resource_key] = (writes, self.list(resource_key))
        return known[1]

    def any_of(self, resource_keys: tuple[str, ...]) -> bool:
        """Whether there is any object of these kinds, pods and Events not among them."""
        age = self._storage.surroundings
        known = self._any.get(resource_keys)
        if known is None or known[0] != age:
            known = self._any[resource_keys] = (age, any(self.peek_all(key) for key in resource_keys))
        return known[1]

    def forget(self) -> None:
        """Another process has written: what is remembered of whole kinds may be wrong."""
        self._lists.clear()
        self._any.clear()
        self._seen.clear()

    def get(self, resource_key: str, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        record = self._storage.record(resource_key, namespace, name)
        return record.object() if record else None

    def list(
        self,
        resource_key: str,
        namespace: str = "",
        *,
        label: tuple[str, str] | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> list[Obj]:
        """All objects of a kind, in a namespace ("" for all), by one index at most."""
        records = self._storage.store.list(resource_key, namespace, label=label, owner=owner, node=node)
        return [record.object() for record in records]

    def count(self, resource_key: str, namespace: str = "") -> int:
        return self._storage.store.count(resource_key, namespace)

    def any(self, resource_key: str, namespace: str = "") -> bool:
        """Whether there is any object of a kind: cheaper than listing them."""
        return bool(self._storage.store.list(resource_key, namespace, limit=1))

    def generation(self) -> int:
        """A number that grows with every write of this process; for caches."""
        return self._storage.writes

    def revision(self) -> int:
        return self._storage.store.revision()
