"""x-kubernetes-validations: the CEL rules in a custom resource's schema, applied to an object.

Called by `schemavalidation` once the rest of the schema holds. Counterpart of apiextensions-apiserver's
`schema/cel`: rules about `oldSelf` look at updates only, and what an update leaves alone is only warned about.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from minikctl.apimachinery import cel, field
from minikctl.apimachinery.cel.budget import Budget, OverBudgetError
from minikctl.apimachinery.cel.syntax import mentions
from minikctl.apimachinery.field import FieldError, quote

Node = dict[str, Any]

_NOTHING = object()
_LONGEST_MESSAGE = 5 * 1024


class _Stopped(Exception):
    """The budget is used up: no further rules are looked at."""


class _Run:
    """One object's rules: what they have against it, what is only warned about, what they may still cost."""

    def __init__(self, size: int) -> None:
        self.errors: list[FieldError] = []
        self.warnings: list[str] = []
        self.budget = Budget(size)

    def stop(self, error: FieldError) -> None:
        self.errors.append(error)
        raise _Stopped


class _Place(NamedTuple):
    """A value, what it was before (_NOTHING where that cannot be told), its path, and whether it is unchanged."""

    new: Any
    old: Any
    path: str
    unchanged: bool


def check(new: Any, old: Any, raw: Node) -> tuple[list[FieldError], list[str]]:
    """What the rules have against an object, and what they say of values that were like that before.

    `old` is None where the object is new.
    """
    run = _Run(len(json.dumps(new)))
    before = _NOTHING if old is None else old
    try:
        _walk(_Place(new, before, "", old is not None and new == old), raw, run)
    except cel.LibraryMissingError as error:
        return [field.internal("<nil>", str(error))], []
    except _Stopped:
        pass
    return run.errors, run.warnings


def _walk(place: _Place, raw: Node, run: _Run) -> None:
    """The rules of this node, then those of its allOf and below it, in the order of the value."""
    new, old, path, unchanged = place
    if new is None:
        return
    for rule in raw.get("x-kubernetes-validations") or ():
        _judge(place, raw, rule, run)
    for part in raw.get("allOf") or ():
        if part.get("x-kubernetes-validations"):
            _walk(place, {**part, "type": raw.get("type")}, run)
    if isinstance(new, dict):
        known = raw.get("properties") or {}
        extra = raw.get("additionalProperties")
        for name in sorted(new):
            child = known.get(name) or (extra if isinstance(extra, dict) else None)
            if child:
                before = old.get(name, _NOTHING) if isinstance(old, dict) else _NOTHING
                at = f"{path}[{name}]" if name not in known else f"{path}.{name}" if path else name
                _walk(_below(new[name], before, at, unchanged), child, run)
    elif isinstance(new, list) and isinstance(raw.get("items"), dict):
        keyed = raw.get("x-kubernetes-list-type") == "map"
        for index, item in enumerate(new):
            before = _counterpart(item, old, raw)
            inner = _below(item, before, f"{path}[{index}]", unchanged)
            _walk(inner if keyed else inner._replace(unchanged=unchanged), raw["items"], run)


def _below(new: Any, old: Any, path: str, unchanged: bool) -> _Place:
    return _Place(new, old, path, unchanged or (old is not _NOTHING and new == old))


def _counterpart(item: Any, old: Any, raw: Node) -> Any:
    """The item of the old list that a new one continues: only list-maps can tell."""
    keys = raw.get("x-kubernetes-list-map-keys")
    if raw.get("x-kubernetes-list-type") != "map" or not keys or not isinstance(old, list):
        return _NOTHING
    for before in old:
        if all(before.get(key) == item.get(key) for key in keys):
            return before
    return _NOTHING


def _judge(place: _Place, raw: Node, rule: Node, run: _Run) -> None:
    expression = str(rule.get("rule", ""))
    program = _compiled(expression)
    if program is None:
        return
    optional = bool(rule.get("optionalOldSelf"))
    transition = mentions(program.tree, "oldSelf")
    if transition and place.old is _NOTHING and not optional:
        return
    variables = {"self": typed(place.new, raw)}
    if transition:
        variables["oldSelf"] = _old_self(place.old, raw, optional)
    kind = str(raw.get("type") or "")
    try:
        run.budget.spend(program, variables)
        if program.evaluate(variables) is True:
            return
    except OverBudgetError as error:
        run.stop(field.invalid(place.path or "<nil>", kind, _over_budget(error, rule)))
    except cel.EvaluationError as error:
        run.errors.append(field.invalid(place.path or "<nil>", kind, _failure(str(error), rule)))
        return
    path = place.path + _field_path(rule.get("fieldPath") or "", place.path)
    refusal = _refusal(rule, path, place.new, _message(rule, variables, path, kind, run))
    if place.unchanged and not transition:
        run.warnings.append(str(refusal))
    else:
        run.errors.append(refusal)


def _said(rule: Node) -> str:
    """A rule as errors about it name it."""
    return str(rule.get("message") or rule.get("rule", "")).strip()


def _over_budget(error: OverBudgetError, rule: Node) -> str:
    if not error.call:
        return str(error)
    return f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {_said(rule)}"


def _failure(error: str, rule: Node) -> str:
    if error.startswith("no such overload"):
        why = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {why}: {_said(rule)}"
    return f"{error} evaluating rule: {_said(rule)}"


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


def _message(rule: Node, variables: dict[str, Any], path: str, kind: str, run: _Run) -> str:
    """The rule's message: worked out, or as written, or the rule itself."""
    expression = str(rule.get("messageExpression") or "")
    program = _compiled(expression) if expression else None
    if program is not None:
        text = None
        try:
            run.budget.spend(program, variables)
            text = program.evaluate(variables)
        except OverBudgetError as error:
            run.stop(field.invalid(path or "<nil>", kind, _message_over_budget(error, expression)))
        except cel.EvaluationError:
            pass
        if isinstance(text, str) and _is_message(text.strip()):
            return text.strip()
    if rule.get("message"):
        return str(rule["message"]).strip()
    return f"failed rule: {str(rule.get('rule', '')).strip()}"


def _is_message(text: str) -> bool:
    return bool(text) and "\n" not in text and len(text.encode()) <= _LONGEST_MESSAGE


def _message_over_budget(error: OverBudgetError, expression: str) -> str:
    if not error.call:
        why = "running out of cost budget, no further validation rules will be run"
        return f"messageExpression evaluation failed due to {why}"
    why = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
    return f"{why}: {quote(expression)}"


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
        return field.duplicate(path, value)
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
