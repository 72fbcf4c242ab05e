"""From changes to queue keys: what wakes which controller. Light: imported before any controller is.

Beside "namespace/name" there are keys with a prefix ("orphans:ns", "node:x"), which a controller's
sync takes apart; they keep one cause that concerns many objects a single, de-duplicated entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.client.component import Keys, Mapper, object_key

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Change, Obj


def owned_or_orphan(kind: str) -> Mapper:
    """The controlling owner of that kind; "orphans:NAMESPACE" for objects that nobody controls."""

    def keys(change: Change) -> Keys:
        meta = change.object["metadata"]
        for owner in meta.get("ownerReferences") or ():
            if owner.get("controller"):
                found = [object_key(change.namespace, owner["name"])] if owner.get("kind") == kind else []
                return found + _lost_owner(change, kind, owner["uid"])
        if change.type == "DELETED" or not meta.get("labels") or "deletionTimestamp" in meta:
            return ()
        if change.type == "ADDED":
            return (f"orphans:{change.namespace}",)
        old = (change.old() or {}).get("metadata", {})
        if old.get("labels") == meta["labels"] and not old.get("ownerReferences"):
            return ()
        return [f"orphans:{change.namespace}", *_lost_owner(change, kind, "")]

    return keys


def _lost_owner(change: Change, kind: str, uid: str) -> list[str]:
    """The owner before the change, where it is another now. Only an orphaned object can have lost one."""
    if uid or change.type != "MODIFIED":
        return []
    old = (change.old() or {}).get("metadata", {})
    return [
        object_key(change.namespace, owner["name"])
        for owner in old.get("ownerReferences") or ()
        if owner.get("controller") and owner.get("kind") == kind and owner["uid"] != uid
    ]


def prefixed(prefix: str) -> Mapper:
    """The object itself under "PREFIX:namespace/name"."""

    def keys(change: Change) -> Keys:
        return (f"{prefix}:{object_key(change.namespace, change.name)}",)

    return keys


def constant(key: str) -> Mapper:
    """One key whatever changes."""
    keys = (key,)
    return lambda change: keys


def namespace_of(change: Change) -> Keys:
    """The namespace of the object."""
    return (change.namespace,)


def node_placement(change: Change) -> Keys:
    """One key where nodes come, go, or change what pods may be on them."""
    if change.type == "MODIFIED":
        old, new = change.old() or {}, change.object
        if _placement(old) == _placement(new):
            return ()
    return ("nodes:",)


def _placement(node: Obj) -> tuple[object, ...]:
    spec = node.get("spec") or {}
    return (node.get("metadata") or {}).get("labels"), spec.get("taints"), spec.get("unschedulable")
