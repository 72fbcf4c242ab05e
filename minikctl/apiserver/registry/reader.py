"""Reads without authorization for the apiserver's own use: admission, RBAC, strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.storage import Storage


class Reader:
    """What admission plugins and the authorizer look at. Results are fresh copies."""

    __slots__ = ("_storage",)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get(self, resource_key: str, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        record = self._storage.record(resource_key, namespace, name)
        return record.object() if record else None

    def list(
        self, resource_key: str, namespace: str = "", *, label: tuple[str, str] | None = None, owner: str | None = None
    ) -> list[Obj]:
        """All objects of a kind, in a namespace ("" for all), by one index at most."""
        records = self._storage.store.list(resource_key, namespace, label=label, owner=owner)
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
