"""Ownership through the scale subresource: the entries of an object as its Scale has them, and back.

A Scale has one field that anybody owns, `spec.replicas`, which stands for another field of the object it
belongs to. Counterpart: ScaleHandler of apimachinery's `util/managedfields`. As there, an entry that comes back
from the Scale has no time unless the object's own entry was left as it is.
"""

from __future__ import annotations

from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, from_paths, has

SCALE_VERSION = "autoscaling/v1"
# Where an object keeps its wanted replicas (".spec.replicas"), by its API version; None: nowhere.
Paths = dict[str, str | None]

_IN_SCALE = ("f:spec", "f:replicas")


def entries_of_scale(managed: list[Entry], paths: Paths) -> list[Entry]:
    """The entries of those who own an object's replicas, as entries of its Scale."""
    owners, fields = [], _replicas("spec.replicas")
    for entry in managed:
        if _owns(entry, paths.get(entry["apiVersion"])):
            who = entry["manager"], entry["operation"], SCALE_VERSION, entry.get("subresource", "")
            owners.append(_entries.make(*who, fields, entry.get("time") or ""))
    return _entries.ordered(owners)


def entries_of_object(managed: list[Entry], of_scale: list[Entry], paths: Paths, api_version: str) -> list[Entry]:
    """The object's entries after a write of its Scale: who owns the replicas there owns them here.

    An entry of a version that the object is not served in any more is dropped. Updaters never are the same in a
    Scale, whose version their identity has in it: what they own of the Scale becomes an entry of its own.
    """
    owners = {_entries.identity(entry): entry for entry in of_scale if has(entry.get("fieldsV1") or {}, _IN_SCALE)}
    result: list[Entry] = []
    for entry in managed:
        version = entry["apiVersion"]
        if version not in paths:
            continue
        path = paths[version]
        if path is None or not _owns(entry, path) or owners.pop(_entries.identity(entry), None) is not None:
            result.append(entry)
            continue
        left = difference(entry["fieldsV1"], _replicas(path))
        if left:
            result.append({**entry, "fieldsV1": left})
    fields = _replicas(paths[api_version] or "")
    for entry in owners.values():
        who = entry["manager"], entry["operation"], api_version, entry.get("subresource", "")
        result.append(_entries.make(*who, fields, ""))
    return _entries.ordered(result)


def _replicas(path: str) -> Fields:
    return from_paths((path.strip("."),))


def _owns(entry: Entry, path: str | None) -> bool:
    elements = tuple([f"f:{name}" for name in path.strip(".").split(".")]) if path else ()
    return bool(elements) and has(entry.get("fieldsV1") or {}, elements)
