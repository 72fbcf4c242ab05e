"""From a request's body to an object: kind and version, strict decoding, defaults.

Counterpart of the decoders of `apiserver/pkg/endpoints/handlers` with field validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import defaults, schemadefaults

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema
    from minikctl.apiserver.registry.context import Context


# What Go calls the JSON values that are no objects; the rest are numbers.
GO_NAMES = {list: "array", str: "string", bool: "bool"}
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"


def decode(body: Any, ctx: Context) -> Obj:
    """The body as a new object of the request's kind, checked against its schema and defaulted.

    The body is the caller's and stays as it is.
    """
    return decode_owned(deep_copy(body), ctx)


def decode_trusted(obj: Obj, ctx: Context) -> Obj:
    """`decode` of a body that a component of this process gives away: it has its form, defaults may be missing."""
    return defaulted(obj, ctx)


def decode_owned(body: Any, ctx: Context) -> Obj:
    """`decode` of a body that nobody else holds: it is altered."""
    resource = ctx.resource
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type object)")
    obj: Obj = body
    kind, version = obj.get("kind") or resource.kind, obj.get("apiVersion") or resource.api_version
    if not resource.custom and (version, kind) != (resource.api_version, resource.kind):
        _check_convertible(version, kind, resource.group, resource.kind)
    if version != resource.api_version:
        raise _other_version(version, resource.api_version)
    if kind != resource.kind and resource.custom:
        wrong = field.invalid("kind", kind, f"must be {resource.kind}")
        raise errors.invalid(f"{kind}.{resource.group}", _name(obj), [wrong])
    if kind != resource.kind:
        raise _other_kind(kind, resource.kind, resource.version)
    obj["apiVersion"], obj["kind"] = version, kind
    if not isinstance(obj.get("metadata"), dict):
        if obj.get("metadata") is not None:
            from minikctl.apimachinery import structural

            raise CannotDecode(ctx, structural.metadata_problem(obj["metadata"], kind))
        obj["metadata"] = {}
    schema = ctx.server.schema(resource)
    if schema is not None:
        check_fields(obj, schema, ctx)
    return completed(obj, ctx)


def completed(obj: Obj, ctx: Context) -> Obj:
    """Fill in the defaults. Built-in kinds are brought to their storage version, custom ones stay in the request's."""
    if not ctx.resource.custom:
        return defaulted(obj, ctx)
    schema = ctx.server.schema(ctx.resource)
    if schema is not None:
        schemadefaults.apply_defaults(obj, schema)
    return obj


def _name(obj: Obj) -> str:
    meta = obj.get("metadata")
    return str(meta.get("name") or "") if isinstance(meta, dict) else ""


def _check_convertible(version: Any, kind: Any, expected_group: str, expected: str) -> None:
    """Refuse a body of a kind that the request's cannot be made of: an unknown one, or another."""
    from minikctl.apimachinery import openapi

    if not isinstance(version, str) or not isinstance(kind, str):
        return
    group, _, short = version.rpartition("/")
    refused = f'{kind} in version "{short}" cannot be handled as a {expected}: '
    if not openapi.knows(version, kind):
        why = f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"'
        raise errors.bad_request(refused + why)
    if (group, kind) != (expected_group, expected):
        own = expected_group.partition(".")[0] or "core"
        raise errors.bad_request(f"{refused}converting ({short}.{kind}) to ({own}.{expected}): unknown conversion")


def decode_part(body: Any, api_version: str, kind: str, ctx: Context) -> Obj:
    """What is sent to a subresource that has a kind of its own (Scale, Binding, Eviction), as a new object."""
    from minikctl.apimachinery import openapi

    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type object)")
    obj: Obj = deep_copy(body)
    group, _, version = api_version.rpartition("/")
    told = obj.get("apiVersion") or api_version, obj.get("kind") or kind
    if told != (api_version, kind):
        _check_convertible(*told, group, kind)
        raise _other_version(told[0], api_version)
    obj["apiVersion"], obj["kind"] = told
    if obj.get("metadata") is None:
        obj["metadata"] = {}
    schema = openapi.schema_for(api_version, kind)
    if schema is not None:
        check_fields(obj, schema, ctx, told=(kind, version))
    return obj


def _other_version(version: str, expected: str) -> errors.StatusError:
    return errors.bad_request(
        f"the API version in the data ({version}) does not match the expected API version ({expected})"
    )


def _other_kind(kind: str, expected: str, version: str) -> errors.StatusError:
    return errors.bad_request(
        f'{kind} in version "{version}" cannot be handled as a {expected}: no kind match for the expected kind'
    )


def check_fields(obj: Obj, schema: Schema, ctx: Context, prefix: str = "", told: tuple[str, str] | None = None) -> None:
    """Refuse what does not fit the schema; repeated and unknown fields as the fieldValidation option says.

    Unknown ones are dropped; of repeated ones the last holds.
    """
    from minikctl.apimachinery import structural

    result = structural.decode(obj, schema)
    if result.fatal:
        raise CannotDecode(ctx, prefix + result.fatal, told)
    strict = [*ctx.request.repeated, *result.strict]
    if not strict:
        return
    mode = ctx.request.options.get("fieldValidation", "Warn")
    if mode == "Strict":
        raise CannotDecode(ctx, "strict decoding error: " + ", ".join(strict), told)
    if mode == "Warn":
        ctx.warnings.extend(strict)
    if result.strict:
        structural.prune(obj, schema)


def complete(obj: Obj, ctx: Context) -> None:
    """Give a new object the parts every object of its kind has on the wire (an empty status)."""
    if ctx.resource.custom:
        return
    from minikctl.apimachinery import openapi, structural

    schema = openapi.schema_for(obj["apiVersion"], obj["kind"])
    if schema is not None:
        structural.fill(obj, schema)


class CannotDecode(errors.StatusError):
    """A body that does not fit its kind; `problem` says why. `told`: kind and version if not the request's."""

    def __init__(self, ctx: Context, problem: str, told: tuple[str, str] | None = None) -> None:
        kind, version = told or (ctx.resource.kind, ctx.resource.version)
        message = f'{kind} in version "{version}" cannot be handled as a {kind}: {problem}'
        super().__init__("BadRequest", message)
        self.problem = problem


def defaulted(obj: Obj, ctx: Context) -> Obj:
    """Fill in the defaults and bring the object to its storage version."""
    resource = ctx.resource
    defaults.apply(resource.key, resource.version, obj)
    storage = ctx.server.storage_version(resource)
    if storage is not resource:
        from minikctl.apiserver import conversion

        return conversion.convert(obj, storage.api_version)
    return obj
