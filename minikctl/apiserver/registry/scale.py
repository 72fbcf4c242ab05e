"""The scale subresource: replicas of any workload as autoscaling/v1 Scale.

Counterparts: the ScaleREST of each workload in kubernetes `pkg/registry`, and apiextensions-apiserver's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field, managedfields, selectors
from minikctl.apimachinery.managedfields.entries import of_live, put
from minikctl.apimachinery.managedfields.scale import SCALE_VERSION, Paths, entries_of_object, entries_of_scale
from minikctl.apimachinery.request import APPLY_PATCH, JSON_PATCH, STRATEGIC_PATCH, Obj, Response
from minikctl.apiserver.registry import decode, patchbodies, patching, read, write
from minikctl.apiserver.registry.strategy import keep
from minikctl.apiserver.validation import names
from minikctl.apiserver.validation.metadata import validate_object_meta

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_GET_TOLD_AS_SCALE = ("deployments.apps", "replicasets.apps")
_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
# How many replicas a custom object has that says nothing of them, while a Scale of it is changed.
_UNSET = -(2**31)
_OLDER_VERSIONS = {"apps": ("apps/v1beta1", "apps/v1beta2")}


def handle(ctx: Context) -> Response:
    """get, update and patch of KIND/NAME/scale."""
    verb = ctx.request.verb
    if verb == "get":
        found = _existing(read.get, ctx, ctx.resource.key in _GET_TOLD_AS_SCALE)
        _require_replicas(found, ctx)
        return Response(to_scale(found, ctx))
    wanted = _decoded(ctx) if verb == "update" else None
    applied = _applied(ctx) if ctx.request.patch_type == APPLY_PATCH else None

    def transform(current: Callable[[], Obj]) -> Obj:
        live = current()
        managed, replicas = of_live(live), _replicas_paths(ctx)
        before = to_scale(live, ctx)
        if ctx.resource.custom and value_at(live, paths(ctx)[0]) is None:
            before["spec"]["replicas"] = _UNSET
        entries = entries_of_scale(managed, replicas)
        if entries:
            before["metadata"]["managedFields"] = entries
        if applied is not None:
            scale = patching.merged(before, applied, ctx)
        else:
            scale = _owned(before, wanted if wanted is not None else _patched(before, ctx), ctx)
        after = scale["metadata"].get("managedFields") or []
        changed = with_replicas(live, scale, ctx)
        left = entries_of_object(managed, after, replicas, ctx.resource.api_version)
        put(changed, left)
        return changed

    stored = _existing(lambda ctx: write.update(ctx, transform, owned=True), ctx, not ctx.resource.custom)
    return Response(to_scale(stored, ctx), 200, ctx.warnings)


def _require_replicas(obj: Obj, ctx: Context) -> None:
    """Custom objects without replicas cannot be read as a Scale."""
    path = paths(ctx)[0]
    if ctx.resource.custom and value_at(obj, path) is None:
        raise errors.internal(f"the spec replicas field {field.quote(path)} does not exist")


def _existing(action: Callable[[Context], Obj], ctx: Context, told_as_scale: bool) -> Obj:
    """What a read or write of the workload gives; a missing one may be told by the name of its subresource."""
    try:
        return action(ctx)
    except errors.StatusError as error:
        if error.reason == "NotFound" and told_as_scale:
            raise errors.not_found(_subresource(ctx), ctx.request.name) from None
        raise


def _decoded(ctx: Context) -> Obj:
    """The Scale a client puts in place of the present one."""
    scale = decode.decode_part(ctx.request.body, SCALE_VERSION, "Scale", ctx)
    write.check_name(scale, ctx)
    return scale


def _patched(scale: Obj, ctx: Context) -> Obj:
    from minikctl.apimachinery import openapi, patch

    patchbodies.check(ctx.request)
    body = ctx.request.body
    try:
        if ctx.request.patch_type == JSON_PATCH:
            result: Obj = patch.json_patch(scale, body)
        elif ctx.request.patch_type == STRATEGIC_PATCH:
            result = patch.strategic_merge(scale, body, openapi.schema_for(SCALE_VERSION, "Scale"))
        else:
            result = patch.merge_patch(scale, body)
    except patch.PatchError as error:
        raise error.status() from None
    try:
        result = decode.decode_part(result, SCALE_VERSION, "Scale", ctx)
    except decode.CannotDecode as error:
        raise patching.refused(ctx.request, result, error.problem) from None
    write.check_name(result, ctx)
    return result


def _applied(ctx: Context) -> Obj:
    """The configuration of a server-side apply. Of custom kinds the server does not know how a Scale is typed."""
    applied = patching.applied_body(ctx, SCALE_VERSION, "Scale")
    if ctx.resource.custom:
        meta, gvk = applied["metadata"], f"{SCALE_VERSION}, Kind=Scale"
        whose = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {gvk}"
        text = f"failed to create typed patch object ({whose}): no corresponding type for {gvk}"
        raise errors.StatusError("", text, code=500)
    return applied


def _owned(before: Obj, scale: Obj, ctx: Context) -> Obj:
    """The Scale with the entries of who owns its replicas now. Those of custom kinds are not followed."""
    from minikctl.apimachinery import openapi

    if ctx.resource.custom:
        keep(scale["metadata"], before["metadata"], "managedFields")
    else:
        schema = openapi.schema_for(SCALE_VERSION, "Scale")
        managedfields.record_update(before, scale, ctx.manager, SCALE_VERSION, "scale", ctx.now, schema)
    return scale


def _replicas_paths(ctx: Context) -> Paths:
    """Where each version of the kind keeps the wanted replicas."""
    if ctx.resource.custom:
        from minikctl.apiserver.registry.kinds import custom

        return custom.replicas_paths(ctx.server, ctx.resource)
    older = _OLDER_VERSIONS.get(ctx.resource.group, ())
    return dict.fromkeys((ctx.resource.api_version, *older), ".spec.replicas")


def paths(ctx: Context) -> tuple[str, str, str]:
    """Where a kind keeps wanted replicas, actual replicas and the selector."""
    if ctx.resource.custom:
        from minikctl.apiserver.registry.kinds import custom

        return custom.scale_paths(ctx.server, ctx.resource)
    return ".spec.replicas", ".status.replicas", ""


def value_at(obj: Any, path: str) -> Any:
    """The value behind a simple JSON path (".spec.replicas"), None where there is none."""
    for step in path.strip(".").split("."):
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def to_scale(obj: Obj, ctx: Context) -> Obj:
    """The Scale of a workload."""
    wanted, actual, selector_path = paths(ctx)
    meta = obj["metadata"]
    shown = {name: meta[name] for name in _SHOWN if name in meta}
    replicas = value_at(obj, wanted)
    status: Obj = {"replicas": value_at(obj, actual) or 0}
    if ctx.resource.custom:
        selector = value_at(obj, selector_path) if selector_path else None
    else:
        found = obj["spec"].get("selector")
        plain = ctx.resource.key == "replicationcontrollers"
        selector = str(selectors.from_set(found) if plain else selectors.from_label_selector(found))
    if selector:
        status["selector"] = selector
    spec = {"replicas": replicas} if replicas else {}
    return {"kind": "Scale", "apiVersion": SCALE_VERSION, "metadata": shown, "spec": spec, "status": status}


def _subresource(ctx: Context) -> str:
    """The key of the subresource: "deployments/scale.apps"."""
    resource, _, group = ctx.resource.key.partition(".")
    return f"{resource}/scale.{group}" if group else f"{resource}/scale"


def with_replicas(live: Obj, scale: Obj, ctx: Context) -> Obj:
    """The workload with a Scale's wishes in it; refuses what is no valid Scale."""
    meta, own, name = scale.get("metadata") or {}, live["metadata"], live["metadata"]["name"]
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if ctx.resource.custom and replicas == _UNSET:
        raise errors.bad_request(f"the spec replicas field {field.quote(paths(ctx)[0])} cannot be empty")
    # What a custom object may have there is for its own validation to say.
    problems = [] if ctx.resource.custom else validate_object_meta(meta, True, names.subdomain_name)
    if replicas < 0 and not ctx.resource.custom:
        problems.append(field.invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    if problems:
        raise errors.invalid("Scale.autoscaling", name, problems)
    if meta.get("uid") and meta["uid"] != own["uid"]:
        text = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {own['uid']}"
        raise errors.conflict(_subresource(ctx), name, text)
    if meta.get("resourceVersion") and meta["resourceVersion"] != own["resourceVersion"]:
        raise errors.object_modified(ctx.resource.key, name)
    parent = live
    *steps, last = paths(ctx)[0].strip(".").split(".")
    for step in steps:
        parent = parent.setdefault(step, {})
    parent[last] = replicas
    return live
