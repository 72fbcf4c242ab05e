"""From changes to queue keys: what wakes which controller. Light: imported before any controller is.

Beside "namespace/name" there are keys with a prefix ("orphans:ns/x", "node:x"), which a controller's
sync takes apart; they keep one cause that concerns many objects a single, de-duplicated entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.client.component import Keys, Mapper, object_key

if TYPE_CHECKING:
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.component import Env

    EnvSource = Callable[[], Env]
    from minikctl.apimachinery.request import Change, Obj

    Part = Callable[[Obj], Obj]
    Relevant = Callable[[Obj], object]


def owned_or_orphan(kind: str, part: Part | None = None, relevant: Relevant | None = None) -> Mapper:
    """The controlling owner of that kind; "orphans:NAMESPACE/NAME" for objects that nobody controls.

    `part` is what of an object its owner looks at, and `relevant` what of that wakes the owner.
    """

    def keys(change: Change) -> Keys:
        meta = change.object["metadata"]
        for owner in meta.get("ownerReferences") or ():
            if owner.get("controller"):
                if owner["kind"] != kind:
                    return ()
                if part is not None and relevant is not None and _alike(change, part, relevant):
                    return ()
                return (object_key(change.namespace, owner["name"]),)
        if change.type == "DELETED" or not meta.get("labels") or "deletionTimestamp" in meta:
            return ()
        if change.type == "ADDED":
            return (f"orphans:{object_key(change.namespace, change.name)}",)
        old = (change.old() or {}).get("metadata", {})
        if old.get("labels") == meta["labels"] and not old.get("ownerReferences"):
            return ()
        return [f"orphans:{object_key(change.namespace, change.name)}", *_lost_owner(change, kind)]

    return keys


def _alike(change: Change, part: Part, relevant: Relevant) -> bool:
    new, old = change.part(part), change.old_part(part) if change.type == "MODIFIED" else None
    return old is not None and relevant(old) == relevant(new)


def telling(source: EnvSource, mapper: Mapper) -> Mapper:
    """The same keys, with the changed object's name left for the syncs of its owners in `Env.touched`."""

    def keys(change: Change) -> Keys:
        found = list(mapper(change))
        for key in (key for key in found if not key.rpartition(":")[0] or key.endswith(":")):
            source().touched.setdefault(key, {})[change.name] = None
        return found

    return keys


