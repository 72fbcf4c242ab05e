"""The entries of metadata.managedFields: who they are, their order, and how many there may be."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from minikctl.apimachinery.managedfields.fieldset import Fields, from_paths, is_well_formed, union

Obj = dict[str, Any]
Entry = dict[str, Any]

MAX_UPDATERS = 10
_ANCIENT = "ancient-changes"

prefixes = lru_cache(maxsize=64)(from_paths)


def make(manager: str, operation: str, api_version: str, subresource: str, fields: Fields, time: str) -> Entry:
    """An entry; `time` may be "", as an apply that changed nothing leaves it."""
    entry: Entry = {
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "manager": manager,
        "operation": operation,
    }
    if subresource:
        entry["subresource"] = subresource
    if time:
        entry["time"] = time
    return entry


def identity(entry: Entry) -> tuple[str, str, str, str]:
    """Which entry it is: appliers are told apart without their API version."""
    operation = entry.get("operation", "")
    version = "" if operation == "Apply" else entry.get("apiVersion", "")
    return entry.get("manager", ""), operation, version, entry.get("subresource", "")


def identity_text(who: tuple[str, str, str, str]) -> str:
    """The identity as upstream writes it: what conflicts are sorted by."""
    names = ("manager", "operation", "apiVersion", "subresource")
    return json.dumps({k: v for k, v in zip(names, who, strict=True) if v}, separators=(",", ":"), ensure_ascii=False)


def of_live(obj: Obj | None) -> list[Entry]:
    """The object's entries; none when they cannot be read.

    Of two of the same identity, as a write of the scale subresource may leave them, the last counts.
    """
    found = ((obj or {}).get("metadata") or {}).get("managedFields") or []
    if not _are_valid(found):
        return []
    known = {identity(entry): entry for entry in found}
    return found if len(known) == len(found) else list(known.values())


def of_request(live: Obj | None, new: Obj, subresource: str) -> list[Entry]:
    """Where an update starts from: what the request says, else the live object; a reset empties them."""
    if subresource:
        return of_live(live)
    given = new["metadata"].get("managedFields")
    if given is None:
        return of_live(live)
    if is_reset(given):
        return []
    known = of_live(live)
    if given == known:
        return known
    readable = _are_valid(given) and all(is_well_formed(entry.get("fieldsV1") or {}) for entry in given)
    return given if readable else known


def is_reset(given: Any) -> bool:
    """An empty list, or one empty entry, asks for forgetting all managers."""
    return isinstance(given, list) and given in ([], [{}])


def has_others(managed: list[Entry], version: str) -> bool:
    """Whether any entry is of another version."""
    return any(entry.get("apiVersion") != version for entry in managed)


def _are_valid(entries: Any) -> bool:
    for entry in entries:
        if entry.get("operation") not in ("Apply", "Update") or not entry.get("apiVersion"):
            return False
        if entry.get("fieldsType") != "FieldsV1":
            return False
    return True


def put(obj: Obj, entries: list[Entry]) -> None:
    """Write the entries that own anything into the object, in upstream's order."""
    kept = ordered([entry for entry in entries if entry.get("fieldsV1")])
    if kept:
        obj["metadata"]["managedFields"] = kept
    else:
        obj["metadata"].pop("managedFields", None)


def ordered(entries: list[Entry]) -> list[Entry]:
    """The entries in upstream's order; sorts the list given."""
    if len(entries) > 1:
        entries.sort(key=_order)
    return entries


def _order(entry: Entry) -> tuple[str, str, str, str, str]:
    get = entry.get
    return get("operation", ""), get("time") or "", get("manager", ""), get("apiVersion", ""), get("subresource", "")


def cap(entries: list[Entry]) -> list[Entry]:
    """At most ten updaters: the oldest are merged into one "ancient-changes" entry per version."""
    updaters = [entry for entry in entries if entry.get("operation") == "Update"]
    if len(updaters) <= MAX_UPDATERS:
        return entries
    updaters.sort(key=lambda entry: (entry.get("time") or "", identity_text(identity(entry))))
    left = len(updaters)
    first: dict[str, Entry] = {}
    merged: dict[str, Entry] = {}
    gone: list[Entry] = []
    for entry in updaters:
        if left <= MAX_UPDATERS:
            break
        version = entry["apiVersion"]
        if version not in first:
            first[version] = entry
            continue
        bucket = merged.get(version) or first[version]
        fields = union(entry["fieldsV1"], bucket["fieldsV1"])
        merged[version] = make(_ANCIENT, "Update", version, "", fields, entry.get("time") or "")
        gone += [entry, first[version]]
        left -= 1
    kept = [entry for entry in entries if not any(entry is other for other in gone)]
    return kept + list(merged.values())
