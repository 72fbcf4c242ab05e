"""Where validation hands CEL expressions over to be compiled.

The rules around an expression (that it is there, its message, its names) are checked by the kinds'
modules; whether it compiles and what it yields is asked here, once per expression. Without the
engine nothing is found here; the expression then fails when it is used.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct

_RULE = ("rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf")


def policy_expression(expression: str, path: str, result: str = "bool") -> list[FieldError]:
    """Problems of an expression in an admission policy or match condition; `result` is what it must yield."""
    from minikctl.apimachinery.cel.scopes import policy_scope

    found, problem = _typed(expression, policy_scope())
    if problem:
        return [field.invalid(path, expression, f"compilation failed: {problem}")]
    return [] if found is None else _wrong_result(expression, path, result, found)


def _wrong_result(expression: str, path: str, result: str, found: Any) -> list[FieldError]:
    wanted = {"ApplyConfiguration": "Object", "JSONPatch": "list(JSONPatch)"}.get(result, result)
    if wanted == "any" or str(found) == wanted or (result == "JSONPatch" and found.kind == "list"):
        return []
    return [field.invalid(path, expression, f"must evaluate to {wanted} but got {found}")]


def device_expression(expression: str, path: str) -> list[FieldError]:
    """Problems of a device selector."""
    from minikctl.apimachinery.cel.scopes import device_scope

    found, problem = _typed(expression, device_scope())
    if problem:
        return [field.invalid(path, expression, f"compilation failed: {problem}")]
    if found is not None and found.kind not in ("bool", "dyn"):
        return [field.invalid(path, expression, "must evaluate to bool or the unknown type, not " + str(found))]
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


def schema_rules(schema: dict[str, Any], path: str) -> list[FieldError]:
    """Problems of the x-kubernetes-validations of one (valid) node of a CRD's schema."""
    from minikctl.apimachinery.cel.scopes import schema_scope

    errors: list[FieldError] = []
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        at = f"{path}.x-kubernetes-validations[{index}]"
        scope = schema_scope(schema, path.endswith("openAPIV3Schema"), bool(rule.get("optionalOldSelf")))
        found, problem = _typed(str(rule.get("rule") or ""), scope)
        if problem:
            errors.append(field.invalid(f"{at}.rule", _struct(rule), f"compilation failed: {problem}"))
        elif found is not None and found.kind not in ("bool", "dyn"):
            errors.append(field.invalid(f"{at}.rule", _struct(rule), "cel expression must evaluate to a bool"))
        if rule.get("messageExpression"):
            errors += _message_expression(rule, at, scope)
    return errors


def _message_expression(rule: dict[str, Any], path: str, scope: Any) -> list[FieldError]:
    found, problem = _typed(str(rule["messageExpression"]), scope)
    if problem:
        text = f"messageExpression compilation failed: {problem}"
    elif found is not None and found.kind not in ("string", "dyn"):
        text = "messageExpression must evaluate to a string"
    else:
        return []
    return [field.invalid(f"{path}.messageExpression", _struct(rule), text)]


def _struct(rule: dict[str, Any]) -> Struct:
    """A rule as Go prints its struct."""
    texts = ("rule", "message", "messageExpression", "fieldPath")
    return Struct({name[0].upper() + name[1:]: rule.get(name, "" if name in texts else None) for name in _RULE})
