"""Owner references: who controls an object, adopting orphans and releasing what no longer matches.

Counterpart of upstream's `controller_ref_manager.go`. Owned objects are found by the owner's uid.
Orphans are looked for when an owner is new, and an orphan itself when it appears or is relabelled
(a key "orphans:NAMESPACE/NAME", see `mappers.owned_or_orphan`), so an ordinary sync reads no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import controller_of
from minikctl.apimachinery.request import STRATEGIC_PATCH, Obj
from minikctl.apimachinery.selectors import from_label_selector

if TYPE_CHECKING:
    from minikctl.client.client import Client

ORPHANS = "orphans:"


def controller_ref(api_version: str, kind: str, owner: Obj) -> Obj:
    """The reference of an object to its controller (NewControllerRef)."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_controlled_by(obj: Obj, uid: str) -> bool:
    reference = controller_of(obj)
    return reference is not None and bool(reference["uid"] == uid)


class Claim:
    """How one kind of owner claims one kind of object."""

    __slots__ = ("api_version", "child", "client", "eligible", "finalizer", "kind", "part", "resource")

    def __init__(
        self,
        client: Client,
        resource: str,
        api_version: str,
        kind: str,
        child: str = "pods",
        finalizer: str = "",
        part: Callable[[Obj], Obj] | None = None,
        eligible: Callable[[Obj, Obj], bool] = lambda obj, owner: True,
    ) -> None:
        """`part` makes what `owned` gives of each object, where the owner needs no more of it.

        `eligible` says which objects an owner adopts or releases at all.
        """
        self.client = client
        self.resource = resource
        self.api_version = api_version
        self.kind = kind
        self.child = child
        self.finalizer = finalizer
        self.part = part
        self.eligible = eligible

    def owned(self, owner: Obj, selector: Any) -> list[Obj]:
        """The objects `owner` controls after adopting (where it is new) and releasing."""
        meta = owner["metadata"]
        uid, namespace = meta["uid"], meta["namespace"]
        deleting = "deletionTimestamp" in meta
        kept = []
        for obj in self.client.items(self.child, namespace, owner=uid, part=self.part):
            if not is_controlled_by(obj, uid):
                continue
            if deleting or selector.matches(obj["metadata"].get("labels") or {}):
                kept.append(obj)
            elif self.eligible(obj, owner):
                self.release(obj, uid)
        if not deleting and "observedGeneration" not in (owner.get("status") or {}):
            for obj in self.client.items(self.child, namespace, label_selector=selector):
                if controller_of(obj) is None and self.eligible(obj, owner):
                    adopted = self.adopt(obj, owner)
                    if adopted is not None:
                        kept.append(adopted)
        return kept

    def adopt_orphan(self, namespace: str, name: str) -> None:
        """Let the first owner in the namespace that an object matches adopt it, if it has no controller."""
        obj = self.client.peek(self.child, name, namespace, shared=True)
        if obj is None or controller_of(obj) is not None:
            return
        labels = obj["metadata"].get("labels") or {}
        for owner in self.client.items(self.resource, namespace, shared=True):
            if "deletionTimestamp" in owner["metadata"] or not selector_of(owner).matches(labels):
                continue
            if self.eligible(obj, owner) and self.adopt(obj, owner) is not None:
                return

    def adopt(self, obj: Obj, owner: Obj) -> Obj | None:
        """Make `owner` the controller of `obj`; None where the object is on its way out or gone."""
        meta = obj["metadata"]
        if "deletionTimestamp" in meta:
            return None
        patch: Obj = {
            "metadata": {"ownerReferences": [controller_ref(self.api_version, self.kind, owner)], "uid": meta["uid"]}
        }
        if self.finalizer:
            patch["metadata"]["finalizers"] = [self.finalizer]
        try:
            return self.client.patch(self.child, meta["name"], patch, STRATEGIC_PATCH, meta["namespace"])
        except StatusError as error:
            if error.reason in ("NotFound", "Invalid"):
                return None
            raise

    def release(self, obj: Obj, uid: str) -> None:
        """Drop the reference of `obj` to the owner `uid`."""
        meta = obj["metadata"]
        patch: Obj = {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": uid}], "uid": meta["uid"]}}
        if self.finalizer:
            patch["metadata"]["$deleteFromPrimitiveList/finalizers"] = [self.finalizer]
        try:
            self.client.patch(self.child, meta["name"], patch, STRATEGIC_PATCH, meta["namespace"])
        except StatusError as error:
            if error.reason not in ("NotFound", "Invalid"):
                raise


def selector_of(owner: Obj) -> Any:
    """The selector of a workload; a ReplicationController's is a plain map."""
    selector = owner["spec"].get("selector")
    if owner.get("kind") == "ReplicationController":
        selector = {"matchLabels": selector or owner["spec"]["template"]["metadata"].get("labels")}
    return from_label_selector(selector)
