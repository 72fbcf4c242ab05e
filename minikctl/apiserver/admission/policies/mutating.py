"""MutatingAdmissionPolicy: changes objects by apply configurations and JSON patches written in CEL.

Counterpart of `apiserver/pkg/admission/plugin/policy/mutating`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery import errors
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.admission.policies.evaluation import Evaluation
    from minikctl.apiserver.registry.context import Context

POLICIES = "mutatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "mutatingadmissionpolicybindings.admissionregistration.k8s.io"


class Invocation(NamedTuple):
    """A policy that is to be carried out by one of its bindings with one of its parameters."""

    policy: Obj
    binding: Obj
    params: Any
    version: Resource

    @property
    def key(self) -> str:
        meta = (self.params or {}).get("metadata") or {}
        names = (self.policy["metadata"]["name"], self.binding["metadata"]["name"])
        return "/".join((*names, meta.get("namespace") or "", meta.get("name") or ""))


class Problem(NamedTuple):
    """Why a policy cannot be carried out, as its failure policy sees it."""

    policy: Obj
    binding: Obj | None
    why: str
    reason: str = ""

    @property
    def text(self) -> str:
        name = self.policy["metadata"]["name"]
        if self.binding is None:
            return f'policy "{name}" denied request: {self.why}'
        return f"policy '{name}' with binding '{self.binding['metadata']['name']}' denied request: {self.why}"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Apply every policy that is bound to the request, as it was before the first of them."""
    policies = ctx.reader.peek_all(POLICIES)
    if not policies or obj is None or ctx.resource.key in matching.POLICIES:
        return
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel.budget import OverBudgetError
    from minikctl.apiserver.admission.policies import evaluation
    from minikctl.apiserver.admission.policies.patching import PatchFailedError

    ctx.passes.resume(obj)
    problems: list[Problem] = []
    for one in [*_invocations(policies, obj, old, ctx, problems)]:
        if not ctx.passes.due(one.key):
            continue
        changed = False
        try:
            run = evaluation.Evaluation(one.policy, obj, old, one.params, ctx, one.version)
            if not run.conditions_hold():
                continue
            changed = _carry_out(one, obj, old, ctx, problems)
        except (cel.EvaluationError, OverBudgetError, PatchFailedError) as error:
            problems.append(Problem(one.policy, one.binding, str(error), "Invalid"))
        ctx.passes.ran(one.key, changed, one.policy["spec"].get("reinvocationPolicy") == "IfNeeded")
    told = [problem for problem in problems if problem.policy["spec"].get("failurePolicy", "Fail") == "Fail"]
    if told:
        raise _refusal(told, obj, ctx)


def _invocations(
    policies: list[Obj], obj: Obj, old: Obj | None, ctx: Context, problems: list[Problem]
) -> Iterator[Invocation]:
    """What concerns the request; what is wrong with policies and bindings themselves is added to `problems`."""
    from minikctl.apiserver.admission.policies import evaluation

    for policy in policies:
        version = matching.matched(policy["spec"].get("matchConstraints") or {}, obj, old, ctx)
        bindings = evaluation.bindings_of(BINDINGS, policy, ctx) if version is not None else []
        if version is None or not bindings:
            continue
        try:
            evaluation.check_params(policy, ctx)
        except evaluation.ConfigurationError as error:
            problems.append(Problem(policy, None, f"failed to configure policy: {error}"))
            continue
        for binding in bindings:
            if not evaluation.concerns(binding, obj, old, ctx):
                continue
            try:
                for params in evaluation.params_of(policy, binding, obj, ctx):
                    yield Invocation(policy, binding, params, version)
            except evaluation.ConfigurationError as error:
                problems.append(Problem(policy, binding, f"failed to configure binding: {error}"))


def _carry_out(one: Invocation, obj: Obj, old: Obj | None, ctx: Context, problems: list[Problem]) -> bool:
    """Apply a policy's patches one after the other, each to what the last one left; whether any changed the object."""
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel.budget import OverBudgetError
    from minikctl.apiserver.admission.policies import evaluation, patching

    changed = False
    for mutation in one.policy["spec"].get("mutations") or ():
        run = evaluation.Evaluation(one.policy, obj, old, one.params, ctx, one.version)
        try:
            changed |= _mutate(mutation, run, obj, one.version, ctx)
        except (cel.EvaluationError, OverBudgetError, patching.PatchFailedError) as error:
            problems.append(Problem(one.policy, one.binding, str(error), "Invalid"))
    return changed


def _mutate(mutation: Obj, run: Evaluation, obj: Obj, version: Resource, ctx: Context) -> bool:
    """Apply one patch; whether it changed the object."""
    from minikctl.apiserver.admission.policies import evaluation, patching

    shown = evaluation.seen(obj, ctx, version)
    assert shown is not None
    if mutation.get("patchType") == "JSONPatch":
        expression = mutation["jsonPatch"]["expression"]
        patched = patching.json_patched(shown, run.value(expression), expression, version, ctx)
    else:
        expression = mutation["applyConfiguration"]["expression"]
        patched = patching.applied(shown, run.value(expression), expression, version, ctx)
    if patched == shown:
        return False
    patching.replace(obj, patched, ctx)
    return True


def _refusal(problems: list[Problem], obj: Obj, ctx: Context) -> errors.StatusError:
    """Forbidden, in the words of the first problem; all of them are its causes."""
    from minikctl.apiserver.admission.refusal import forbidden

    error = forbidden(obj, ctx, "admission request denied by policy")
    error.message = problems[0].text
    error.args = (error.message,)
    error.reason = problems[0].reason or error.reason
    error.details["causes"] = [{"message": problem.text} for problem in problems]
    return error
