"""Rules that workload kinds share: selectors and templates, ints or percentages, counts of a status.

Counterparts: helpers of kubernetes `pkg/apis/apps/validation` and the strategies in `pkg/registry/apps`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.selectors import Selector, SelectorError, from_label_selector
from minikctl.apiserver.validation.metadata import IMMUTABLE
from minikctl.apiserver.validation.names import is_valid_percent
from minikctl.apiserver.validation.pod.checks import Errors, nonnegative
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector

Spec = dict[str, Any]

NO_MATCH = "`selector` does not match template `labels`"
_ABOVE_REPLICAS = "cannot be greater than status.replicas"


def percent(value: Any) -> int | None:
    """The number in "25%"; None for anything else."""
    if isinstance(value, str) and not is_valid_percent(value):
        number = parse_int(value[:-1])
        return 2**63 - 1 if number is None else number  # Atoi gives the most there is
    return None


def int_or_percent(value: Any) -> int:
    """The number of an int, of a percentage, or of an int written as text (which is refused elsewhere)."""
    if isinstance(value, str):
        found = percent(value)
        return found if found is not None else parse_int(value) or 0
    return value or 0


def check_int_or_percent(value: Any, path: str, errors: Errors) -> None:
    """Not negative, and if text, a percentage."""
    if isinstance(value, str):
        errors += [field.invalid(path, value, text) for text in is_valid_percent(value)]
    else:
        nonnegative(value, path, errors)


def check_at_most_all(value: Any, path: str, errors: Errors) -> None:
    if (percent(value) or 0) > 100:
        errors.append(field.invalid(path, value, "must not be greater than 100%"))


def check_selector(
    spec: Spec, what: str, path: str, errors: Errors, unreadable: str = "invalid label selector"
) -> Selector | None:
    """`spec.selector` is there, well formed and not empty; the parsed selector, None if it cannot be parsed."""
    selector = spec.get("selector")
    if selector is None:
        errors.append(field.required(f"{path}.selector"))
    else:
        errors += validate_label_selector(selector, f"{path}.selector")
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            text = f"empty selector is invalid for {what}"
            errors.append(field.invalid(f"{path}.selector", selector_struct(selector), text))
    try:
        return from_label_selector(selector)
    except SelectorError:
        errors.append(field.invalid(f"{path}.selector", selector_struct(selector), unreadable))
        return None


def template_labels(template: Spec) -> dict[str, str] | None:
    labels: dict[str, str] | None = (template.get("metadata") or {}).get("labels")
    return labels


def check_match(selector: Selector, template: Spec, path: str, errors: Errors) -> None:
    """The selector must select the pods the template makes."""
    labels = template_labels(template)
    if not selector.empty and not selector.matches(labels):
        errors.append(field.invalid(f"{path}.metadata.labels", labels, NO_MATCH))


def check_runs_forever(template: Spec, what: str, path: str, errors: Errors) -> None:
    """Pods of these kinds are restarted for ever and have no deadline."""
    spec = template.get("spec") or {}
    policy = spec.get("restartPolicy", "")
    if policy != "Always":
        errors.append(field.not_supported(f"{path}.spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {what} is not Supported"
        errors.append(field.forbidden(f"{path}.spec.activeDeadlineSeconds", text))


def check_selector_kept(new: Obj, old: Obj, errors: Errors) -> None:
    """The selector of these kinds never changes."""
    if (new["spec"].get("selector")) != (old["spec"].get("selector")):
        errors.append(field.invalid("spec.selector", selector_struct(new["spec"].get("selector")), IMMUTABLE))


def twice(found: Errors) -> Errors:
    """What these kinds' strategies find at an update: they ask for the rules of a new object, then for those of
    an update, which hold the former again."""
    return [*found, *found] if found else []


def check_counts(status: Spec, keys: tuple[str, ...], errors: Errors) -> None:
    """Counts of a status are not negative."""
    for key in keys:
        nonnegative(status.get(key), f"status.{key}", errors)


def check_bounds(status: Spec, keys: tuple[str, ...], errors: Errors, ready_text: str = "readyReplicas") -> None:
    """Parts of a status do not exceed the whole."""
    total = status.get("replicas") or 0
    for key in keys:
        count = status.get(key) or 0
        if count > total:
            errors.append(field.invalid(f"status.{key}", count, _ABOVE_REPLICAS))
    available = status.get("availableReplicas") or 0
    if available > (status.get("readyReplicas") or 0):
        errors.append(field.invalid("status.availableReplicas", available, f"cannot be greater than {ready_text}"))


def check_not_decremented(new: Spec, old: Spec, errors: Errors) -> None:
    """The collision count only grows."""
    if (new.get("collisionCount") or 0) < (old.get("collisionCount") or 0):
        value = new.get("collisionCount") or 0
        errors.append(field.invalid("status.collisionCount", value, "cannot be decremented"))


def rolling_struct(rolling: Spec | None) -> Struct | None:
    """maxUnavailable and maxSurge as the internal type prints them."""
    if rolling is None:
        return None
    return Struct(MaxUnavailable=rolling.get("maxUnavailable", 0), MaxSurge=rolling.get("maxSurge", 0))
