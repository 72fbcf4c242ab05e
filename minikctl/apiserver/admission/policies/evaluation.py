"""A policy's expressions on one request: its variables, parameters and match conditions.

Counterpart of `apiserver/pkg/admission/plugin/{cel,policy/generic,policy/matching}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import cel
from minikctl.apimachinery.cel.budget import MATCH_CONDITIONS, Budget, OverBudgetError
from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_NO_PARAMS = "no params found for policy binding with `Deny` parameterNotFoundAction"


class ConfigurationError(Exception):
    """A policy or binding that cannot be carried out as it is."""


class Evaluation:
    """The variables of one request, for the expressions of one policy with one set of parameters."""

    def __init__(self, policy: Obj, obj: Obj | None, old: Obj | None, params: Any, ctx: Context) -> None:
        self._policy = policy
        self._ctx = ctx
        self._known: dict[str, Any] = {}
        self._size = len(json.dumps([obj, old, params]))
        self._budget = Budget(self._size)
        self._variables: dict[str, Any] = {
            "object": seen(obj, ctx),
            "oldObject": seen(old, ctx),
            "request": request_of(ctx, obj),
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
            if value(condition["expression"].strip()) is not True:
                return False
        except OverBudgetError as error:
            raise cel.EvaluationError(str(error)) from None
        except cel.EvaluationError as error:
            problems.append(str(error))
    if problems:
        raise cel.EvaluationError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
    return True


_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_CONNECTED = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions"}


def seen(obj: Obj | None, ctx: Context) -> Obj | None:
    """An object as those outside see it: in the version of the request, through the subresource's eyes."""
    if obj is None or obj.get("kind") != ctx.resource.kind:
        return obj
    if ctx.request.subresource == "scale":
        from minikctl.apiserver.registry import scale

        return scale.to_scale(obj, ctx)
    return ctx.server.shown(obj, ctx.resource)


def request_of(ctx: Context, obj: Obj | None) -> Obj:
    """The variable `request`: what an AdmissionReview says of the request, without its objects."""
    resource, request = ctx.resource, ctx.request
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    if obj is not None and obj.get("kind") and obj["kind"] != resource.kind:
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        kind = {"group": group, "version": version, "kind": obj["kind"]}
    elif request.subresource == "scale":
        kind = _SCALE
    elif ctx.operation == "CONNECT":
        kind = {"group": "", "version": "v1", "kind": _CONNECTED.get(request.subresource, "PodProxyOptions")}
    named = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    user = ctx.user
    return {
        "kind": kind,
        "resource": named,
        "subResource": request.subresource,
        "requestKind": kind,
        "requestResource": named,
        "requestSubResource": request.subresource,
        "name": request.name,
        "namespace": ctx.namespace,
        "operation": ctx.operation,
        "userInfo": {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra},
        "dryRun": ctx.dry_run,
        "options": _options(ctx),
    }


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


def concerns(policy: Obj, binding: Obj, obj: Obj | None, old: Obj | None, ctx: Context) -> bool:
    """Whether a binding applies a policy (which matches already) to the request."""
    return matching.matches(binding["spec"].get("matchResources") or {}, obj, old, ctx)


def params_of(policy: Obj, binding: Obj, ctx: Context) -> Iterator[Any]:
    """The parameters to apply a policy with, one after the other; None for one without parameters."""
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind or not reference:
        yield None
        return
    row = ctx.server.resource_set().by_kind(kind["apiVersion"], kind["kind"])
    if row is None:
        raise ConfigurationError(f"failed to find resource referenced by paramKind: '{_gvk(kind)}'")
    namespace = reference.get("namespace") or (ctx.namespace if row.namespaced else "")
    if row.namespaced and not namespace:
        raise ConfigurationError(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    found: list[Any] = []
    if reference.get("name"):
        one = ctx.reader.peek(row.key, namespace, reference["name"])
        found = [one] if one is not None else []
    elif reference.get("selector") is not None:
        from minikctl.apimachinery import selectors

        selector = selectors.from_label_selector(reference["selector"])
        listed = ctx.reader.list(row.key, namespace)
        found = [one for one in listed if selector.matches(one["metadata"].get("labels") or {})]
    if not found and reference.get("parameterNotFoundAction", "Deny") == "Deny":
        raise ConfigurationError(_NO_PARAMS)
    yield from found


def _gvk(kind: Obj) -> str:
    return f"{kind['apiVersion']}, Kind={kind['kind']}"
