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
from minikctl.apimachinery.cel.unordered import UnorderedList, depends_on_order
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apiserver.validation import crdpaths

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
    """A value, what it was before (_NOTHING where that cannot be told), its path, and whether it, or what it is
    in, is unchanged."""

    new: Any
    old: Any
    path: str
    unchanged: bool
    inside_unchanged: bool = False


def check(new: Any, old: Any, raw: Node) -> tuple[list[FieldError], list[str]]:
    """What the rules have against an object, and what they say of values that were like that before.

    `old` is None where the object is new.
    """
    before = _NOTHING if old is None else old
    return _checked(_Place(new, before, "", old is not None and new == old), raw)


def check_default(value: Any, raw: Node) -> list[FieldError]:
    """What the rules have against a default: as a value that was there before, then as a new one."""
    return _checked(_Place(value, value, "", False), raw)[0] or _checked(_Place(value, _NOTHING, "", False), raw)[0]


def _checked(place: _Place, raw: Node) -> tuple[list[FieldError], list[str]]:
    run = _Run(len(json.dumps(place.new)))
    try:
        _walk(place, raw, run)
    except cel.LibraryMissingError as error:
        return [field.internal("<nil>", str(error))], []
    except _Stopped:
        pass
    return run.errors, run.warnings


def _walk(place: _Place, raw: Node, run: _Run) -> None:
    """The rules of this node, then those of its allOf and below it, in the order of the value."""
    new, old, path, unchanged, inside = place
    if new is None:
        return
    _judge_all(place, raw, run)
    for part in raw.get("allOf") or ():
        if part.get("x-kubernetes-validations"):
            # What stands in an allOf is excused only where the whole around the value is unchanged.
            _walk(place._replace(unchanged=inside), {**part, "type": raw.get("type")}, run)
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
    if path in ("apiVersion", "kind"):
        return _Place(new, old, path, False)
    return _Place(new, old, path, unchanged or (old is not _NOTHING and new == old), unchanged)


def _counterpart(item: Any, old: Any, raw: Node) -> Any:
    """The item of the old list that a new one continues: only list-maps can tell."""
    keys = raw.get("x-kubernetes-list-map-keys")
    if raw.get("x-kubernetes-list-type") != "map" or not keys or not isinstance(old, list):
        return _NOTHING
    for before in old:
        if all(before.get(key) == item.get(key) for key in keys):
            return before
    return _NOTHING


class _Rules:
    """The rules of one node as they apply to one value: `oldSelf` is known where any of them asks for it."""

    def __init__(self, place: _Place, raw: Node) -> None:
        self.place, self.raw = place, raw
        self.kind = str(raw.get("type") or "")
        self.unordered = any(sign in json.dumps(raw) for sign in _UNORDERED)
        compiled = [(rule, _compiled(str(rule.get("rule", "")))) for rule in raw.get("x-kubernetes-validations") or ()]
        self.rules = [(rule, program) for rule, program in compiled if program is not None]
        self.with_old = any(mentions(program.tree, "oldSelf") for _, program in self.rules)
        self.is_new = place.old is _NOTHING or place.old is None

    def variables(self, optional: bool) -> dict[str, Any]:
        """What an expression sees; the old value of a new one is an empty optional, or nothing at all."""
        found = {"self": typed(self.place.new, self.raw)}
        if not self.with_old:
            return found
        if optional:
            kinds = cel.library.optional()
            found["oldSelf"] = kinds.none() if self.is_new else kinds.of(typed(self.place.old, self.raw))
        elif not self.is_new:
            found["oldSelf"] = typed(self.place.old, self.raw)
        return found

    def value(self, program: cel.Program, variables: dict[str, Any]) -> Any:
        """The value of an expression: walked through where it may compare lists whose order does not count."""
        if self.unordered and depends_on_order(program.tree):
            return program.walk(variables)
        return program.evaluate(variables)


