"""Cluster files as a whole: make, list, delete, snapshot, restore, check.

A cluster is one file, `$MINIKCTL_HOME/clusters/NAME.db`; a snapshot is a copy of it.
"""

from __future__ import annotations

import os
from typing import Any

from minikctl.cluster import Cluster
from minikctl.store import check
from minikctl.store.errors import StoreError
from minikctl.store.sqlite import SQLiteStore

_SIDE_FILES = ("", "-wal", "-shm")


def create(path: str, settings: dict[str, Any], clock: str = "", seed: str | None = None) -> None:
    """Make and start a new cluster. StoreError where there is one already."""
    if os.path.exists(path) and os.path.getsize(path):
        raise StoreError(f"{path}: there is a cluster already")
    Cluster.open(path, clock=clock, seed=seed, settings=settings).close()


def delete(path: str) -> None:
    """Remove a cluster's files. StoreError where it is no cluster."""
    SQLiteStore(path, create=False).close()
    for suffix in _SIDE_FILES:
        if os.path.exists(path + suffix):
            os.remove(path + suffix)


def info(path: str) -> dict[str, Any]:
    """What `cluster info` prints: file, size, revision, objects, pending work, settings."""
    cluster = Cluster.open(path, create=False)
    store = cluster.store
    with store.explaining():
        found = {
            "file": path,
            "bytes": os.path.getsize(path),
            "started": store.meta("started"),
            "time": cluster.present(),
            "revision": store.revision(),
            "compacted": store.oldest(),
            "objects": {key: store.count(key) for key in store.resources()},
            "next due": store.next_due(),
            "settings": cluster.settings(),
        }
    cluster.close()
    return found


def snapshot(path: str, target: str) -> None:
    """Copy the cluster as it is now, whole, to a new file."""
    if os.path.exists(target):
        raise StoreError(f"{target}: file exists")
    store = SQLiteStore(path, create=False)
    partial = f"{target}.{os.getpid()}.partial"
    try:
        with store.explaining():
            store.backup(partial)
        os.chmod(partial, 0o600)
        os.replace(partial, target)
    finally:
        store.close()
        if os.path.exists(partial):
            os.remove(partial)


def restore(source: str, path: str) -> None:
    """Bring the cluster in `path` back to exactly the state of a snapshot.

    The content is copied inside SQLite, so that processes which have the file open see it whole or
    not at all. The snapshot is checked first; a damaged one leaves the cluster as it is.
    """
    snapshot_store = SQLiteStore(source, create=False)
    try:
        wrong = check.problems(snapshot_store)
        if wrong:
            raise StoreError(f"{source}: {wrong[0]}")
        if os.path.exists(path):
            SQLiteStore(path, create=False).close()
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with snapshot_store.explaining():
            snapshot_store.backup(path)
        os.chmod(path, 0o600)
    finally:
        snapshot_store.close()


def problems(path: str) -> list[str]:
    """What is wrong with a cluster file; empty where all is well."""
    store = SQLiteStore(path, create=False)
    try:
        return check.problems(store)
    finally:
        store.close()
