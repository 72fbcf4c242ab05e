"""A policy's expressions on one request: its variables, parameters and match conditions.

Counterpart of `apiserver/pkg/admission/plugin/{cel,policy/generic,policy/matching}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import cel, errors
from minikctl.apimachinery.cel.budget import MATCH_CONDITIONS, Budget, OverBudgetError
from minikctl.apiserver.admission import matching
from minikctl.apiserver.authentication import user_info

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

_NO_PARAMS = "no params found for policy binding with `Deny` parameterNotFoundAction"


class ConfigurationError(Exception):
    """A policy or binding that cannot be carried out as it is."""


class Evaluation:
    """The variables of one request, for the expressions of one policy with one set of parameters."""

    def __init__(
        self,
        policy: Obj,
        obj: Obj | None,
        old: Obj | None,
        params: Any,
        ctx: Context,
        version: Resource | None = None,
    ) -> None:
        """`version`: what the objects are to be seen as, if not as what the request is about."""
        self._policy = policy
        self._ctx = ctx
        self._known: dict[str, Any] = {}
        self._size = len(json.dumps([obj, old, params]))
        self._budget = Budget(self._size)
        self._variables: dict[str, Any] = {
            "object": seen(obj, ctx, version),
            "oldObject": seen(old, ctx, version),
            "request": request_of(ctx, obj, version),
            "params": params,
            "namespaceObject": ctx.reader.peek("namespaces", "", ctx.namespace) if ctx.namespace else None,
        }
        self._composed = {
            f"variables__{variable['name']}": variable for variable in policy["spec"].get("variables") or ()
        }

    def value(self, expression: str) -> Any:
        """The value of an expression; EvaluationError with what the policy would report.

        OverBudgetError where the budget of the whole policy is used up.
        """
        try:
            return self._run(expression)
        except (cel.EvaluationError, cel.CompileError, cel.LibraryMissingError) as error:
            text = f"expression '{expression}' resulted in error: {error}"
            raise cel.EvaluationError(text) from None

    def _run(self, expression: str) -> Any:
        program = cel.compile_(expression)
        variables, functions = self._variables, {}
        resolve = self._resolve if self._composed else None
        if "authorizer" in expression:
            from minikctl.apiserver.admission.policies import authorizer

            variables = {**variables, "authorizer": authorizer.variable(self._ctx)}
            functions = authorizer.functions(self._ctx)
        try:
            self._budget.spend(program, variables, functions, resolve)
        except OverBudgetError as error:
            if error.call:
                raise cel.EvaluationError(str(error)) from None
            raise
        return program.evaluate(variables, functions, resolve)

    def _resolve(self, name: str) -> Any:
        """A variable of the policy, worked out when it is first named."""
        if name not in self._known:
            variable = self._composed.get(name)
            if variable is None:
                return None
            try:
                self._known[name] = self._run(variable["expression"])
            except cel.EvaluationError as error:
                text = f'composited variable "{variable["name"]}" fails to evaluate: {error}'
                raise cel.FunctionError(text) from None
        return self._known[name]

    def conditions_hold(self) -> bool:
        """Whether all match conditions are true; EvaluationError where that cannot be told."""
        budget, self._budget = self._budget, Budget(self._size, MATCH_CONDITIONS)
        try:
            return conditions_hold(self._policy["spec"].get("matchConditions") or (), self.value)
        finally:
            self._budget = budget


def conditions_hold(conditions: Any, value: Callable[[str], Any]) -> bool:
    """A false condition decides, whatever errors others make."""
    problems = []
    for condition in conditions:
        try:
            if value(condition["expression"]) is not True:
                return False
        except OverBudgetError as error:
            raise cel.EvaluationError(str(error)) from None
        except cel.EvaluationError as error:
            problems.append(str(error))
    if problems:
        raise cel.EvaluationError(errors.aggregate(problems))
    return True


_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}


def seen(obj: Obj | None, ctx: Context, version: Resource | None = None) -> Obj | None:
    """An object as those outside see it: in the version they asked for, through the subresource's eyes."""
    if obj is None or obj.get("kind") != ctx.resource.kind:
        return obj
    if ctx.request.subresource == "scale":
        from minikctl.apiserver.registry import scale

        return scale.to_scale(obj, ctx)
    return ctx.server.shown(obj, version or ctx.resource)


def namespace_of(obj: Obj | None, ctx: Context) -> str:
    """The namespace of a request; that of a Namespace is itself."""
    if ctx.resource.key != "namespaces":
        return ctx.namespace
    return ctx.request.name or ((obj or {}).get("metadata") or {}).get("name") or ""


