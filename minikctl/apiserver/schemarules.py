"""x-kubernetes-validations: the CEL rules in a custom resource's schema, applied to an object.

Called by `schemavalidation` once the rest of the schema holds. Counterpart of apiextensions-apiserver's
`schema/cel`: rules about `oldSelf` look at updates only, and what an update leaves alone is not judged.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from minikctl.apimachinery import cel, field
from minikctl.apimachinery.cel.budget import Budget, OverBudgetError
from minikctl.apimachinery.cel.syntax import Node as Tree
from minikctl.apimachinery.field import FieldError

Node = dict[str, Any]

_NOTHING = object()


def check(new: Any, old: Any, raw: Node) -> list[FieldError]:
    """What the rules have against an object; `old` is None where it is new."""
    errors: list[FieldError] = []
    budget = Budget(len(json.dumps(new)))
    try:
        errors += _walk(new, _NOTHING if old is None else old, raw, "", budget)
    except cel.LibraryMissingError as error:
        return [field.internal("<nil>", str(error))]
    return errors


def _walk(new: Any, old: Any, raw: Node, path: str, budget: Budget) -> Iterator[FieldError]:
    """The rules of this node, then those below it, in the order of the value."""
    if new is None:
        return
    for rule in raw.get("x-kubernetes-validations") or ():
        if budget.spent:
            return
        error = _judge(new, old, raw, rule, path, budget)
        if error is not None:
            yield error
    if isinstance(new, dict):
        known = raw.get("properties") or {}
        extra = raw.get("additionalProperties")
        for name in sorted(new):
            child = known.get(name) or (extra if isinstance(extra, dict) else None)
            if child:
                before = old.get(name, _NOTHING) if isinstance(old, dict) else _NOTHING
                at = f"{path}[{name}]" if name not in known else f"{path}.{name}" if path else name
                yield from _walk(new[name], before, child, at, budget)
    elif isinstance(new, list) and isinstance(raw.get("items"), dict):
        for index, item in enumerate(new):
            yield from _walk(item, _counterpart(item, old, raw), raw["items"], f"{path}[{index}]", budget)


def _counterpart(item: Any, old: Any, raw: Node) -> Any:
    """The item of the old list that a new one continues: only list-maps can tell."""
    keys = raw.get("x-kubernetes-list-map-keys")
    if raw.get("x-kubernetes-list-type") != "map" or not keys or not isinstance(old, list):
        return _NOTHING
    for before in old:
        if all(before.get(key) == item.get(key) for key in keys):
            return before
    return _NOTHING


def _judge(new: Any, old: Any, raw: Node, rule: Node, path: str, budget: Budget) -> FieldError | None:
    expression = str(rule.get("rule", ""))
    program = _compiled(expression)
    if program is None:
        return None
    optional = bool(rule.get("optionalOldSelf"))
    transition = _mentions(program.tree, "oldSelf")
    if (transition and old is _NOTHING and not optional) or (not transition and old is not _NOTHING and new == old):
        return None
    variables = {"self": typed(new, raw)}
    if transition:
        variables["oldSelf"] = _old_self(old, raw, optional)
    try:
        budget.spend(program, variables)
        if program.evaluate(variables) is True:
            return None
    except OverBudgetError as error:
        text = (rule.get("message") or expression).strip()
        return _invalid(path, new, f"'{error}': call cost exceeds limit for rule: {text}" if error.call else str(error))
    except cel.EvaluationError as error:
        text = (rule.get("message") or expression).strip()
        if str(error).startswith("no such overload"):
            why = f"'{error}': call arguments did not match a supported operator, function or macro signature for rule"
            return _invalid(path, new, f"{why}: {text}")
        return _invalid(path, new, f"{error} evaluating rule: {text}")
    return _refusal(rule, path + _field_path(rule.get("fieldPath") or "", path), new, _message(rule, variables))


def _compiled(expression: str) -> cel.Program | None:
    """The program of a rule; None for one that was stored without being compilable."""
    try:
        return cel.compile_(expression)
    except cel.CompileError:
        return None


def _old_self(old: Any, raw: Node, optional: bool) -> Any:
    if not optional:
        return typed(old, raw)
    kinds = cel.library.optional()
    return kinds.none() if old is _NOTHING else kinds.of(typed(old, raw))


def _mentions(tree: Tree, name: str) -> bool:
    return any(
        (isinstance(part, Tree) and _mentions(part, name))
        or (tree.kind == "ident" and part == name)
        or (isinstance(part, tuple) and any(_mentions(one, name) for one in _trees(part)))
        for part in tree.parts
    )


def _trees(parts: tuple[Any, ...]) -> Iterator[Tree]:
    for part in parts:
        if isinstance(part, Tree):
            yield part
        elif isinstance(part, tuple):
            yield from _trees(part)


def _message(rule: Node, variables: dict[str, Any]) -> str:
    """The rule's message: worked out, or as written, or the rule itself."""
    if rule.get("messageExpression"):
        program = _compiled(str(rule["messageExpression"]))
        try:
            text = program.evaluate(variables) if program is not None else None
        except cel.EvaluationError:
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text:
            return text.strip()
    if rule.get("message"):
        return str(rule["message"]).strip()
    return f"failed rule: {str(rule.get('rule', '')).strip()}"


def _field_path(text: str, path: str) -> str:
    """`.a.b` and `['c']` after a path."""
    found = text.replace("['", "[").replace("']", "]")
    return found if path else found.removeprefix(".")


def _refusal(rule: Node, path: str, value: Any, message: str) -> FieldError:
    reason = rule.get("reason")
    if reason == "FieldValueForbidden":
        return field.forbidden(path, message)
    if reason == "FieldValueRequired":
        return field.required(path, message)
    if reason == "FieldValueDuplicate":
        error = field.duplicate(path, value)
        error.detail = message
        return error
    return _invalid(path, value, message)


def _invalid(path: str, value: Any, message: str) -> FieldError:
    """Invalid; objects and lists are not shown."""
    if isinstance(value, dict | list):
        return FieldError("FieldValueInvalid", path or "<nil>", detail=message)
    return field.invalid(path, value, message)


def typed(value: Any, raw: Node) -> Any:
    """A value as CEL sees it: numbers as doubles, formatted strings as times, durations and bytes."""
    if not _converts(json.dumps(raw, sort_keys=True)):
        return value
    return _typed(value, raw)


def _converts(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


_SIGNS = ('"type": "number"', '"format": "date', '"format": "duration"', '"format": "byte"')


def _typed(value: Any, raw: Node) -> Any:
    kind = raw.get("type")
    if isinstance(value, dict):
        known, extra = raw.get("properties") or {}, raw.get("additionalProperties")
        return {
            name: _typed(item, known.get(name) or (extra if isinstance(extra, dict) else {}))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_typed(item, raw.get("items") or {}) for item in value]
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "string" and isinstance(value, str) and raw.get("format"):
        return _formatted(value, str(raw["format"]))
    return value


def _formatted(text: str, format_: str) -> Any:
    from datetime import datetime, timedelta, timezone

    from minikctl.apimachinery import duration

    try:
        if format_ in ("date-time", "date"):
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        if format_ == "duration":
            return timedelta(seconds=duration.parse_go(text))
        if format_ == "byte":
            return base64.b64decode(text)
    except ValueError:
        pass
    return text
