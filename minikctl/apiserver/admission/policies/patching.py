"""What mutating hooks do to an object: JSON patches, apply configurations, and putting the outcome in its place.

Counterpart of `apiserver/pkg/admission/plugin/policy/mutating/patch`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apimachinery.cel.syntax import Node
    from minikctl.apimachinery.managedfields.plan import Plan
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context


class PatchFailedError(Exception):
    """A patch that does not apply."""


def json_patched(shown: Obj, operations: Any, expression: str, version: Resource, ctx: Context) -> Obj:
    """The object with a JSON patch's operations carried out; unchanged where one of its tests does not hold."""
    from minikctl.apimachinery import patch
    from minikctl.apimachinery.patch.error import TestFailedError
    from minikctl.apiserver.admission.policies import patched

    _check_types(expression)
    try:
        result: Obj = patch.json_patch(shown, operations)
    except TestFailedError:
        return shown
    except patch.PatchError as error:
        raise PatchFailedError(f"JSON Patch: {error}") from None
    patched.check(result, shown, version, ctx, strict=True)
    return result


def webhook_patched(shown: Obj, operations: Any, version: Resource, ctx: Context) -> Obj:
    """The object with a webhook's JSON patch carried out; StatusError where that fails."""
    from minikctl.apimachinery import errors, patch
    from minikctl.apiserver.admission.policies import patched

    try:
        result: Obj = patch.json_patch(shown, operations)
    except patch.PatchError as error:
        raise errors.internal(str(error)) from None
    patched.check(result, shown, version, ctx, strict=False)
    return result


def applied(shown: Obj, configuration: Any, expression: str, version: Resource, ctx: Context) -> Obj:
    """The object with an apply configuration merged into it, lists by their keys."""
    from minikctl.apimachinery.managedfields import plan, typed
    from minikctl.apiserver.admission.policies import patched

    _check_types(expression)
    schema = patched.schema_of(shown, version, ctx)
    if schema is None:
        from minikctl.apimachinery import patch

        merged: Obj = patch.merge_patch(shown, configuration)
        return merged
    shape = plan.plan_for(schema)
    problems = typed.problems(configuration, shape)
    if problems:
        why = f"failed to convert patch object to typed object: {typed.problems_text(problems)}"
        raise PatchFailedError(f"error applying patch: {why}")
    atomics = [*_atomics(configuration, shape, "")]
    if atomics:
        why = f"invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {', '.join(atomics)}"
        raise PatchFailedError(f"error applying patch: {why}")
    result: Obj = typed.merge(shown, configuration, shape)
    return result


def _atomics(value: Any, plan: Plan, path: str) -> Iterator[str]:
    """The paths of values that would be replaced as a whole, which a policy's author may not have meant."""
    if isinstance(value, dict):
        if plan.atomic:
            yield path
        for key, inner in value.items():
            child = plan.child(key)
            if child.declared:
                yield from _atomics(inner, child, f"{path}.{key}")
    elif isinstance(value, list):
        if plan.keys is None:
            yield path
        for index, item in enumerate(value):
            yield from _atomics(item, plan.element, f"{path}[{index}]")


def _check_types(expression: str) -> None:
    """Refuse `Object.spec.x{...}` where the field it is given to is not spec.x."""
    from minikctl.apimachinery import cel

    for name, wanted in _misplaced(cel.compile_(expression).tree):
        why = f'unexpected type name "{name}", expected "{wanted}", which matches field name path from root Object type'
        raise PatchFailedError(f"type mismatch: {why}")


def _misplaced(node: Node, wanted: str = "") -> Iterator[tuple[str, str]]:
    """Objects in an expression that do not bear the name of their place, with that name."""
    from minikctl.apimachinery.cel.syntax import subtrees

    if node.kind == "struct":
        name, entries = node.parts
        if wanted and name != wanted:
            yield name, wanted
            return
        for key, inner, _ in entries:
            yield from _misplaced(inner, f"{name}.{key}" if name != "JSONPatch" else "")
        return
    for inner in subtrees(node):
        yield from _misplaced(inner, wanted)


def replace(obj: Obj, patched: Obj, ctx: Context) -> None:
    """Give the object a new content in place, defaults filled in where the patch left gaps."""
    from minikctl.apimachinery.deepcopy import deep_copy

    content = deep_copy(patched)
    if ctx.request.subresource == "scale" and content.get("kind") == "Scale":
        from minikctl.apiserver.registry import scale

        scale.with_replicas(obj, content, ctx)
        return
    if content.get("kind") == ctx.resource.kind:
        content = _in_version(content, str(obj.get("apiVersion")), ctx)
        _complete(content, ctx)
    if not isinstance(content.get("metadata"), dict):
        content["metadata"] = {}
    obj.clear()
    obj.update(content)


def _complete(content: Obj, ctx: Context) -> None:
    """Fill in defaults; of a custom resource drop what its schema does not know."""
    from minikctl.apiserver import defaults, schemadefaults

    if not ctx.resource.custom:
        defaults.apply(ctx.resource.key, str(content["apiVersion"]).rpartition("/")[2], content)
    elif (schema := ctx.server.schema(ctx.resource)) is not None:
        from minikctl.apimachinery import structural

        structural.prune(content, schema)
        schemadefaults.apply_defaults(content, schema)


def _in_version(content: Obj, api_version: str, ctx: Context) -> Obj:
    """A patched object in the version in which the request is carried out."""
    if content.get("apiVersion") == api_version:
        return content
    for row in ctx.server.resource_set().versions(ctx.resource.key):
        if row.api_version == api_version:
            return ctx.server.shown(content, row)
    return content
