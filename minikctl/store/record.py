"""One stored object: where it is, at which revision, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class _Codec:
    """How JSON is written and read: the standard library, or orjson once `accelerate` has found it."""

    __slots__ = ("accelerated", "dumps", "loads")

    def __init__(self) -> None:
        self.accelerated = False
        self.dumps: Callable[[Any], str] = json.JSONEncoder(
            separators=(",", ":"), ensure_ascii=False, check_circular=False
        ).encode
        self.loads: Callable[[str], Any] = json.JSONDecoder().decode


_codec = _Codec()

ADDED, MODIFIED, DELETED = 0, 1, 2


def accelerate() -> None:
    """Use orjson where it is installed (the extra "fast"); worth its import for more than a few objects."""
    if _codec.accelerated:
        return
    try:
        import orjson
    except ImportError:
        return

    plain = _codec.dumps

    def dumps(value: Any) -> str:
        try:
            return orjson.dumps(value).decode()
        except TypeError:  # integers beyond 64 bits
            return plain(value)

    _codec.accelerated = True
    _codec.dumps = dumps
    _codec.loads = orjson.loads


def encode(obj: dict[str, Any]) -> str:
    """The stored form: compact JSON without metadata.resourceVersion, which is the row's revision."""
    obj["metadata"].pop("resourceVersion", None)
    return _codec.dumps(obj)


def decode(data: str, revision: int) -> dict[str, Any]:
    """The object as the API shows it, with its resourceVersion."""
    obj: dict[str, Any] = _codec.loads(data)
    obj["metadata"]["resourceVersion"] = str(revision)
    return obj


class Record:
    """A row of the store. `object()` decodes a fresh copy each time."""

    __slots__ = ("data", "id", "path", "resource", "revision")

    def __init__(self, id_: int, resource: str, path: str, revision: int, data: str) -> None:
        self.id = id_
        self.resource = resource
        self.path = path
        self.revision = revision
        self.data = data

    def object(self) -> dict[str, Any]:
        return decode(self.data, self.revision)


def path_of(namespace: str, name: str) -> str:
    """etcd's key order: "namespace/name", or "name" for cluster-scoped objects."""
    return f"{namespace}/{name}" if namespace else name


def split_path(path: str) -> tuple[str, str]:
    namespace, _, name = path.rpartition("/")
    return namespace, name


class Index:
    """What an object is found by: its uid, node (None where the kind has none), labels, owner uids."""

    __slots__ = ("labels", "node", "owners", "uid")

    def __init__(self, uid: str, node: str | None, labels: dict[str, str], owners: tuple[str, ...]) -> None:
        self.uid = uid
        self.node = node
        self.labels = labels
        self.owners = owners


def index_of(resource: str, obj: dict[str, Any]) -> Index:
    """The index entries of an object: pods by node, events by the object they are about."""
    meta = obj["metadata"]
    owners: tuple[str, ...] = ()
    if resource == "events":
        if about := (obj.get("involvedObject") or {}).get("uid"):
            owners = (about,)
    elif references := meta.get("ownerReferences"):
        owners = tuple(sorted({owner["uid"] for owner in references}))
    node = obj["spec"].get("nodeName", "") if resource == "pods" else None
    return Index(meta.get("uid", ""), node, meta.get("labels") or {}, owners)