def _lost_owner(change: Change, kind: str) -> list[str]:
    """The owner before the change of an object that has none now."""
    old = (change.old() or {}).get("metadata", {})
    return [
        object_key(change.namespace, owner["name"])
        for owner in old.get("ownerReferences") or ()
        if owner.get("controller") and owner["kind"] == kind
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


def namespace_of_deleted(change: Change) -> Keys:
    """The namespace in which something was deleted."""
    return (change.namespace,) if change.type == "DELETED" and change.namespace else ()


class SelectorIndex:
    """Which objects of a kind select a pod: keys for a pod's change, from a cache of selectors per namespace.

    Both methods must be mappers of the same component, so that each change of a selector is seen.
    `relevant` is what of a pod matters beside its labels.
    """

    def __init__(self, source: EnvSource, resource: str, relevant: Callable[[Obj], object]) -> None:
        self._source = source
        self._resource = resource
        self._relevant = relevant
        self._cache: dict[str, list[tuple[str, Selector]]] = {}

    def owner(self, change: Change) -> Keys:
        """The changed object itself; its namespace is read anew at the next pod."""
        if change.type != "MODIFIED" or (change.old() or {}).get("spec") != change.object.get("spec"):
            self._cache.pop(change.namespace, None)
        return (object_key(change.namespace, change.name),)

    def pod(self, change: Change) -> Keys:
        """Every object that selects the pod now or did before the change."""
        namespace = change.namespace
        if namespace not in self._cache:
            self._cache[namespace] = self._load(namespace)
        selectors = self._cache[namespace]
        if not selectors:
            return ()
        labels, before = _labels(change.object), None
        if change.type == "MODIFIED":
            old = change.old() or {"metadata": {}}
            before = _labels(old)
            if before == labels and self._relevant(old) == self._relevant(change.object):
                return ()
        return [key for key, s in selectors if s.matches(labels) or (before is not None and s.matches(before))]

    def _load(self, namespace: str) -> list[tuple[str, Selector]]:
        from minikctl.apimachinery.selectors import from_label_selector, from_set

        found = []
        for obj in self._source().client.items(self._resource, namespace):
            selector = (obj.get("spec") or {}).get("selector")
            if selector is not None:
                plain = self._resource == "services"
                key = object_key(namespace, obj["metadata"]["name"])
                found.append((key, from_set(selector) if plain else from_label_selector(selector)))
        return found


def _labels(obj: Obj) -> dict[str, str]:
    labels: dict[str, str] = obj["metadata"].get("labels") or {}
    return labels


class Dependents:
    """The garbage collector's mapper for every kind: owners gone, waiting, or referred to for the first time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def keys(self, change: Change) -> Keys:
        if change.resource in ("events", "leases.coordination.k8s.io"):
            return ()
        meta = change.object["metadata"]
        found: list[str] = []
        gone = change.type == "DELETED"
        if gone:
            self._seen.discard(meta.get("uid", ""))
            found.append(f"gone:{meta.get('uid', '')}")
        elif "deletionTimestamp" in meta and meta.get("finalizers"):
            found.append(f"deleting:{change.resource}|{object_key(change.namespace, change.name)}")
        for owner in meta.get("ownerReferences") or ():
            uid = owner["uid"]
            if uid in self._seen and not (gone and owner.get("blockOwnerDeletion")):
                continue
            self._seen.add(uid)
            found.append(f"owner:{owner['apiVersion']}|{owner['kind']}|{change.namespace}|{owner['name']}|{uid}")
        return found


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


class TaintedNodes:
    """Wakes taint eviction: a node whose NoExecute taints change, and pods that come to such a node."""

    def __init__(self, source: EnvSource) -> None:
        self._source = source
        self._tainted: dict[str, bool] = {}

    def node(self, change: Change) -> Keys:
        gone = change.type == "DELETED"
        new = [] if gone else _no_execute(change.object)
        self._tainted[change.name] = bool(new)
        if change.type == "MODIFIED" and _no_execute(change.old() or {}) == new:
            return ()
        return (change.name,) if new or change.type != "ADDED" else ()

    def pod(self, change: Change) -> Keys:
        name = change.object["spec"].get("nodeName") if change.type != "DELETED" else None
        if not name:
            return ()
        if name not in self._tainted:
            # One look at the one node: a command pays for what it touches, not for all nodes.
            node = self._source().client.peek("nodes", name)
            self._tainted[name] = node is not None and bool(_no_execute(node))
        return (name,) if self._tainted[name] else ()


def _no_execute(node: Obj) -> list[Obj]:
    return [taint for taint in (node.get("spec") or {}).get("taints") or () if taint["effect"] == "NoExecute"]


class NodeNames:
    """Wakes pod garbage collection: nodes that go, pods on nodes that are not there, pods that finish."""

    def __init__(self, source: EnvSource) -> None:
        self._source = source
        self._known: dict[str, bool] = {}

    def node(self, change: Change) -> Keys:
        self._known[change.name] = change.type != "DELETED"
        taints = (change.object.get("spec") or {}).get("taints") or ()
        tainted = any(taint["key"] == "node.kubernetes.io/out-of-service" for taint in taints)
        return (f"node:{change.name}",) if change.type != "MODIFIED" or tainted else ()

    def pod(self, change: Change) -> Keys:
        if change.type == "DELETED":
            return ()
        pod = change.object
        node = pod["spec"].get("nodeName")
        if node:
            if node not in self._known:
                self._known[node] = self._source().client.peek("nodes", node) is not None
            if not self._known[node]:
                return (f"node:{node}",)
            return ("finished:",) if _has_just_finished(change) else ()
        return (f"pod:{change.namespace}/{change.name}",) if "deletionTimestamp" in pod["metadata"] else ()


def _has_just_finished(change: Change) -> bool:
    finished = ("Succeeded", "Failed")
    if (change.object.get("status") or {}).get("phase") not in finished:
        return False
    old = (change.old() or {}) if change.type == "MODIFIED" else {}
    return (old.get("status") or {}).get("phase") not in finished


# By kind, the parts of its spec that a quota's count hangs on; other kinds cost the same as long as they are there.
_COUNTED_SPECS = {
    "pods": ("containers", "initContainers", "resources", "overhead", "activeDeadlineSeconds"),
    "services": ("type", "ports", "allocateLoadBalancerNodePorts"),
    "persistentvolumeclaims": ("resources", "storageClassName", "volumeAttributesClassName"),
    "resourceclaims.resource.k8s.io": ("devices",),
}


class QuotaNamespaces:
    """Wakes the quota controller: a quota, or what costs something else than before in a namespace that has one.

    What is created has been charged by admission (upstream's `UsesFilter` and replenishing informers).
    """

    def __init__(self, source: EnvSource) -> None:
        self._source = source
        self._namespaces: dict[str, set[str]] | None = None  # with the quotas that are in them

    def quota(self, change: Change) -> Keys:
        if self._namespaces is not None and change.type != "MODIFIED":
            known = self._namespaces.setdefault(change.namespace, set())
            (known.add if change.type == "ADDED" else known.discard)(change.name)
        if change.type == "MODIFIED" and (change.old() or {}).get("spec") == change.object.get("spec"):
            return ()  # admission charges, or this controller counted
        return (object_key(change.namespace, change.name),) if change.type != "DELETED" else ()

    def anything(self, change: Change) -> Keys:
        if not change.namespace or change.type == "ADDED":
            return ()
        if self._namespaces is None:
            self._namespaces = {}
            for found in self._source().client.items("resourcequotas"):
                meta = found["metadata"]
                self._namespaces.setdefault(meta["namespace"], set()).add(meta["name"])
        if not self._namespaces.get(change.namespace) or change.resource == "events" or _costs_the_same(change):
            return ()
        key = f"all:{change.namespace}"
        self._source().touched.setdefault(key, {})[f"{change.resource} {change.name}"] = None
        return (key,)


def _costs_the_same(change: Change) -> bool:
    """Whether a change leaves what quotas count as it was."""
    if change.type != "MODIFIED":
        return False
    fields = _COUNTED_SPECS.get(change.resource)
    if fields is None:
        return True
    old = change.old()
    return old is not None and _cost(old, fields) == _cost(change.object, fields)


def _cost(obj: Obj, fields: tuple[str, ...]) -> tuple[object, ...]:
    meta, spec = obj["metadata"], obj.get("spec") or {}
    finished = (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    classes = ((obj.get("status") or {}).get("currentVolumeAttributesClassName"), meta.get("annotations"))
    return (finished, "deletionTimestamp" in meta, classes, *(spec.get(field) for field in fields))
