"""Pod failure policy and success policy of Jobs, and the text form of index sets ("0,2-5").

Counterpart: kubernetes `pkg/apis/batch/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct, quote
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative, qualified_name

Spec = dict[str, Any]

_RULES_LIMIT = 20
_VALUES_LIMIT = 255
_PATTERNS_LIMIT = 20
_INDEXES_LIMIT = 64 * 1024
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")


class IndexesError(ValueError):
    """Text that is no increasing list of indexes and intervals."""


def parse_indexes(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals of an index set, each below `completions`; IndexesError in upstream's words."""
    intervals: list[tuple[int, int]] = []
    if not text:
        return intervals
    for part in text.split(","):
        first, last = _parse_interval(part, completions)
        if intervals and intervals[-1][1] >= first:
            raise IndexesError(f"non-increasing order, previous: {intervals[-1][1]}, current: {first}")
        intervals.append((first, last))
    return intervals


def _parse_interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        requirement = "an index interval can have at most two parts separated by '-'"
        raise IndexesError(f"the fragment {quote(text)} violates the requirement that {requirement}")
    numbers = []
    for limit in limits:
        number = parse_int(limit)
        if number is None:
            raise IndexesError(f"cannot convert string to integer for index: {quote(limit)}")
        if number >= completions:
            raise IndexesError(f"too large index: {quote(limit)}")
        numbers.append(number)
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise IndexesError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _valid_values(values: tuple[str, ...]) -> str:
    return "valid values: [" + " ".join([quote(value) for value in values]) + "]"


def check_failure_policy(spec: Spec, path: str, errors: Errors) -> None:
    """What failed pods mean for the Job."""
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > _RULES_LIMIT:
        errors.append(field.too_many(f"{path}.rules", len(rules), _RULES_LIMIT))
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {c.get("name") for key in ("containers", "initContainers") for c in pod.get(key) or ()}
    for index, rule in enumerate(rules):
        _check_rule(spec, rule, names, f"{path}.rules[{index}]", errors)


def _check_rule(spec: Spec, rule: Spec, names: set[Any], path: str, errors: Errors) -> None:
    action = rule.get("action", "")
    if not action:
        errors.append(field.required(f"{path}.action", _valid_values(_ACTIONS)))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            text = "requires the backoffLimitPerIndex to be set"
            errors.append(field.invalid(f"{path}.action", action, text))
    elif action not in _ACTIONS:
        errors.append(field.not_supported(f"{path}.action", action, _ACTIONS))
    codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        _check_exit_codes(codes, names, f"{path}.onExitCodes", errors)
    if patterns:
        _check_patterns(patterns, f"{path}.onPodConditions", errors)
    if codes is not None and patterns:
        text = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(field.FieldError("FieldValueInvalid", path, detail=text))
    if codes is None and not patterns:
        text = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(field.FieldError("FieldValueInvalid", path, detail=text))


def _check_patterns(patterns: list[Spec], path: str, errors: Errors) -> None:
    if len(patterns) > _PATTERNS_LIMIT:
        errors.append(field.too_many(path, len(patterns), _PATTERNS_LIMIT))
    for index, pattern in enumerate(patterns):
        qualified_name(pattern.get("type", ""), f"{path}[{index}].type", errors)
        status = pattern.get("status", "")
        if not status:
            errors.append(field.required(f"{path}[{index}].status", _valid_values(_STATUSES)))
        elif status not in _STATUSES:
            errors.append(field.not_supported(f"{path}[{index}].status", status, _STATUSES))


def _check_exit_codes(codes: Spec, names: set[Any], path: str, errors: Errors) -> None:
    operator, values = codes.get("operator", ""), codes.get("values") or []
    if not operator:
        errors.append(field.required(f"{path}.operator", _valid_values(_OPERATORS)))
    elif operator not in _OPERATORS:
        errors.append(field.not_supported(f"{path}.operator", operator, _OPERATORS))
    container = codes.get("containerName")
    if container is not None and container not in names:
        text = "must be one of the container or initContainer names in the pod template"
        errors.append(field.invalid(f"{path}.containerName", container, text))
    if not values:
        errors.append(field.invalid(f"{path}.values", codes.get("values"), "at least one value is required"))
    elif len(values) > _VALUES_LIMIT:
        errors.append(field.too_many(f"{path}.values", len(values), _VALUES_LIMIT))
    seen = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(field.invalid(f"{path}.values[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(field.duplicate(f"{path}.values[{index}]", value))
        seen.add(value)
    if values != sorted(values):
        errors.append(field.invalid(f"{path}.values", values, "must be ordered"))


def check_success_policy(spec: Spec, path: str, errors: Errors) -> None:
    """When an indexed Job counts as done before all its indexes are."""
    rules = spec["successPolicy"].get("rules") or []
    if not rules:
        text = "at least one rules must be specified when the successPolicy is specified"
        errors.append(field.required(f"{path}.rules", text))
    if len(rules) > _RULES_LIMIT:
        errors.append(field.too_many(f"{path}.rules", len(rules), _RULES_LIMIT))
    for index, rule in enumerate(rules):
        _check_success_rule(rule, spec.get("completions") or 0, f"{path}.rules[{index}]", errors)


def _check_success_rule(rule: Spec, completions: int, path: str, errors: Errors) -> None:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and indexes is None:
        text = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(field.required(path, text))
    total = 0
    if indexes is not None:
        at = f"{path}.succeededIndexes"
        if len(indexes) > _INDEXES_LIMIT:
            errors.append(field.too_long(at, _INDEXES_LIMIT))
        try:
            total = sum(last - first + 1 for first, last in parse_indexes(indexes, completions))
        except IndexesError as error:
            errors.append(field.invalid(at, indexes, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        at = f"{path}.succeededCount"
        nonnegative(count, at, errors)
        if count > completions:
            text = f"must be less than or equal to {completions} (the number of specified completions)"
            errors.append(field.invalid(at, count, text))
        if indexes is not None and count > total:
            what = "the number of indexes in the specified succeededIndexes field"
            errors.append(field.invalid(at, count, f"must be less than or equal to {total} ({what})"))


def success_policy_struct(policy: Spec) -> Struct:
    """A success policy as the internal type prints."""
    rules = [
        Struct(SucceededIndexes=rule.get("succeededIndexes"), SucceededCount=rule.get("succeededCount"))
        for rule in policy.get("rules") or ()
    ]
    return Struct(Rules=rules or None)


def failure_policy_struct(policy: Spec) -> Struct:
    """A pod failure policy as the internal type prints."""
    rules = []
    for rule in policy.get("rules") or ():
        codes = rule.get("onExitCodes")
        if codes is not None:
            codes = Struct(
                ContainerName=codes.get("containerName"),
                Operator=codes.get("operator", ""),
                Values=codes.get("values"),
            )
        patterns = [
            Struct(Type=pattern.get("type", ""), Status=pattern.get("status", ""))
            for pattern in rule.get("onPodConditions") or ()
        ]
        rules.append(Struct(Action=rule.get("action", ""), OnExitCodes=codes, OnPodConditions=patterns or None))
    return Struct(Rules=rules or None)