def _judge_all(place: _Place, raw: Node, run: _Run) -> None:
    if not raw.get("x-kubernetes-validations"):
        return
    rules = _Rules(place, raw)
    for rule, program in rules.rules:
        _judge(rules, rule, program, run)


def _judge(rules: _Rules, rule: Node, program: cel.Program, run: _Run) -> None:
    place, kind = rules.place, rules.kind
    optional = bool(rule.get("optionalOldSelf"))
    transition = mentions(program.tree, "oldSelf")
    if transition and rules.is_new and not optional:
        return
    variables = rules.variables(optional)
    try:
        run.budget.spend(program, variables)
        if rules.value(program, variables) is True:
            return
    except OverBudgetError as error:
        run.stop(field.invalid(place.path or "<nil>", kind, _over_budget(error, rule)))
    except cel.EvaluationError as error:
        run.errors.append(field.invalid(place.path or "<nil>", kind, _failure(str(error), rule)))
        return
    path = _joined(place.path, rule.get("fieldPath") or "", rules.raw)
    refusal = _refusal(rule, path, rules, _message(rule, rules, path, run))
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


def _message(rule: Node, rules: _Rules, path: str, run: _Run) -> str:
    """The rule's message: worked out, or as written, or the rule itself."""
    expression = str(rule.get("messageExpression") or "")
    program = _compiled(expression) if expression else None
    if program is not None:
        text = None
        # Whatever the rule sees, here `oldSelf` is the value itself.
        variables = rules.variables(optional=False)
        try:
            run.budget.spend(program, variables)
            text = rules.value(program, variables)
        except OverBudgetError as error:
            run.stop(field.invalid(path or "<nil>", rules.kind, _message_over_budget(error, expression)))
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


def _joined(path: str, text: str, raw: Node) -> str:
    """The path of a value with that of a rule's fieldPath after it; "<nil>" for the whole object."""
    found = crdpaths.resolve(text, raw).text if text else ""
    return ".".join(part for part in (path, found) if part) or "<nil>"


def _refusal(rule: Node, path: str, rules: _Rules, message: str) -> FieldError:
    """The rule's complaint; it shows the value unless the schema says that it is an object or a list."""
    reason = rule.get("reason")
    if reason == "FieldValueForbidden":
        return field.forbidden(path, message)
    if reason == "FieldValueRequired":
        return field.required(path, message)
    duplicate = reason == "FieldValueDuplicate"
    found = (
        FieldError("FieldValueDuplicate", path) if duplicate else FieldError("FieldValueInvalid", path, detail=message)
    )
    if rules.kind not in ("object", "array"):
        found.bad_value = rules.place.new
    return found


def typed(value: Any, raw: Node) -> Any:
    """A value as CEL sees it: numbers as doubles, formatted strings as times, durations and bytes."""
    if not _converts(json.dumps(raw, sort_keys=True)):
        return value
    return _typed(value, raw)


def _converts(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


_UNORDERED = ('"x-kubernetes-list-type": "set"', '"x-kubernetes-list-type": "map"')
_SIGNS = (
    *_UNORDERED,
    '"nullable": true',
    '"type": "number"',
    '"format": "date',
    '"format": "duration"',
    '"format": "byte"',
)


def _typed(value: Any, raw: Node) -> Any:
    kind = raw.get("type")
    if isinstance(value, dict):
        known, extra = raw.get("properties") or {}, raw.get("additionalProperties")
        below = {name: known.get(name) or (extra if isinstance(extra, dict) else {}) for name in value}
        # A field that is null counts as absent; null among the values of a map does not.
        return {
            name: _typed(item, below[name]) for name, item in value.items() if item is not None or name not in known
        }
    if isinstance(value, list):
        items = [_typed(item, raw.get("items") or {}) for item in value]
        if raw.get("x-kubernetes-list-type") in ("set", "map"):
            return UnorderedList(items, tuple(raw.get("x-kubernetes-list-map-keys") or ()))
        return items
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
