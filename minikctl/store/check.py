"""Invariants of a cluster file: what must hold after any sequence of writes and kills.

`minikctl cluster check` prints what it finds, and the tests call it after each scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikctl.store.record import DELETED, decode, index_of

if TYPE_CHECKING:
    from minikctl.store.sqlite import SQLiteStore


def problems(store: SQLiteStore) -> list[str]:
    """Everything wrong with the store, one line each; empty where all is well."""
    found = [f"integrity: {row[0]}" for row in store.rows("PRAGMA integrity_check") if row[0] != "ok"]
    if found:
        return found
    return [*_log(store), *_objects(store), *_indexes(store)]


def _log(store: SQLiteStore) -> Iterator[str]:
    """Revisions after the last compaction are gap-free; each change follows one of the same object."""
    oldest, newest = store.oldest(), store.revision()
    (count,) = next(store.rows(f"SELECT count(*) FROM log WHERE revision > {oldest}"))
    if count != newest - oldest:
        yield f"log: {newest - oldest - count} revisions between {oldest} and {newest} are missing"
    broken = store.rows(
        "SELECT l.revision FROM log l JOIN log p ON p.revision = l.previous"
        " WHERE p.path != l.path OR p.resource != l.resource OR p.revision >= l.revision"
    )
    for (revision,) in broken:
        yield f"log: revision {revision} does not follow one of its own object"
    lost = store.rows(
        f"SELECT l.revision FROM log l LEFT JOIN log p ON p.revision = l.previous"
        f" WHERE l.revision > {oldest} AND l.previous IS NOT NULL AND p.revision IS NULL"
    )
    for (revision,) in lost:
        yield f"log: what revision {revision} replaced is gone too early"


def _objects(store: SQLiteStore) -> Iterator[str]:
    """Every object's current revision is in the log, is its own and is no deletion; uids are unique."""
    rows = store.rows(
        "SELECT o.resource, o.path, o.revision, l.type, l.path, l.resource FROM objects o"
        " LEFT JOIN log l ON l.revision = o.revision"
    )
    for resource, path, revision, type_, logged_path, logged_resource in rows:
        if (logged_path, logged_resource) != (path, resource):
            yield f"{resource} {path}: revision {revision} is not its own"
        elif type_ == DELETED:
            yield f"{resource} {path}: revision {revision} is its deletion"
    for uid, count in store.rows("SELECT uid, count(*) FROM objects GROUP BY uid HAVING count(*) > 1 AND uid != ''"):
        yield f"uid {uid} belongs to {count} objects"


def _indexes(store: SQLiteStore) -> Iterator[str]:
    """Labels, owners, nodes and uids in the indexes are those of the objects, and nothing more."""
    labels: dict[int, set[tuple[str, str]]] = {}
    for key, value, object_id in store.rows("SELECT key, value, object FROM labels"):
        labels.setdefault(object_id, set()).add((key, value))
    owners: dict[int, set[str]] = {}
    for owner, object_id in store.rows("SELECT owner, object FROM owners"):
        owners.setdefault(object_id, set()).add(owner)
    rows = store.rows(
        "SELECT o.id, o.resource, o.path, o.uid, o.node, o.revision, l.data FROM objects o"
        " JOIN log l ON l.revision = o.revision"
    )
    for object_id, resource, path, uid, node, revision, data in rows:
        index = index_of(resource, decode(data, revision))
        if labels.pop(object_id, set()) != set(index.labels.items()):
            yield f"{resource} {path}: its labels are indexed wrongly"
        if owners.pop(object_id, set()) != set(index.owners):
            yield f"{resource} {path}: its owners are indexed wrongly"
        if (uid, node) != (index.uid, index.node):
            yield f"{resource} {path}: its uid or node is indexed wrongly"
    if labels or owners:
        yield f"{len(labels) + len(owners)} index entries belong to no object"
