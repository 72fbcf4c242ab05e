"""ValidatingAdmissionPolicy: refuses, warns about or notes what its validations find false.

Counterpart of `apiserver/pkg/admission/plugin/policy/validating`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.field import Struct, go_json
from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery import errors
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.admission.policies.evaluation import Evaluation
    from minikctl.apiserver.registry.context import Context

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
_CODES = {"Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413, "Unauthorized": 401}
_LONGEST_MESSAGE = 5 * 1024
_LONGEST_ANNOTATION = 10 * 1024
_FAILURE = "validation.policy.admission.k8s.io/validation_failure"


class Denial(NamedTuple):
    """A validation that did not hold: the text and the reason of the refusal, and which one it was (-1 for none)."""

    message: str
    reason: str = ""
    number: int = 0


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Apply every policy that is bound to the request."""
    policies = ctx.reader.peek_all(POLICIES)
    if not policies or ctx.resource.key in matching.POLICIES:
        return
    refusal: errors.StatusError | None = None
    for policy in policies:
        version = matching.matched(policy["spec"].get("matchConstraints") or {}, obj, old, ctx)
        if version is not None:
            found = _apply(policy, version, obj, old, ctx)
            refusal = refusal or found
    if refusal is not None:
        raise refusal


def _apply(policy: Obj, version: Resource, obj: Obj | None, old: Obj | None, ctx: Context) -> errors.StatusError | None:
    """Carry out one policy by all its bindings; the first refusal of them."""
    from minikctl.apiserver.admission.policies import evaluation

    bindings = evaluation.bindings_of(BINDINGS, policy, ctx)
    if not bindings:
        return None
    refusal: errors.StatusError | None = None
    strict = policy["spec"].get("failurePolicy", "Fail") == "Fail"
    try:
        evaluation.check_params(policy, ctx)
    except evaluation.ConfigurationError as error:
        denial = Denial(f"failed to configure policy: {error}")
        return _refusal(policy, None, denial, obj, ctx) if strict else None
    notes: dict[str, list[str]] = {}
    for binding in bindings:
        if not evaluation.concerns(binding, obj, old, ctx):
            continue
        try:
            for params in evaluation.params_of(policy, binding, obj, ctx):
                run = evaluation.Evaluation(policy, obj, old, params, ctx, version)
                for denial in _denials(policy, run, strict, notes):
                    found = _act(policy, binding, denial, obj, ctx)
                    refusal = refusal or found
        except evaluation.ConfigurationError as error:
            if strict:
                denial = Denial(f"failed to configure binding: {error}")
                refusal = refusal or _refusal(policy, binding, denial, obj, ctx)
    for key, values in notes.items():
        ctx.note(f"{policy['metadata']['name']}/{key}", ", ".join(dict.fromkeys(values)))
    return refusal


def _act(policy: Obj, binding: Obj, denial: Denial, obj: Obj | None, ctx: Context) -> errors.StatusError | None:
    """Do as the binding says about what does not hold; what is to be refused is returned."""
    if denial.number < 0:
        return _refusal(policy, binding, denial, obj, ctx)
    refusal = None
    for action in binding["spec"].get("validationActions") or ():
        if action == "Deny":
            refusal = _refusal(policy, binding, denial, obj, ctx)
        elif action == "Audit":
            ctx.note(_FAILURE, _failure(binding, denial))
        elif action == "Warn":
            ctx.warnings.append(f"Validation failed for {_names(policy, binding)}: {denial.message}")
    return refusal


def _failure(binding: Obj, denial: Denial) -> str:
    """How the audit log is told of a validation that did not hold."""
    value = Struct(
        message=denial.message,
        policy=binding["spec"]["policyName"],
        binding=binding["metadata"]["name"],
        expressionIndex=denial.number,
        validationActions=binding["spec"].get("validationActions"),
    )
    return go_json([value])


def _denials(policy: Obj, run: Evaluation, strict: bool, notes: dict[str, list[str]]) -> Iterator[Denial]:
    """What does not hold; an audit annotation that cannot be had is a denial too, of no validation (number -1)."""
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel.budget import OverBudgetError

    try:
        if not run.conditions_hold():
            return
    except cel.EvaluationError as error:
        if strict:
            yield Denial(str(error))
        return
    found: list[Denial] = []
    for index, validation in enumerate(policy["spec"].get("validations") or ()):
        try:
            if run.value(validation["expression"]) is not True:
                found.append(Denial(_message(validation, run), validation.get("reason") or "", index))
        except cel.EvaluationError as error:
            if strict:
                found.append(Denial(str(error), number=index))
        except OverBudgetError as error:
            if strict:
                yield Denial(str(error))  # what has been found before counts for nothing
            return
    yield from found
    for annotation in policy["spec"].get("auditAnnotations") or ():
        try:
            value = run.value(annotation["valueExpression"])
        except (cel.EvaluationError, OverBudgetError) as error:
            if strict:
                yield Denial(str(error), number=-1)
            continue
        if isinstance(value, str) and value.strip():
            notes.setdefault(annotation["key"], []).append(value.strip()[:_LONGEST_ANNOTATION])


def _message(validation: Obj, run: Evaluation) -> str:
    """What a false validation says: its message expression, its message, or the expression itself."""
    from minikctl.apimachinery import cel

    if validation.get("messageExpression"):
        try:
            text = run.value(validation["messageExpression"])
        except cel.EvaluationError:
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text.strip() and len(text) <= _LONGEST_MESSAGE:
            return text.strip()
    message = (validation.get("message") or "").strip()
    return message or f"failed expression: {validation['expression'].strip()}"


def _names(policy: Obj, binding: Obj | None) -> str:
    named = f"ValidatingAdmissionPolicy '{policy['metadata']['name']}'"
    return named if binding is None else f"{named} with binding '{binding['metadata']['name']}'"


def _refusal(policy: Obj, binding: Obj | None, denial: Denial, obj: Obj | None, ctx: Context) -> errors.StatusError:
    """Forbidden by its words, with the reason and code the policy gives."""
    from minikctl.apiserver.admission.refusal import forbidden

    message = f"{_names(policy, binding)} denied request: {denial.message}"
    error = forbidden(obj, ctx, message)
    error.reason = denial.reason or "Invalid"
    error.code = _CODES.get(error.reason, 422)
    error.details["causes"] = [{"message": message}]
    return error
