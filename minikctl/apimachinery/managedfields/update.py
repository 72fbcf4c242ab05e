"""Ownership after creates, updates and patches (fieldmanager's Update)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields.compare import compare
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, union
from minikctl.apimachinery.managedfields.plan import plan_for

Obj = dict[str, Any]


def record_update(
    live: Obj | None,
    new: Obj,
    manager: str,
    api_version: str,
    subresource: str,
    now: str,
    schema: Any,
    resets: tuple[str, ...] = (),
) -> None:
    """Set new["metadata"]["managedFields"] after a write of `manager` (`live` is None for a create).

    The manager owns what it added or modified; what it removed nobody owns any more. `resets` are the
    dotted paths that the kind's strategy resets for this (sub)resource: they change no ownership.
    """
    managed = _entries.of_request(live, new, subresource)
    new["metadata"].pop("managedFields", None)
    if live is not None and not managed and live["metadata"].get("uid"):
        return  # ownership is not tracked, or has been reset: only an apply starts it
    changed, removed = compare(live or {}, new, plan_for(schema), _entries.prefixes(resets))
    if managed and (changed or removed):
        managed = release(managed, union(changed, removed))
    if changed:
        managed = _credit(managed, manager, api_version, subresource, changed, now)
        if len(managed) > _entries.MAX_UPDATERS:
            managed = _entries.cap(managed)
    _entries.put(new, managed)


def release(managed: list[Entry], fields: Fields) -> list[Entry]:
    """The entries without these fields. Untouched entries are the same objects."""
    result = []
    for entry in managed:
        owned = entry.get("fieldsV1") or {}
        left = difference(owned, fields)
        result.append(entry if left is owned else {**entry, "fieldsV1": left})
    return result


def _credit(
    managed: list[Entry], manager: str, api_version: str, subresource: str, changed: Fields, now: str
) -> list[Entry]:
    """The entries with `changed` owned by the manager, at this time."""
    who = (manager, "Update", api_version, subresource)
    for at, entry in enumerate(managed):
        if _entries.identity(entry) == who:
            mine = _entries.make(
                manager, "Update", api_version, subresource, union(entry.get("fieldsV1") or {}, changed), now
            )
            return [*managed[:at], mine, *managed[at + 1 :]]
    return [*managed, _entries.make(manager, "Update", api_version, subresource, changed, now)]
