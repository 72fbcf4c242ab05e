"""Ownership after creates, updates and patches (fieldmanager's Update)."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields.compare import compare
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, union
from minikctl.apimachinery.managedfields.plan import plan_for
from minikctl.apimachinery.managedfields.versions import Changes, Convert, Versions, reconciled, release

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
    convert: Convert | None = None,
) -> None:
    """Set new["metadata"]["managedFields"] after a write of `manager` (`live` is None for a create).

    The manager owns what it added or modified; what it removed nobody owns any more. `resets` are the
    dotted paths that the kind's strategy resets for this (sub)resource: they change no ownership.
    `convert` gives the objects in the other versions that entries are of (None: there are none).
    Raises StatusError where that fails.
    """
    managed = _entries.of_request(live, new, subresource)
    new["metadata"].pop("managedFields", None)
    if live is not None and not managed and live["metadata"].get("uid"):
        return  # ownership is not tracked, or has been reset: only an apply starts it
    plan = plan_for(schema)
    managed = reconciled(managed, api_version, plan)
    changed, removed = compare(live or {}, new, plan, _entries.prefixes(resets))
    if managed and (changed or removed or _entries.has_others(managed, api_version)):
        changes = Changes(Versions(api_version, plan, convert), live or {}, new, (changed, removed))
        managed = release(changes.known(managed), changes)
    if changed:
        managed = _credit(managed, manager, api_version, subresource, changed, now)
        if len(managed) > _entries.MAX_UPDATERS:
            managed = _entries.cap(managed)
    _entries.put(new, managed)


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
