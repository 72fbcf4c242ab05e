"""PATCH: the four content types, each turned into a transform of the live object.

Counterpart of `apiserver/pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.request import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.apiserver.registry import decode, write

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request
    from minikctl.apiserver.registry.context import Context


def patch(ctx: Context) -> Obj:
    """Carry out a patch request; the stored object."""
    request = ctx.request
    if request.patch_type == APPLY_PATCH:
        return _apply(ctx)
    if request.patch_type not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise errors.StatusError(
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            f"{JSON_PATCH}, {MERGE_PATCH}, {STRATEGIC_PATCH}, {APPLY_PATCH}",
        )
    if request.patch_type == STRATEGIC_PATCH and ctx.resource.custom:
        raise errors.StatusError(
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            f"{JSON_PATCH}, {MERGE_PATCH}, {APPLY_PATCH}",
        )
    return write.update(ctx, lambda live: _patched(live(), ctx))


def _patched(live: Obj, ctx: Context) -> Obj:
    from minikctl.apimachinery import patch as patches

    request = ctx.request
    shown = ctx.server.shown(live, ctx.resource)
    try:
        if request.patch_type == JSON_PATCH:
            result = patches.json_patch(shown, request.body)
        elif request.patch_type == MERGE_PATCH:
            result = patches.merge_patch(shown, request.body)
        else:
            result = patches.strategic_merge(shown, request.body, ctx.server.schema(ctx.resource))
    except patches.PatchError as error:
        raise error.status() from None
    try:
        return decode.decode_owned(result, ctx)
    except decode.CannotDecode as error:
        raise refused(request, result, error.problem) from None


def refused(request: Request, result: Obj, problem: str) -> errors.StatusError:
    """A patch whose outcome does not fit the kind: the error shows the patch, or for the JSON forms the outcome."""
    from minikctl.apimachinery import field
    from minikctl.apimachinery.patch.error import go_text

    if request.patch_type == STRATEGIC_PATCH:
        value = go_text(request.body)
    else:
        import json

        shown = dict(result)
        if isinstance(result.get("metadata"), dict):
            shown["metadata"] = {key: item for key, item in result["metadata"].items() if key != "managedFields"}
        value = json.dumps(shown, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return errors.invalid("", "", [field.invalid("patch", value, problem)])


def _apply(ctx: Context) -> Obj:
    """Server-side apply: creates the object where there is none."""
    from minikctl.apimachinery import managedfields

    request, server = ctx.request, ctx.server
    manager, force = apply_options(ctx)
    applied = _applied_body(ctx)
    schema = server.schema(ctx.resource)

    def merged(live: Obj | None) -> Obj:
        result = managedfields.server_side_apply(
            live,
            applied,
            manager,
            ctx.resource.api_version,
            request.subresource,
            force,
            ctx.now,
            schema,
            ctx.strategy.resets(request.subresource),
        )
        if schema is not None:
            decode.check_fields(result, schema, ctx)
        return result

    if request.subresource or server.storage.record(ctx.resource.key, ctx.namespace, request.name):
        return write.update(
            ctx, lambda live: decode.defaulted(merged(server.shown(live(), ctx.resource)), ctx), owned=True
        )
    if uid := applied["metadata"].get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise errors.conflict(ctx.resource.key, request.name, why)
    ctx.operation = "CREATE"
    server.authorize(request, "create")
    return write.insert(decode.defaulted(merged(None), ctx), ctx)


def apply_options(ctx: Context) -> tuple[str, bool]:
    """Who applies, and whether by force."""
    manager = ctx.request.options.get("fieldManager")
    if not manager:
        from minikctl.apimachinery import field

        problem = field.required("fieldManager", "is required for apply patch")
        raise errors.invalid("PatchOptions.meta.k8s.io", "", [problem])
    return str(manager), bool(ctx.request.options.get("force"))


def applied_body(ctx: Context) -> Obj:
    """The configuration that a server-side apply sends, as a new object."""
    body = ctx.request.body
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding YAML: expected an object")
    obj: Obj = deep_copy(body)
    meta = obj["metadata"] = obj.get("metadata") or {}
    if meta.get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    return obj


def _applied_body(ctx: Context) -> Obj:
    obj = applied_body(ctx)
    meta = obj["metadata"]
    if meta.setdefault("name", ctx.request.name) != ctx.request.name:
        raise errors.bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({ctx.request.name})"
        )
    if ctx.resource.namespaced:
        meta.setdefault("namespace", ctx.namespace)
    kind, version = obj.get("kind") or "", obj.get("apiVersion")
    if kind != ctx.resource.kind and version == ctx.resource.api_version:
        gvk = f"{version if ctx.resource.group else '/' + version}, Kind={kind}"
        whose = f"{meta.get('namespace', '')}/{meta['name']}; {gvk}"
        text = f"failed to create typed patch object ({whose}): no corresponding type for {gvk}"
        raise errors.StatusError("", text, code=500)
    return obj
