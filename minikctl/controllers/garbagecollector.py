"""The garbage collector: dependents go when their last owner goes (upstream's `pkg/controller/garbagecollector`).

Upstream keeps a graph of all objects in memory; here the store's owner index answers instead, and
these keys say what to look at: "gone:UID" (an object went), "deleting:RESOURCE|PATH" (an owner waits
for a finalizer), "owner:API|KIND|NAMESPACE|NAME|UID" (somebody refers to it: is it there?).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import JSON_PATCH, MERGE_PATCH, Obj
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.client.component import Env

_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"
_GONE = ("NotFound", "Conflict")


class GarbageCollector(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._owners: dict[tuple[str, ...], Obj | None] = {}
        self._gone = ""  # the uid of an object that was seen to go: it is nowhere else either

    def sync(self, key: str) -> float | None:
        self._owners = {}
        what, _, rest = key.partition(":")
        self._gone = rest if what == "gone" else ""
        if what == "gone":
            for resource, obj in self.client.dependents(rest):
                self._collect(resource, obj)
        elif what == "deleting":
            resource, _, path = rest.partition("|")
            namespace, name = split_key(path)
            owner = self.client.peek(resource, name, namespace)
            if owner is not None:
                self._finalize(resource, owner)
        else:
            api_version, kind, namespace, name, uid = rest.split("|")
            self._check_owner(api_version, kind, namespace, name, uid)
        return None

    def _check_owner(self, api_version: str, kind: str, namespace: str, name: str, uid: str) -> None:
        """An owner somebody refers to: if it is not there, its dependents are garbage; it may wait for them."""
        reference = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
        owner = self._owner(reference, namespace)
        if owner is None:
            for resource, obj in self.client.dependents(uid):
                self._collect(resource, obj)
        elif "deletionTimestamp" in owner["metadata"]:
            row = self._resource(api_version, kind)
            if row is not None:
                self._finalize(row.key, owner)

    def _resource(self, api_version: str, kind: str) -> Resource | None:
        return self.client.resource_set().by_kind(api_version, kind)

    def _owner(self, reference: Obj, namespace: str) -> Obj | None:
        """The live owner of a dependent in `namespace`; None where it is absent or another object."""
        row = self._resource(reference["apiVersion"], reference["kind"])
        if row is None:
            return {"metadata": {}}  # a kind nobody knows: the reference is left alone
        at = namespace if row.namespaced else ""
        key = (row.key, at, reference["name"], reference["uid"])
        if key not in self._owners:
            found = None if row.namespaced and not at else self.client.peek(row.key, reference["name"], at)
            if found is not None and found["metadata"].get("uid") != reference["uid"]:
                found = None
            self._owners[key] = found
        return self._owners[key]

    def _collect(self, resource: str, obj: Obj) -> None:
        """Delete a dependent without a live owner, or drop its references to dead ones (attemptToDeleteItem)."""
        meta = obj["metadata"]
        finalizers = meta.get("finalizers") or []
        if "deletionTimestamp" in meta:
            if _FOREGROUND in finalizers:
                self._finalize(resource, obj)
            return
        solid, dangling, waiting = self._classify(obj)
        if solid:
            if dangling or waiting:
                self._drop_owners(resource, obj, dangling + waiting)
            return
        if not dangling and not waiting:
            return
        policy = "Background"
        if waiting and self.client.dependents(meta["uid"]):
            policy = "Foreground"
        elif _ORPHAN in finalizers:
            policy = "Orphan"
        elif _FOREGROUND in finalizers:
            policy = "Foreground"
        self._delete(resource, obj, policy)

    def _classify(self, obj: Obj) -> tuple[list[str], list[str], list[str]]:
        """Uids of owners that live, are gone, and wait for their dependents to go."""
        meta = obj["metadata"]
        solid, dangling, waiting = [], [], []
        for reference in meta.get("ownerReferences") or ():
            owner = self._owner(reference, meta.get("namespace", ""))
            if owner is None:
                dangling.append(reference["uid"])
                self._warn_of_namespace(obj, reference)
            elif "deletionTimestamp" in owner["metadata"] and _FOREGROUND in (
                owner["metadata"].get("finalizers") or ()
            ):
                waiting.append(reference["uid"])
            else:
                solid.append(reference["uid"])
        return solid, dangling, waiting

    def _warn_of_namespace(self, obj: Obj, reference: Obj) -> None:
        """Say so where the owner does exist, in another namespace."""
        row = self._resource(reference["apiVersion"], reference["kind"])
        namespace = obj["metadata"].get("namespace", "")
        if row is None or not row.namespaced or not namespace or reference["uid"] == self._gone:
            return
        others = [o for o in self.client.items(row.key, shared=True) if o["metadata"]["uid"] == reference["uid"]]
        if others and others[0]["metadata"]["namespace"] != namespace:
            who = f"{reference['apiVersion']}/{reference['kind']}, namespace: {namespace}, name: {reference['name']}"
            message = f'ownerRef [{who}, uid: {reference["uid"]}] does not exist in namespace "{namespace}"'
            self.recorder.event(obj, "Warning", "OwnerRefInvalidNamespace", message)

    def _finalize(self, resource: str, owner: Obj) -> None:
        """Do what a deleted owner's finalizer asks for; remove it when that is done."""
        meta = owner["metadata"]
        finalizers = meta.get("finalizers") or []
        if "deletionTimestamp" not in meta:
            return
        if _ORPHAN in finalizers:
            for child, obj in self.client.dependents(meta["uid"]):
                self._drop_owners(child, obj, [meta["uid"]])
            self._remove_finalizer(resource, owner, _ORPHAN)
        elif _FOREGROUND in finalizers:
            dependents = self.client.dependents(meta["uid"])
            blocking = [entry for entry in dependents if _blocks(entry[1], meta["uid"])]
            if not blocking:
                self._remove_finalizer(resource, owner, _FOREGROUND)
            for child, obj in dependents:
                if _FOREGROUND not in (obj["metadata"].get("finalizers") or ()):
                    self._collect(child, obj)

    def _drop_owners(self, resource: str, obj: Obj, uids: list[str]) -> None:
        meta = obj["metadata"]
        kept = [reference for reference in meta.get("ownerReferences") or () if reference["uid"] not in uids]
        patch = {
            "metadata": {
                "uid": meta["uid"],
                "resourceVersion": meta["resourceVersion"],
                "ownerReferences": kept or None,
            }
        }
        try:
            self.client.patch(resource, meta["name"], patch, MERGE_PATCH, meta.get("namespace", ""))
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _delete(self, resource: str, obj: Obj, policy: str) -> None:
        meta = obj["metadata"]
        try:
            self.client.delete(
                resource,
                meta["name"],
                meta.get("namespace", ""),
                propagationPolicy=policy,
                preconditions={"uid": meta["uid"]},
            )
        except StatusError as error:
            if error.reason not in _GONE:
                raise

    def _remove_finalizer(self, resource: str, owner: Obj, finalizer: str) -> None:
        meta = owner["metadata"]
        at = meta["finalizers"].index(finalizer)
        patch = [
            {"op": "test", "path": f"/metadata/finalizers/{at}", "value": finalizer},
            {"op": "remove", "path": f"/metadata/finalizers/{at}"},
        ]
        try:
            self.client.patch(resource, meta["name"], patch, JSON_PATCH, meta.get("namespace", ""))
        except StatusError as error:
            if error.reason != "NotFound":
                raise


def _blocks(obj: Obj, uid: str) -> bool:
    return any(
        reference["uid"] == uid and reference.get("blockOwnerDeletion")
        for reference in obj["metadata"].get("ownerReferences") or ()
    )
