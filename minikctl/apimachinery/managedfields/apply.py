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
from minikctl.apimachinery.managedfields.fieldset import difference, from_paths, without
from minikctl.apimachinery.managedfields.plan import NULL, Plan, plan_for
from minikctl.apimachinery.managedfields.prune import prune
from minikctl.apimachinery.managedfields.versions import Changes, Convert, Versions, reconciled, release

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
    convert: Convert | None = None,
) -> Obj:
    """The object after applying a configuration (not yet defaulted or validated), a fresh one.

    `convert` gives the object in the other versions that entries are of (None: there are none).

    Raises StatusError: Conflict with other managers' fields unless forced, BadRequest, or an error
    without reason for a configuration its schema cannot type.
    """
    plan = plan_for(schema)
    _check(applied, api_version, plan)
    managed = reconciled(_entries.of_live(live), api_version, plan)
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
    versions = Versions(api_version, plan, convert)
    if last is not None and last.get("fieldsV1"):
        owned = [(entry["apiVersion"], entry.get("fieldsV1") or {}) for entry in others]
        merged = prune(merged, [(api_version, mine), *owned], last, versions)
    before = live if existed else {}
    seen = _with_nulls(merged) if _has_null(applied) else merged
    changed, removed = compare(before, seen, plan, ignored)
    changes = Changes(versions, before, merged, (changed, removed))
    others = changes.known(others)
    found = _conflicts.find(others, changes)
    if found and not force:
        left = _conflicts.excused(found, live, api_version, plan) if manager == _KUBECTL else found
        if left:
            raise _conflicts.error(left)
    if changed or removed or merged != live:
        others = release(others, changes)
        time = now
    else:
        merged, time = live, (last or {}).get("time", "")
    entry = _entries.make(manager, "Apply", api_version, subresource, difference(mine, _NEVER_OWNED), time)
    result: Obj = merged
    _sync_last_applied(result, applied, manager)
    _entries.put(result, [*others, entry])
    return result


def _check(applied: Obj, api_version: str, plan: Plan) -> None:
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


def _has_null(value: Any) -> bool:
    if value.__class__ is dict:
        return any(_has_null(inner) for inner in value.values())
    if value.__class__ is list:
        return any(_has_null(item) for item in value)
    return value is None


def _with_nulls(value: Any) -> Any:
    if value.__class__ is dict:
        return {key: _with_nulls(inner) for key, inner in value.items()}
    if value.__class__ is list:
        return [_with_nulls(item) for item in value]
    return NULL if value is None else value


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
