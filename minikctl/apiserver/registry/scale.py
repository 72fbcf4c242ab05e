"""The scale subresource: replicas of any workload as autoscaling/v1 Scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field, selectors
from minikctl.apimachinery.request import JSON_PATCH, STRATEGIC_PATCH, Obj, Response
from minikctl.apiserver.registry import decode, patching, read, write

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_TOLD_AS = {"deployments.apps": "deployments/scale.apps", "replicasets.apps": "replicasets/scale.apps"}
_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def handle(ctx: Context) -> Response:
    """get, update and patch of KIND/NAME/scale."""
    verb = ctx.request.verb
    if verb == "get":
        return Response(to_scale(_get(ctx), ctx))
    wanted = _decoded(ctx) if verb == "update" else None

    def transform(current: Callable[[], Obj]) -> Obj:
        live = current()
        scale = wanted if wanted is not None else _patched(to_scale(live, ctx), ctx)
        return with_replicas(live, scale, ctx)

    return Response(to_scale(write.update(ctx, transform), ctx), 200, ctx.warnings)


def _get(ctx: Context) -> Obj:
    """The workload; a missing Deployment or ReplicaSet is told by the name of its subresource."""
    try:
        return read.get(ctx)
    except errors.StatusError as error:
        if error.reason == "NotFound" and (told := _TOLD_AS.get(ctx.resource.key)):
            raise errors.not_found(told, ctx.request.name) from None
        raise


def _decoded(ctx: Context) -> Obj:
    """The Scale a client puts in place of the present one."""
    scale = decode.decode_part(ctx.request.body, "autoscaling/v1", "Scale", ctx)
    write.check_name(scale, ctx)
    return scale


def _patched(scale: Obj, ctx: Context) -> Obj:
    from minikctl.apimachinery import openapi, patch

    body = ctx.request.body
    try:
        if ctx.request.patch_type == JSON_PATCH:
            result: Obj = patch.json_patch(scale, body)
        elif ctx.request.patch_type == STRATEGIC_PATCH:
            result = patch.strategic_merge(scale, body, openapi.schema_for("autoscaling/v1", "Scale"))
        else:
            result = patch.merge_patch(scale, body)
    except patch.PatchError as error:
        raise error.status() from None
    try:
        result = decode.decode_part(result, "autoscaling/v1", "Scale", ctx)
    except decode.CannotDecode as error:
        raise patching.refused(ctx.request, result, error.problem) from None
    write.check_name(result, ctx)
    return result


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
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": shown, "spec": spec, "status": status}


def _subresource(ctx: Context) -> str:
    """The key of the subresource: "deployments/scale.apps"."""
    resource, _, group = ctx.resource.key.partition(".")
    return f"{resource}/scale.{group}" if group else f"{resource}/scale"


def with_replicas(live: Obj, scale: Obj, ctx: Context) -> Obj:
    """The workload with a Scale's wishes in it; refuses what is no valid Scale."""
    meta, own, name = scale.get("metadata") or {}, live["metadata"], live["metadata"]["name"]
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        problem = field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale.autoscaling", name, [problem])
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
