"""A write seen in the versions that the managers of an object wrote: an entry is of the version it was made in.

Structured-merge-diff's Converter and the comparisons per version of its Updater. Objects with entries of one
version, which nearly all are, are never converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields import typed
from minikctl.apimachinery.managedfields.compare import compare
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, union
from minikctl.apimachinery.managedfields.plan import Plan, plan_for

Obj = dict[str, Any]
# (object, version) -> the object in that version, the version's schema, the paths that a write resets in it.
# UnknownVersionError where the kind has no such version, StatusError where the object cannot be converted.
Convert = Callable[[Obj, str], tuple[Obj, Any, tuple[str, ...]]]
Change = tuple[Fields, Fields]


class UnknownVersionError(Exception):
    """A version that the kind does not have (any more): what is owned in it is forgotten."""


class Versions:
    """A kind as the version of a request and, through `convert`, every other version have it."""

    def __init__(self, own: str, plan: Plan, convert: Convert | None) -> None:
        self.own = own
        self.plan = plan
        self._convert = convert

    def view(self, obj: Obj, version: str) -> tuple[Obj, Plan]:
        """The object in a version, and how that version's fields merge."""
        found, plan, _ = self._view(obj, version)
        return found, plan

    def _view(self, obj: Obj, version: str) -> tuple[Obj, Plan, tuple[str, ...]]:
        if version == self.own and obj.get("apiVersion", version) == version:
            return obj, self.plan, ()
        if self._convert is None:
            raise UnknownVersionError(version)
        found, schema, resets = self._convert(obj, version)
        return found, plan_for(schema), resets

    def change(self, live: Obj, new: Obj, version: str) -> Change:
        """(changed, removed) in another version than the request's; nothing is converted to nothing."""
        after, plan, resets = self._view(new, version)
        before = self._view(live, version)[0] if live else {}
        return compare(before, after, plan, _entries.prefixes(resets))


class Changes:
    """What a write changes, in every version that is asked for."""

    def __init__(self, versions: Versions, live: Obj, new: Obj, own: Change) -> None:
        self._versions = versions
        self._live = live
        self._new = new
        self._known: dict[str, tuple[Fields, Fields]] = {versions.own: (own[0], union(*own))}

    def changed(self, version: str) -> Fields:
        """The fields that are added or modified."""
        return self._of(version)[0]

    def gone(self, version: str) -> Fields:
        """The fields that others do not own any more: the changed and the removed ones."""
        return self._of(version)[1]

    def _of(self, version: str) -> tuple[Fields, Fields]:
        found = self._known.get(version)
        if found is None:
            changed, removed = self._versions.change(self._live, self._new, version)
            found = self._known[version] = changed, union(changed, removed)
        return found

    def known(self, managed: list[Entry]) -> list[Entry]:
        """The entries of versions that the kind has."""
        return [entry for entry in managed if self._is_known(entry.get("apiVersion", ""))]

    def _is_known(self, version: str) -> bool:
        try:
            self._of(version)
        except UnknownVersionError:
            return False
        return True


def reconciled(managed: list[Entry], version: str, plan: Plan) -> list[Entry]:
    """The entries after a definition has made atomic what was not; kinds that are built in stay as they are."""
    if plan.typed or plan.schema is None:
        return managed
    result = []
    for entry in managed:
        owned = entry.get("fieldsV1") or {}
        now = typed.reconciled(owned, plan) if entry.get("apiVersion") == version else owned
        result.append(entry if now is owned else {**entry, "fieldsV1": now})
    return result


def release(managed: list[Entry], changes: Changes) -> list[Entry]:
    """The entries without the fields that have changed. Untouched entries are the same objects."""
    result = []
    for entry in managed:
        owned = entry.get("fieldsV1") or {}
        left = difference(owned, changes.gone(entry.get("apiVersion", "")))
        result.append(entry if left is owned else {**entry, "fieldsV1": left})
    return result
