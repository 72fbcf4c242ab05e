"""What an applier leaves out of its configuration that it had in the last one goes, unless somebody owns it.

Counterpart of structured-merge-diff's Updater.prune.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields import typed
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, intersection, union
from minikctl.apimachinery.managedfields.plan import Plan
from minikctl.apimachinery.managedfields.versions import UnknownVersionError, Versions

Obj = dict[str, Any]


def prune(merged: Obj, owned: list[tuple[str, Fields]], last: Entry, versions: Versions) -> Obj:
    """Take out what this manager applied last time, not now, and nobody else owns.

    Everything of the last set goes; what anybody owns comes back; of what is then still missing, what
    the last set did not have itself comes back too. The last set's version is where this is done.
    """
    version = last["apiVersion"]
    try:
        whole, plan = versions.view(merged, version)
    except UnknownVersionError:
        return merged
    fields = typed.named_members(last["fieldsV1"], plan)
    pruned = typed.remove(whole, fields, plan) or {}
    pruned = _with_owned(whole, pruned, owned, version, versions)
    pruned = versions.view(pruned, version)[0]
    kept = _members(pruned, plan)
    result: Obj = typed.remove(whole, intersection(difference(_members(whole, plan), kept), fields), plan)
    return versions.view(result, versions.own)[0]


def _with_owned(whole: Obj, pruned: Obj, owned: list[tuple[str, Fields]], first: str, versions: Versions) -> Obj:
    """What is left with all that anybody owns: first in the version it is in, then in every other one."""
    by_version: dict[str, Fields] = {first: {}}
    for version, fields in owned:
        by_version[version] = union(by_version.get(version, {}), fields)
    for version, fields in by_version.items():
        if version == first and not fields:
            continue
        try:
            whole, plan = versions.view(whole, version)
        except UnknownVersionError:
            continue
        pruned = versions.view(pruned, version)[0]
        kept = union(_members(pruned, plan), typed.named_members(fields, plan))
        pruned = typed.remove(whole, difference(_members(whole, plan), kept), plan) or {}
    return pruned


def _members(obj: Obj, plan: Plan) -> Fields:
    return typed.named_members(typed.field_set(obj, plan), plan)
