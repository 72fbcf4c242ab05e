"""Conflicts of server-side apply: found, excused by client-side apply's annotation, and reported."""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields import typed
from minikctl.apimachinery.managedfields.compare import compare_maps
from minikctl.apimachinery.managedfields.entries import Entry
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, intersection, path_text, paths
from minikctl.apimachinery.managedfields.plan import Plan
from minikctl.apimachinery.managedfields.versions import Changes

Obj = dict[str, Any]
Conflicts = list[tuple[Entry, Fields]]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def find(managed: list[Entry], changes: Changes) -> Conflicts:
    """The entries that own changed fields, with those fields, in the order they are reported."""
    found = []
    for entry in managed:
        shared = intersection(entry.get("fieldsV1") or {}, changes.changed(entry.get("apiVersion", "")))
        if shared:
            found.append((entry, shared))
    return sorted(found, key=lambda pair: _entries.identity_text(_entries.identity(pair[0])))


def excused(conflicts: Conflicts, live: Obj, api_version: str, plan: Plan) -> Conflicts:
    """The conflicts that remain when fields still as client-side apply left them count as one's own."""
    allowed = _last_applied_set(live, api_version, plan)
    if not allowed:
        return conflicts
    left = [(entry, difference(fields, allowed)) for entry, fields in conflicts]
    return [(entry, fields) for entry, fields in left if fields]


def _last_applied_set(live: Obj, api_version: str, plan: Plan) -> Fields:
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return {}
    try:
        applied = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(applied, dict) or applied.get("apiVersion") != api_version or typed.problems(applied, plan):
        return {}
    changed, removed = compare_maps(applied, live, plan)
    fields = typed.field_set(applied, plan)
    return difference(difference(fields, changed or {}), removed or {})


def error(conflicts: Conflicts) -> StatusError:
    """The refusal, worded and ordered as upstream's."""
    listed = [(entry, path_text(path)) for entry, fields in conflicts for path in paths(fields)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_manager(entry)}", "field": path}
        for entry, path in listed
    ]
    if len(listed) == 1:
        entry, path = listed[0]
        text = f"Apply failed with 1 conflict: conflict with {_manager(entry)}: {path}"
    else:
        lines = []
        for entry, fields in conflicts:
            lines.append(f"conflicts with {_manager(entry)}:")
            lines += [f"- {path_text(path)}" for path in paths(fields)]
        text = f"Apply failed with {len(listed)} conflicts: " + "\n".join(lines)
    return StatusError("Conflict", text, {"causes": causes})


def _manager(entry: Entry) -> str:
    text = quote(entry.get("manager", ""))
    if entry.get("subresource"):
        text += f" with subresource {quote(entry['subresource'])}"
    if entry.get("operation") == "Update":
        text += f" using {entry.get('apiVersion', '')}"
    return text
