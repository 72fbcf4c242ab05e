"""Where validation hands CEL expressions over to be compiled.

The rules around an expression (that it is there, its message, its names) are checked by the kinds'
modules; whether it compiles and what it yields is asked here, once per expression. Without the
engine nothing is found here; the expression then fails when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.crdstructs import rule_struct
from minikctl.apiserver.validation.names import is_c_identifier

if TYPE_CHECKING:
    from minikctl.apimachinery.cel.types import Type
    from minikctl.apiserver.validation.celcosts import TotalCost

_DEVICE_COST = 1_000_000


def is_identifier(name: str) -> bool:
    """Whether a variable of a policy can be called that."""
    from minikctl.apimachinery.cel.syntax import KEYWORDS

    return not is_c_identifier(name) and name not in KEYWORDS


class PolicyScope:
    """What the expressions of one policy or webhook may name; its variables add themselves as they are checked."""

    def __init__(self, params: bool, composed: bool) -> None:
        self._params = params
        self._variables: dict[str, Type] | None = {} if composed else None

    def problems(self, expression: str, path: str, result: str = "bool", authorizer: bool = True) -> list[FieldError]:
        """Problems of an expression; `result` is what it must yield."""
        from minikctl.apimachinery.cel.scopes import policy_scope

        patches = result in ("ApplyConfiguration", "JSONPatch")
        scope = policy_scope(self._params, authorizer, self._variables, patches)
        found, problem = _typed(expression, scope)
        if problem:
            return [field.invalid(path, expression, f"compilation failed: {problem}")]
        return [] if found is None else _wrong_result(expression, path, result, found) or _unplanned(expression, path)

    def define(self, name: str, expression: str, path: str) -> list[FieldError]:
        """Problems of a variable, which those after it may name from now on."""
        from minikctl.apimachinery.cel.scopes import policy_scope
        from minikctl.apimachinery.cel.types import DYN

        assert self._variables is not None
        found, problem = _typed(expression, policy_scope(self._params, True, self._variables))
        self._variables = {**self._variables, name: found or DYN}
        if problem:
            return [field.invalid(path, expression, f"compilation failed: {problem}")]
        return [] if found is None else _unplanned(expression, path)


def _unplanned(expression: str, path: str) -> list[FieldError]:
    """Problems that come up when an expression that compiles is made a program."""
    problem = _plan_problem(expression)
    return [field.internal(path, f"program instantiation failed: {problem}")] if problem else []


def _plan_problem(expression: str) -> str:
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel import planning

    return planning.problem(cel.compile_(expression).tree)


def _wrong_result(expression: str, path: str, result: str, found: Any) -> list[FieldError]:
    wanted = {"ApplyConfiguration": "Object", "JSONPatch": "list(JSONPatch)"}.get(result, result)
    if str(found.declared) in wanted.split(" or ") or (result == "JSONPatch" and found.kind == "list"):
        return []
    if " or " in wanted:
        text = f"must evaluate to one of [{wanted.replace(' or ', ' ')}]"
    else:
        text = f"must evaluate to {wanted} but got {found.declared}"
    return [field.invalid(path, expression, text)]


def device_expression(expression: str, path: str) -> list[FieldError]:
    """Problems of a device selector."""
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel import cost, sizes
    from minikctl.apimachinery.cel.scopes import device_scope

    scope = device_scope()
    found, problem = _typed(expression, scope)
    if problem:
        return [field.invalid(path, expression, f"compilation failed: {problem}")]
    if found is None:
        return []
    if found.kind not in ("bool", "any"):
        return [field.invalid(path, expression, "must evaluate to bool or the unknown type, not " + found.declared)]
    unplanned = _unplanned(expression, path)
    if unplanned:
        return unplanned
    if cost.estimate(cel.compile_(expression).tree, scope, sizes.DeviceSizes()) > _DEVICE_COST:
        return [field.forbidden(path, "too complex, exceeds cost limit")]
    return []


def _typed(expression: str, scope: Any) -> tuple[Any, str]:
    """The type of an expression, or why it does not compile; (None, "") without an engine."""
    from minikctl.apimachinery import cel
    from minikctl.apimachinery.cel import typing

    try:
        tree = cel.compile_(expression).tree
    except cel.CompileError as error:
        return None, str(error)
    except cel.LibraryMissingError:
        return None, ""
    found, problems = typing.check(tree, scope)
    return found, cel.report(expression, list(problems))


def schema_rules(
    schema: dict[str, Any], path: str, often: int, total: TotalCost, unmatched: str = ""
) -> list[FieldError]:
    """Problems of the x-kubernetes-validations of one (valid) node of a CRD's schema.

    `often` is how many values of the node an object can have; costs are added to `total`. `unmatched` is the
    path of the part of the schema, if any, in which old values are not to be had.
    """
    errors: list[FieldError] = []
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        checked = _Rule(schema, rule, f"{path}.x-kubernetes-validations[{index}]", often)
        errors += checked.rule_problems(total)
        if rule.get("messageExpression"):
            errors += checked.message_problems(total)
        errors += checked.old_self_problems(unmatched)
    return errors


class _Rule:
    """One rule of a schema's node, with the variables its expressions see."""

    def __init__(self, schema: dict[str, Any], rule: dict[str, Any], path: str, often: int) -> None:
        from minikctl.apimachinery.cel.scopes import schema_scope

        self._schema, self._rule, self._path, self._often = schema, rule, path, often
        self._root = path.rpartition(".")[0].endswith("openAPIV3Schema")
        self._scope = schema_scope(schema, self._root, bool(rule.get("optionalOldSelf")))

    def rule_problems(self, total: TotalCost) -> list[FieldError]:
        text, path = str(self._rule.get("rule") or ""), f"{self._path}.rule"
        found, problem = _typed(text, self._scope)
        errors = self._costs(text, "estimated rule cost", path, total) if not problem else []
        if problem:
            errors.append(field.invalid(path, rule_struct(self._rule), f"compilation failed: {problem}"))
        elif found is not None and found.kind not in ("bool", "dyn"):
            errors.append(field.invalid(path, rule_struct(self._rule), "cel expression must evaluate to a bool"))
        elif found is not None and (unplanned := _plan_problem(text)):
            why = f"program instantiation failed: {unplanned}"
            errors = [field.invalid(path, rule_struct(self._rule), why)]
        return errors

    def message_problems(self, total: TotalCost) -> list[FieldError]:
        expression, path = str(self._rule["messageExpression"]), f"{self._path}.messageExpression"
        found, problem = _typed(expression, self._scope)
        if problem:
            text = f"messageExpression compilation failed: {problem}"
        elif found is not None and found.kind not in ("string", "dyn"):
            text = "messageExpression must evaluate to a string"
        elif found is not None and (unplanned := _plan_problem(expression)):
            text = f"messageExpression instantiation failed: {unplanned}"
        else:
            return self._costs(expression, "estimated messageExpression cost", path, total)
        return [field.invalid(path, rule_struct(self._rule), text)]

    def old_self_problems(self, unmatched: str) -> list[FieldError]:
        """Whether the rule may, and whether it does, look at the value before an update."""
        from minikctl.apimachinery import cel
        from minikctl.apimachinery.cel.syntax import mentions

        text = str(self._rule.get("rule") or "")
        try:
            tree = cel.compile_(text).tree
            uses = not _typed(text, self._scope)[1] and mentions(tree, "oldSelf")
        except cel.CompileError:
            uses = False
        except cel.LibraryMissingError:
            return []
        if uses and unmatched:
            why = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {unmatched}"
            return [field.invalid(f"{self._path}.rule", text, why)]
        optional = self._rule.get("optionalOldSelf")
        if not uses and optional is not None:
            why = "may not be set if oldSelf is not used in rule"
            return [field.invalid(f"{self._path}.optionalOldSelf", optional, why)]
        return []

    def _costs(self, expression: str, what: str, path: str, total: TotalCost) -> list[FieldError]:
        from minikctl.apimachinery import cel
        from minikctl.apiserver.validation import celcosts

        try:
            tree = cel.compile_(expression).tree
        except cel.LibraryMissingError:
            return []
        amount = celcosts.rule_costs(tree, self._scope, self._schema, self._root, self._often)
        total.observe(path, amount)
        return celcosts.too_expensive(what, path, amount)