def request_of(ctx: Context, obj: Obj | None, version: Resource | None = None) -> Obj:
    """The variable `request`: what an AdmissionReview says of the request, without its objects.

    What is empty is left out, as it is of a review.
    """
    request = ctx.request
    asked, told = _kind_of(ctx.resource, obj, ctx), _kind_of(version or ctx.resource, obj, ctx)
    found = {
        "kind": told,
        "resource": _resource_of(version or ctx.resource),
        "subResource": request.subresource,
        "requestKind": asked,
        "requestResource": _resource_of(ctx.resource),
        "requestSubResource": request.subresource,
        "name": request.name,
        "namespace": namespace_of(obj, ctx),
        "operation": ctx.operation,
        "userInfo": user_info(ctx.user),
        "dryRun": ctx.dry_run,
        "options": _options(ctx) or None,
    }
    return {key: value for key, value in found.items() if value != ""}


def _resource_of(resource: Resource) -> Obj:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def _kind_of(resource: Resource, obj: Obj | None, ctx: Context) -> Obj:
    """The kind of what is sent: that of the resource, or of its subresource."""
    if obj is not None and obj.get("kind") and obj["kind"] != resource.kind:
        group, _, number = str(obj.get("apiVersion", "")).rpartition("/")
        return {"group": group, "version": number, "kind": obj["kind"]}
    if ctx.request.subresource == "scale":
        return _SCALE
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_WRITING = ("dryRun", "fieldManager", "fieldValidation")
_DELETING = ("dryRun", "gracePeriodSeconds", "preconditions", "propagationPolicy")


def _options(ctx: Context) -> Obj:
    """The options of a request as a webhook gets them; none for a connection."""
    kind = _OPTIONS.get(ctx.operation)
    if kind is None:
        return {}
    given, names = ctx.request.options, _DELETING if ctx.operation == "DELETE" else _WRITING
    found = {name: given[name] for name in names if given.get(name) not in (None, "", [])}
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", **found}


def bindings_of(kind: str, policy: Obj, ctx: Context) -> list[Obj]:
    """The bindings of a policy, by name."""
    name = policy["metadata"]["name"]
    return [binding for binding in ctx.reader.peek_all(kind) if binding["spec"].get("policyName") == name]


def concerns(binding: Obj, obj: Obj | None, old: Obj | None, ctx: Context) -> bool:
    """Whether a binding applies its policy (which matches already) to the request."""
    return matching.matched(binding["spec"].get("matchResources") or {}, obj, old, ctx) is not None


def check_params(policy: Obj, ctx: Context) -> None:
    """ConfigurationError where the kind of a policy's parameters is not served."""
    kind = policy["spec"].get("paramKind")
    if kind and ctx.server.resource_set().by_kind(kind["apiVersion"], kind["kind"]) is None:
        group, _, version = kind["apiVersion"].rpartition("/")
        named = f"{group}/{version}, Kind={kind['kind']}"
        raise ConfigurationError(f"failed to find resource referenced by paramKind: '{named}'")


def params_of(policy: Obj, binding: Obj, obj: Obj | None, ctx: Context) -> list[Any]:
    """The parameters to apply a policy with, one after the other; [None] for one without parameters."""
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind or not reference:
        return [None]
    row = ctx.server.resource_set().by_kind(kind["apiVersion"], kind["kind"])
    assert row is not None
    found = _params(row, reference, _params_namespace(row, reference, obj, ctx), ctx)
    if not found and reference.get("parameterNotFoundAction", "Deny") == "Deny":
        raise ConfigurationError(_NO_PARAMS)
    return found


def _params_namespace(row: Resource, reference: Obj, obj: Obj | None, ctx: Context) -> str:
    """Where parameters are looked for: as the binding says, or in the request's namespace."""
    asked: str = reference.get("namespace") or ""
    if not row.namespaced:
        if asked:
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    namespace = asked or namespace_of(obj, ctx)
    if not namespace:
        raise ConfigurationError(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    return namespace


def _params(row: Resource, reference: Obj, namespace: str, ctx: Context) -> list[Any]:
    """The parameters that a binding names or selects, in the version the policy asks for."""
    if reference.get("name"):
        one = ctx.reader.peek(row.key, namespace, reference["name"])
        return [] if one is None else [ctx.server.shown(one, row)]
    from minikctl.apimachinery import selectors

    selector = selectors.from_label_selector(reference.get("selector") or {})
    listed = ctx.reader.list(row.key, namespace)
    return [ctx.server.shown(one, row) for one in listed if selector.matches(one["metadata"].get("labels") or {})]
