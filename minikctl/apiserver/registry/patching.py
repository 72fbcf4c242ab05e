"""PATCH: the four content types, each turned into a transform of the live object.

Counterpart of `apiserver/pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.request import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.apiserver.registry import decode, ownership, patchbodies, write

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
    patchbodies.check(request)
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
    request, server = ctx.request, ctx.server
    applied = applied_body(ctx, ctx.resource.api_version, ctx.resource.kind)
    if request.subresource or server.storage.record(ctx.resource.key, ctx.namespace, request.name):
        return write.update(
            ctx,
            lambda live: decode.completed(merged(server.shown(live(), ctx.resource), applied, ctx), ctx),
            owned=True,
        )
    made = decode.completed(merged(None, applied, ctx), ctx)
    if uid := made["metadata"].get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise errors.conflict(ctx.resource.key, request.name, why)
    write.check_name(made, ctx)
    ctx.operation = "CREATE"
    return write.insert(made, ctx)


def apply_options(ctx: Context) -> tuple[str, bool]:
    """Who applies, and whether by force."""
    manager = ctx.request.options.get("fieldManager")
    if not manager:
        from minikctl.apimachinery import field

        problem = field.required("fieldManager", "is required for apply patch")
        raise errors.invalid("PatchOptions.meta.k8s.io", "", [problem])
    return str(manager), bool(ctx.request.options.get("force"))


def merged(live: Obj | None, applied: Obj, ctx: Context) -> Obj:
    """What a configuration makes of the live object (None: of none), or of a part of it that has a kind of its own."""
    from minikctl.apimachinery import managedfields, openapi

    request, version = ctx.request, applied["apiVersion"]
    manager, force = apply_options(ctx)
    own = (version, applied["kind"]) == (ctx.resource.api_version, ctx.resource.kind)
    schema = ctx.server.schema(ctx.resource) if own else openapi.schema_for(version, applied["kind"])
    result = managedfields.server_side_apply(
        live,
        applied,
        manager,
        version,
        request.subresource,
        force,
        ctx.now,
        schema,
        ctx.strategy.resets(request.subresource) if own else (),
        lambda obj, to: ownership.in_version(obj, to, ctx),
    )
    if schema is not None:
        decode.check_fields(result, schema, ctx)
    return result


def applied_body(ctx: Context, api_version: str, kind: str) -> Obj:
    """The configuration that is applied, of the kind and version that is asked for, as a new object."""
    apply_options(ctx)
    body = ctx.request.body
    if body is not None and not isinstance(body, dict):
        told = decode.GO_NAMES.get(type(body), "number")
        why = f"json: cannot unmarshal {told} into Go value of type map[string]interface {{}}"
        raise errors.bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}")
    obj: Obj = deep_copy(body or {})
    meta = obj["metadata"] = obj.get("metadata") or {}
    version, named = (value if isinstance(value, str) else "" for value in (obj.get("apiVersion"), obj.get("kind")))
    if (version, named) != (api_version, kind):
        raise errors.bad_request(f"invalid object type: {version if '/' in version else f'/{version}'}, Kind={named}")
    if meta.get("managedFields") is not None:
        raise errors.bad_request("metadata.managedFields must be nil")
    return obj
