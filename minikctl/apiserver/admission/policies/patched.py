"""Reading what a hook's JSON patch has made of an object: it must still be one of its kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minikctl.apimachinery import errors, field, openapi, structural

if TYPE_CHECKING:
    from minikctl.apimachinery.openapi import Schema
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

_SCHEME = "pkg/api/legacyscheme/scheme.go:30"


def check(result: Obj, shown: Obj, version: Resource, ctx: Context, strict: bool) -> None:
    """Refuse what cannot be read as the kind of `shown`; unknown fields too if `strict`, else they are dropped.

    StatusError, whatever a failure policy says.
    """
    if version.custom:
        _check_custom_type(result, shown, version)
    else:
        _check_type(result, shown)
    if result.get("metadata") is not None and not isinstance(result["metadata"], dict):
        raise errors.internal(structural.metadata_problem(result["metadata"], str(result["kind"])))
    schema = schema_of(shown, version, ctx)
    if schema is None:
        return
    found = structural.decode(result, schema)
    if found.fatal:
        raise errors.internal(found.fatal)
    if version.custom or not found.strict:
        return
    if strict:
        raise errors.internal("strict decoding error: " + ", ".join(found.strict))
    structural.prune(result, schema)


def schema_of(shown: Obj, version: Resource, ctx: Context) -> Schema | None:
    """The schema of what is patched: the resource, or what its subresource has in its place."""
    if shown.get("kind") != version.kind:
        return openapi.schema_for(str(shown.get("apiVersion")), str(shown.get("kind")))
    return ctx.server.schema(version)


def _check_type(result: Obj, shown: Obj) -> None:
    """A built-in kind stays what it is; what says nothing of itself is of that kind."""
    for name in ("apiVersion", "kind"):
        if not result.get(name) and name in shown:
            result[name] = shown[name]
    version, kind = result.get("apiVersion"), result.get("kind")
    if (version, kind) == (shown.get("apiVersion"), shown.get("kind")):
        return
    if not isinstance(version, str) or not isinstance(kind, str):
        raise errors.internal("couldn't get version/kind; json parse error: it is no text")
    if not openapi.knows(version, kind):
        raise errors.internal(f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"')
    if kind != shown["kind"]:
        own = str(shown["apiVersion"]).rpartition("/")[0].partition(".")[0] or "core"
        short = version.rpartition("/")[2]
        raise errors.internal(f"converting ({short}.{kind}) to ({own}.{shown['kind']}): unknown conversion")


def _check_custom_type(result: Obj, shown: Obj, version: Resource) -> None:
    if not result.get("kind"):
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False)
        raise errors.internal(f"Object 'Kind' is missing in '{text}'")
    wrong = [
        field.invalid(name, result.get(name, ""), f"must be {shown[name]}")
        for name in ("kind", "apiVersion")
        if result.get(name) != shown[name]
    ]
    if wrong:
        name = (result.get("metadata") or {}).get("name") or ""
        raise errors.invalid(f"{result['kind']}.{version.group}", str(name), wrong)
