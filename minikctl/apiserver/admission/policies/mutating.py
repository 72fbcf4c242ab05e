"""MutatingAdmissionPolicy: changes objects by apply configurations and JSON patches written in CEL.

Counterpart of `apiserver/pkg/admission/plugin/policy/mutating`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

POLICIES = "mutatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "mutatingadmissionpolicybindings.admissionregistration.k8s.io"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Apply every policy that is bound to the request."""
    policies = ctx.reader.peek_all(POLICIES)
    if not policies or obj is None or ctx.resource.key in matching.POLICIES:
        return
    for policy in policies:
        name = policy["metadata"]["name"]
        match = policy["spec"].get("matchConstraints") or {}
        if ctx.passes.due(name) and matching.matches(match, obj, old, ctx):
            changed = _apply(policy, obj, old, ctx)
            ctx.passes.ran(name, changed, policy["spec"].get("reinvocationPolicy") == "IfNeeded")


def _apply(policy: Obj, obj: Obj, old: Obj | None, ctx: Context) -> bool:
    """Carry out one policy by all its bindings; whether it changed the object."""
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel.budget import OverBudgetError
    from minikctl.apiserver.admission.policies import evaluation

    changed = False
    strict = policy["spec"].get("failurePolicy", "Fail") == "Fail"
    for binding in evaluation.bindings_of(BINDINGS, policy, ctx):
        if not evaluation.concerns(policy, binding, obj, old, ctx):
            continue
        try:
            for params in evaluation.params_of(policy, binding, ctx):
                run = evaluation.Evaluation(policy, obj, old, params, ctx)
                if run.conditions_hold():
                    changed |= _mutations(policy, obj, old, params, ctx)
        except (cel.EvaluationError, OverBudgetError, evaluation.ConfigurationError, _PatchFailed) as error:
            if strict:
                raise _refusal(policy, binding, obj, str(error), ctx) from None
    return changed


class _PatchFailed(Exception):
    """A patch that does not apply."""


def _mutations(policy: Obj, obj: Obj, old: Obj | None, params: Any, ctx: Context) -> bool:
    """Apply a policy's patches one after the other, each to what the last one left."""
    from minikctl.apiserver.admission.policies.evaluation import Evaluation, seen

    changed = False
    for mutation in policy["spec"].get("mutations") or ():
        run = Evaluation(policy, obj, old, params, ctx)
        shown = seen(obj, ctx) if ctx.request.subresource == "scale" else obj
        assert shown is not None
        if mutation.get("patchType") == "JSONPatch":
            patched = _json_patched(shown, run.value(mutation["jsonPatch"]["expression"].strip()))
        else:
            patched = _applied(shown, run.value(mutation["applyConfiguration"]["expression"].strip()), ctx)
        if patched != shown:
            replace(obj, patched, ctx)
            changed = True
    return changed


def _json_patched(obj: Obj, operations: Any) -> Obj:
    from minikctl.apimachinery import patch
    from minikctl.apimachinery.deepcopy import deep_copy

    try:
        result: Obj = patch.json_patch(deep_copy(obj), operations)
    except patch.PatchError as error:
        raise _PatchFailed(f"JSON Patch: {error}") from None
    return result


def _applied(obj: Obj, configuration: Any, ctx: Context) -> Obj:
    """The object with an apply configuration merged into it, lists by their keys."""
    from minikctl.apimachinery.managedfields import plan, typed

    schema = ctx.server.schema(ctx.resource)
    if obj["kind"] == "Scale":
        from minikctl.apimachinery import openapi

        schema = openapi.schema_for("autoscaling/v1", "Scale")
    if schema is None:
        from minikctl.apimachinery import patch

        merged: Obj = patch.merge_patch(obj, configuration)
        return merged
    shape = plan.plan_for(schema)
    problems = typed.problems(configuration, shape)
    if problems:
        raise _PatchFailed(f"error applying patch: {typed.problems_text(problems)}")
    result: Obj = typed.merge(obj, configuration, shape)
    return result


def replace(obj: Obj, patched: Obj, ctx: Context) -> None:
    """Give the object a new content in place, defaults filled in where the patch left gaps."""
    from minikctl.apimachinery.deepcopy import deep_copy
    from minikctl.apiserver.registry import decode

    content = deep_copy(patched)
    if ctx.request.subresource == "scale" and content.get("kind") == "Scale":
        from minikctl.apiserver.registry import scale

        scale.with_replicas(obj, content, ctx)
        return
    if not ctx.resource.custom and content.get("kind") == ctx.resource.kind:
        content = decode.defaulted(content, ctx)
    obj.clear()
    obj.update(content)


def _refusal(policy: Obj, binding: Obj, obj: Obj, why: str, ctx: Context) -> Exception:
    from minikctl.apiserver.admission.refusal import forbidden

    names = f"policy '{policy['metadata']['name']}' with binding '{binding['metadata']['name']}'"
    error = forbidden(obj, ctx, "admission request denied by policy")
    error.message = f"{names} denied request: {why}"
    error.args = (error.message,)
    return error
