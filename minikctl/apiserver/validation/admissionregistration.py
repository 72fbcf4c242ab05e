"""Validation of admissionregistration.k8s.io: webhook configurations, and the rules policies share with them.

The policies themselves are in admissionpolicies.py.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.admissionpolicies import VALIDATE_POLICIES
from minikctl.apiserver.validation.admissionrules import validate_match_conditions, validate_rule_with_operations
from minikctl.apiserver.validation.names import is_dns1123_subdomain
from minikctl.apiserver.validation.selectors import validate_label_selector
from minikctl.apiserver.validation.webhooks import validate_client_config, validate_review_versions

_GROUP = "admissionregistration.k8s.io"
_SIDE_EFFECTS = ["None", "NoneOnDryRun"]


def _fully_qualified(name: str, path: str) -> list[FieldError]:
    if not name:
        return [field.required(path)]
    problems = is_dns1123_subdomain(name)
    if problems:
        return [field.invalid(path, name, ",".join(problems))]
    if name.count(".") < 2:
        return [field.invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def _one_of(value: Any, path: str, values: list[str]) -> list[FieldError]:
    return [field.not_supported(path, value, values)] if value is not None and value not in values else []


def _webhook(hook: dict[str, Any], path: str, mutating: bool) -> list[FieldError]:
    errors = _fully_qualified(hook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += validate_rule_with_operations(rule or {}, f"{path}.rules[{index}]")
    errors += _one_of(hook.get("failurePolicy"), f"{path}.failurePolicy", ["Fail", "Ignore"])
    errors += _one_of(hook.get("matchPolicy"), f"{path}.matchPolicy", ["Equivalent", "Exact"])
    effects = hook.get("sideEffects")
    if effects is None:
        errors.append(field.required(f"{path}.sideEffects", f"must specify one of {', '.join(_SIDE_EFFECTS)}"))
    errors += _one_of(effects, f"{path}.sideEffects", _SIDE_EFFECTS)
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        errors.append(field.invalid(f"{path}.timeoutSeconds", timeout, text))
    errors += validate_label_selector(hook.get("namespaceSelector"), f"{path}.namespaceSelector")
    errors += validate_label_selector(hook.get("objectSelector"), f"{path}.objectSelector")
    if mutating:
        errors += _one_of(hook.get("reinvocationPolicy"), f"{path}.reinvocationPolicy", ["IfNeeded", "Never"])
    errors += validate_client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    return errors + validate_match_conditions(hook.get("matchConditions") or [], f"{path}.matchConditions")


def _configuration(obj: Obj, mutating: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path = f"webhooks[{index}]"
        errors += _webhook(hook or {}, path, mutating)
        versions = hook.get("admissionReviewVersions") or []
        at = f"{path}.admissionReviewVersions"
        errors += validate_review_versions(versions, at, "must specify one of v1, v1beta1")
        name = hook.get("name") or ""
        if name and name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
    return errors


def _validating(obj: Obj) -> list[FieldError]:
    return _configuration(obj, mutating=False)


def _mutating(obj: Obj) -> list[FieldError]:
    return _configuration(obj, mutating=True)


VALIDATE: dict[str, Checks] = {
    f"validatingwebhookconfigurations.{_GROUP}": (_validating, lambda new, old: _validating(new), None),
    f"mutatingwebhookconfigurations.{_GROUP}": (_mutating, lambda new, old: _mutating(new), None),
    **VALIDATE_POLICIES,
}
