"""From client-side to server-side apply (client-go's csaupgrade), and what a manager owns of an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.managedfields import typed
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, union
from minikctl.apimachinery.managedfields.plan import plan_for

Obj = dict[str, Any]


def upgrade_from_client_side(obj: Obj, managers: Iterable[str], ssa_manager: str, subresource: str = "") -> list[Entry]:
    """The object's entries with what client-side managers updated owned by `ssa_manager`'s Apply entry."""
    entries: list[Entry] = deep_copy(obj["metadata"].get("managedFields") or [])
    for manager in managers:
        entries = _upgrade(entries, manager, ssa_manager, subresource)
    return entries


def _upgrade(entries: list[Entry], csa_manager: str, ssa_manager: str, subresource: str) -> list[Entry]:
    target = _first(entries, ssa_manager, "Apply", subresource)
    if target is None:
        target = _first(entries, csa_manager, "Update", subresource)
        if target is None:
            return entries
        target["operation"] = "Apply"
        target["manager"] = ssa_manager
    old = _first(entries, csa_manager, "Update", subresource, target["apiVersion"])
    if old is not None:
        target["fieldsV1"] = union(target.get("fieldsV1") or {}, old.get("fieldsV1") or {})
    return [entry for entry in entries if not _is(entry, csa_manager, "Update", subresource)]


def _is(entry: Entry, manager: str, operation: str, subresource: str) -> bool:
    return (
        entry.get("manager") == manager
        and entry.get("operation") == operation
        and entry.get("subresource", "") == subresource
    )


def _first(entries: list[Entry], manager: str, operation: str, subresource: str, version: str = "") -> Entry | None:
    for entry in entries:
        if _is(entry, manager, operation, subresource) and version in ("", entry.get("apiVersion")):
            return entry
    return None


def owners_of(obj: Obj, operation: str, fields: Fields) -> list[Entry]:
    """The entries of an operation that own all of `fields` (FindFieldsOwners)."""
    found = obj["metadata"].get("managedFields") or []
    return [
        entry
        for entry in found
        if entry.get("operation") == operation and not difference(fields, entry.get("fieldsV1") or {})
    ]


def extract(obj: Obj, manager: str, schema: Any, operation: str = "Apply", subresource: str = "") -> Obj:
    """The configuration made of the fields a manager owns, with the object's identity."""
    entry = _first(obj["metadata"].get("managedFields") or [], manager, operation, subresource)
    fields = (entry or {}).get("fieldsV1") or {}
    result: Obj = deep_copy(typed.extract(obj, fields, plan_for(schema)))
    metadata = result.setdefault("metadata", {})
    for name in ("name", "namespace"):
        if name in obj["metadata"]:
            metadata[name] = obj["metadata"][name]
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], **result}
