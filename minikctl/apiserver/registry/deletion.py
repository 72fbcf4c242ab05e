"""Delete: preconditions, grace, finalizers and propagation, one object or a collection.

Counterparts: `registry/rest/delete.go` and the deletion half of `registry/generic/registry/store.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import admission
from minikctl.store.record import index_of

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context
    from minikctl.store.record import Record

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def delete(ctx: Context) -> Obj:
    """Carry out a delete: a Status where the object is gone, else the object that is going."""
    store = ctx.server.storage.store
    store.begin()
    try:
        record = ctx.server.storage.record(ctx.resource.key, ctx.namespace, ctx.request.name)
        if record is None:
            raise errors.not_found(ctx.resource.key, ctx.request.name)
        result = _delete(record, ctx)
    except BaseException:
        store.rollback()
        raise
    if ctx.dry_run:
        store.rollback()
    else:
        store.commit()
    return result


def _delete(record: Record, ctx: Context) -> Obj:
    obj = record.object()
    _check_preconditions(obj, ctx)
    admission.mutate(None, obj, ctx)
    admission.validate(None, obj, ctx)
    options = ctx.request.options
    asked = options.get("gracePeriodSeconds")
    grace = ctx.strategy.grace_period(obj, None if asked is None else int(asked))
    meta = obj["metadata"]
    finalizers = _finalizers(meta, ctx)
    if not finalizers and not grace and ctx.strategy.may_remove(obj):
        for function in ctx.on_commit:
            function()
        if not ctx.dry_run:
            ctx.strategy.after_delete(obj, ctx)
            ctx.server.storage.remove(record, obj)
        return _gone(obj, ctx)
    if not _begin(obj, finalizers, grace, ctx):
        return obj
    if not ctx.dry_run:
        store = ctx.server.storage.store
        ctx.server.storage.update(record, obj, index_of(record.resource, store.view(record)))
    return obj


def _begin(obj: Obj, finalizers: list[str], grace: int | None, ctx: Context) -> bool:
    """Mark the object as going; False where nothing changes by it."""
    meta = obj["metadata"]
    changed = finalizers != (meta.get("finalizers") or [])
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    seconds = grace or 0
    if "deletionTimestamp" not in meta:
        meta["deletionTimestamp"] = rfc3339(ctx.server.clock.now() + seconds)
        meta["deletionGracePeriodSeconds"] = seconds
        if meta.get("generation"):
            meta["generation"] += 1
        ctx.strategy.prepare_for_delete(obj, ctx)
        return True
    if grace is not None and seconds < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"] = rfc3339(ctx.server.clock.now() + seconds)
        meta["deletionGracePeriodSeconds"] = seconds
        return True
    return changed


def _check_preconditions(obj: Obj, ctx: Context) -> None:
    wanted: dict[str, Any] = ctx.request.options.get("preconditions") or {}
    meta, resource = obj["metadata"], ctx.resource
    # The error names the kind where others name the resource: BeforeDelete knows nothing else.
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    uid, version = wanted.get("uid"), wanted.get("resourceVersion")
    if uid and uid != meta.get("uid"):
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({meta.get('uid', '')}). "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(kind, meta["name"], why)
    if version and version != meta["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record "
            f"({meta['resourceVersion']}). The object might have been modified"
        )
        raise errors.conflict(kind, meta["name"], why)


def _finalizers(meta: Obj, ctx: Context) -> list[str]:
    """The finalizers after this delete's propagation policy (deletionFinalizersForGarbageCollection)."""
    options = ctx.request.options
    policy = options.get("propagationPolicy")
    found = list(meta.get("finalizers") or [])
    if policy is None and options.get("orphanDependents") is not None:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    if policy not in (None, "Orphan", "Background", "Foreground"):
        raise errors.StatusError(
            "Invalid",
            f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "{policy}": '
            'supported values: "Background", "Foreground", "Orphan"',
        )
    if policy is None:
        if ORPHAN in found or FOREGROUND in found:
            return found
        policy = ctx.strategy.default_propagation
    rest = [name for name in found if name not in (ORPHAN, FOREGROUND)]
    if policy == "Orphan":
        rest.append(ORPHAN)
    elif policy == "Foreground":
        rest.append(FOREGROUND)
    return rest


def _gone(obj: Obj, ctx: Context) -> Obj:
    resource, meta = ctx.resource, obj["metadata"]
    details = {"name": meta["name"], "group": resource.group, "kind": resource.plural, "uid": meta.get("uid", "")}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
