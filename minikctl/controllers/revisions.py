"""ControllerRevisions: the history of StatefulSets and DaemonSets (upstream's `pkg/controller/history`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import controller_of
from minikctl.controllers.controller import seconds_of
from minikctl.controllers.ownership import Claim, controller_ref, is_controlled_by
from minikctl.controllers.templatehash import pod_template_hash, revision_hash

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.selectors import Selector
    from minikctl.client.client import Client

RESOURCE = "controllerrevisions.apps"


class History:
    """The revisions of one owner. `hash_label` is where the hash of the data is noted."""

    def __init__(self, client: Client, owner: Obj, api_version: str, kind: str, hash_label: str) -> None:
        self.client = client
        self.owner = owner
        self.api_version = api_version
        self.kind = kind
        self.hash_label = hash_label

    def hash_of(self, revision: Obj) -> str:
        return str((revision["metadata"].get("labels") or {}).get(self.hash_label, ""))

    def load(self, selector: Selector, adopt: bool = False) -> list[Obj]:
        """The owner's revisions that match its selector, oldest number first; orphans among them may be adopted.

        They are shared with other readers: not to be altered.
        """
        meta = self.owner["metadata"]
        claim = Claim(self.client, "", self.api_version, self.kind, RESOURCE)
        found = []
        for revision in self.client.items(RESOURCE, meta["namespace"], label_selector=selector, shared=True):
            mine: Obj | None = revision if is_controlled_by(revision, meta["uid"]) else None
            if mine is None and adopt and "deletionTimestamp" not in meta and controller_of(revision) is None:
                mine = claim.adopt(revision, self.owner)
            if mine is not None:
                found.append(mine)
        return sorted(found, key=_order)

    def current(self, revisions: list[Obj], collisions: int) -> tuple[Obj, int]:
        """The revision of the owner's present template, made or renumbered as needed, and the collision count."""
        data = template_patch(self.owner)
        equal = [revision for revision in revisions if revision.get("data") == data]
        if equal and equal[-1]["metadata"]["uid"] == revisions[-1]["metadata"]["uid"]:
            return equal[-1], collisions
        number = (revisions[-1]["revision"] if revisions else 0) + 1
        if equal:
            return self.client.update(RESOURCE, {**equal[-1], "revision": number}), collisions
        return self._create(data, number, collisions)

    def _create(self, data: Obj, number: int, collisions: int) -> tuple[Obj, int]:
        meta = self.owner["metadata"]
        while True:
            hash_ = self._hash(data, collisions)
            revision: Obj = {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {
                    "name": f"{meta['name'][:223]}-{hash_}",
                    "namespace": meta["namespace"],
                    "labels": {
                        **(self.owner["spec"]["template"]["metadata"].get("labels") or {}),
                        self.hash_label: hash_,
                    },
                    "ownerReferences": [controller_ref(self.api_version, self.kind, self.owner)],
                },
                "data": in_order(data),
                "revision": number,
            }
            if meta.get("annotations"):
                revision["metadata"]["annotations"] = meta["annotations"]
            try:
                return self.client.create(RESOURCE, revision, meta["namespace"]), collisions
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                found = self.client.get(RESOURCE, revision["metadata"]["name"], meta["namespace"])
                if found.get("data") == data:
                    return found, collisions
                collisions += 1

    def _hash(self, data: Obj, collisions: int) -> str:
        if self.kind == "DaemonSet":
            return pod_template_hash(self.owner["spec"]["template"], collisions or None)
        return revision_hash(data, collisions)

    def truncate(self, revisions: list[Obj], live: set[str], current: str = "") -> None:
        """Delete the oldest revisions that no pod uses, beyond the limit. `live` holds names or hashes in use.

        Where `current` is given, all but that one count against the limit, those in use too (DaemonSets).
        """
        limit = self.owner["spec"].get("revisionHistoryLimit", 10)
        unused = [r for r in revisions if not {r["metadata"]["name"], self.hash_of(r)} & live]
        counted = sum(1 for r in revisions if r["metadata"]["name"] != current) if current else len(unused)
        for revision in unused[: max(0, counted - limit)]:
            self.client.delete(RESOURCE, revision["metadata"]["name"], revision["metadata"]["namespace"])


def _order(revision: Obj) -> tuple[int, float, str]:
    meta = revision["metadata"]
    return revision.get("revision", 0), seconds_of(meta.get("creationTimestamp")), meta["name"]


def template_patch(owner: Obj) -> Obj:
    """What a revision holds: a patch that replaces the template."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def in_order(value: Any) -> Any:
    """The value with sorted keys, as Go writes it: kubectl compares the bytes of a revision's data."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def template_of(revision: Obj) -> Obj:
    """The template that a revision holds."""
    template: Obj = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}
