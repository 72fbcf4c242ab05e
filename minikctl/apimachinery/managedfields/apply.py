"""Server-side apply: merging a configuration into the live object, and its ownership."""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.errors import StatusError, bad_request
from minikctl.apimachinery.managedfields import conflicts as _conflicts
from minikctl.apimachinery.managedfields import entries as _entries
from minikctl.apimachinery.managedfields import typed
from minikctl.apimachinery.managedfields.compare import compare
from minikctl.apimachinery.managedfields.conflicts import LAST_APPLIED
from minikctl.apimachinery.managedfields.fieldset import Fields, difference, from_paths, intersection, union, without
from minikctl.apimachinery.managedfields.plan import Plan, plan_for
from minikctl.apimachinery.managedfields.update import release

Obj = dict[str, Any]

_KUBECTL = "kubectl"
_NOBODY_BEFORE = "before-first-apply"
_MAX_ANNOTATION = 256 * 1024
_NEVER_OWNED = from_paths(("apiVersion", "kind"))
_NEVER_OWNED["f:metadata"] = {
    ".": {},
    **{
        f"f:{name}": {}
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    },
}


def server_side_apply(
    live: Obj | None,
    applied: Obj,
    manager: str,
    api_version: str,
    subresource: str,
    force: bool,
    now: str,
    schema: Any,
    resets: tuple[str, ...] = (),
) -> Obj:
    """The object after applying a configuration (not yet defaulted or validated), a fresh one.

    Raises StatusError: Conflict with other managers' fields unless forced, BadRequest, or an error
    without reason for a configuration its schema cannot type.
    """
    plan = plan_for(schema)
    _check(applied, api_version, plan)
    managed = _entries.of_live(live)
    live = deep_copy(live) if live is not None else {"apiVersion": applied["apiVersion"], "kind": applied["kind"]}
    existed = "uid" in (live.get("metadata") or {})
    live.setdefault("metadata", {}).pop("managedFields", None)
    ignored = _entries.prefixes(resets)
    if not managed and existed:
        changed, _ = compare({}, live, plan, ignored)
        managed = [_entries.make(_NOBODY_BEFORE, "Update", api_version, subresource, changed, now)] if changed else []
    who = (manager, "Apply", "", subresource)
    last = next((entry for entry in managed if _entries.identity(entry) == who), None)
    others = [entry for entry in managed if entry is not last]
    mine = without(typed.field_set(applied, plan), ignored)
    merged = typed.merge(live, _without_nulls(deep_copy(applied)), plan)
    if last is not None and last.get("fieldsV1"):
        merged = _prune(merged, [mine, *[entry.get("fieldsV1") or {} for entry in others]], last["fieldsV1"], plan)
    changed, removed = compare(live if existed else {}, merged, plan, ignored)
    found = _conflicts.find(others, changed, who)
    if found and not force:
        left = _conflicts.excused(found, live, api_version, plan) if manager == _KUBECTL else found
        if left:
            raise _conflicts.error(left)
    if changed or removed or merged != live:
        others = release(others, union(changed, removed))
        time = now
    else:
        merged, time = live, (last or {}).get("time", "")
    entry = _entries.make(manager, "Apply", api_version, subresource, difference(mine, _NEVER_OWNED), time)
    result: Obj = merged
    _sync_last_applied(result, applied, manager)
    _entries.put(result, [*others, entry])
    return result


def _check(applied: Obj, api_version: str, plan: Plan) -> None:
    given = applied.get("apiVersion", "")
    if given != api_version:
        raise bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {given}, expected: {api_version}"
        )
    metadata = applied.get("metadata") or {}
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    found = typed.problems(applied, plan)
    if found:
        group, _, version = api_version.rpartition("/")
        kind = f"{group}/{version}, Kind={applied.get('kind', '')}"
        whose = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {kind}"
        text = f"failed to create typed patch object ({whose}): {typed.problems_text(found)}"
        raise StatusError("", text, code=500)


def _without_nulls(applied: Obj) -> Obj:
    """The configuration without explicit nulls for what the server sets (`creationTimestamp: null`)."""
    metadata = applied.get("metadata") or {}
    for name in [name for name, value in metadata.items() if value is None]:
        del metadata[name]
    return applied


def _prune(merged: Obj, owned: list[Fields], last: Fields, plan: Plan) -> Obj:
    """Take out what this manager applied last time, not now, and nobody else owns.

    Everything of the last set goes; what anybody owns comes back; of what is then still missing, what
    the last set did not have itself comes back too.
    """
    everyone: Fields = {}
    for fields in owned:
        everyone = union(everyone, fields)
    everyone = typed.named_members(everyone, plan)
    last = typed.named_members(last, plan)
    all_fields = typed.named_members(typed.field_set(merged, plan), plan)
    pruned = typed.remove(merged, last, plan) or {}
    kept = union(typed.named_members(typed.field_set(pruned, plan), plan), everyone)
    pruned = typed.remove(merged, difference(all_fields, kept), plan) or {}
    kept = typed.named_members(typed.field_set(pruned, plan), plan)
    result: Obj = typed.remove(merged, intersection(difference(all_fields, kept), last), plan)
    return result


def _sync_last_applied(result: Obj, applied: Obj, manager: str) -> None:
    """Keep client-side apply's annotation, where there is one, in step with what kubectl applies."""
    annotations = result["metadata"].get("annotations") or {}
    if manager != _KUBECTL or not annotations.get(LAST_APPLIED):
        return
    config = deep_copy(applied)
    own = config["metadata"].get("annotations")
    if own:
        own.pop(LAST_APPLIED, None)
    if not own:
        config["metadata"].pop("annotations", None)
    text = json.dumps(config, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    if sum(len(k) + len(v) for k, v in annotations.items() if k != LAST_APPLIED) + len(text) > _MAX_ANNOTATION:
        text = ""
    result["metadata"]["annotations"] = {**annotations, LAST_APPLIED: text}
