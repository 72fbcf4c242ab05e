"""Validation of admission policies, validating and mutating, and of their bindings."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.admissionrules import validate_match_conditions, validate_match_resources
from minikctl.apiserver.validation.conditions import validate_conditions
from minikctl.apiserver.validation.expressions import PolicyScope, is_identifier
from minikctl.apiserver.validation.names import (
    is_dns1035_label,
    is_dns1123_subdomain,
    is_path_segment,
    is_qualified_name,
)
from minikctl.apiserver.validation.selectors import validate_label_selector

_GROUP = "admissionregistration.k8s.io"
_REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"]
_MUTATED = ["*", "CONNECT", "CREATE", "UPDATE"]
_ACTIONS = ["Audit", "Deny", "Warn"]
_REPETITION = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API"
    " response and headers serves no purpose)"
)
_MAX_AUDIT_ANNOTATIONS = 20
_MAX_AUDIT_EXPRESSION = 5 * 1024


def _needed(value: str | None, path: str, values: list[str]) -> list[FieldError]:
    if not value:
        return [field.required(path)]
    return [] if value in values else [field.not_supported(path, value, values)]


def _validating(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _needed(spec.get("failurePolicy"), "spec.failurePolicy", ["Fail", "Ignore"])
    errors += _param_kind(spec.get("paramKind"), "spec.paramKind") + _constraints(spec)
    scope = PolicyScope(spec.get("paramKind") is not None, composed=bool(spec.get("variables")))
    conditions = spec.get("matchConditions") or []
    errors += validate_match_conditions(conditions, "spec.matchConditions", spec.get("paramKind") is not None)
    errors += _variables(spec.get("variables") or [], scope)
    validations, audits = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not audits:
        text = "validations or auditAnnotations must contain at least one item"
        errors += [field.required("spec.validations", text), field.required("spec.auditAnnotations", text)]
    for index, validation in enumerate(validations):
        errors += _validation(validation or {}, f"spec.validations[{index}]", scope)
    return errors + _audit_annotations(audits, (obj.get("metadata") or {}).get("name") or "", scope)


def _constraints(spec: dict[str, Any]) -> list[FieldError]:
    match, path = spec.get("matchConstraints"), "spec.matchConstraints"
    if match is None:
        return [field.required(path)]
    errors = validate_match_resources(match, path)
    if not match.get("resourceRules"):
        errors.append(field.required(f"{path}.resourceRules"))
    return errors


def _param_kind(kind: dict[str, Any] | None, path: str) -> list[FieldError]:
    if kind is None:
        return []
    errors: list[FieldError] = []
    version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    if not version:
        errors.append(field.required(f"{path}.apiVersion"))
    elif version.count("/") > 1:
        text = f"unexpected GroupVersion string: {version}"
        errors.append(field.invalid(f"{path}.apiVersion", version, text))
    else:
        group, _, number = version.rpartition("/")
        if group and is_dns1123_subdomain(group):
            errors.append(field.invalid(f"{path}.apiVersion", group, ",".join(is_dns1123_subdomain(group))))
        if not number:
            errors.append(field.invalid(f"{path}.apiVersion", version, "version must be specified"))
        elif is_dns1035_label(number):
            errors.append(field.invalid(f"{path}.apiVersion", number, ",".join(is_dns1035_label(number))))
    if not name:
        errors.append(field.required(f"{path}.kind"))
    elif is_dns1035_label(name.lower()):
        text = "may have mixed case, but should otherwise match: " + ",".join(is_dns1035_label(name.lower()))
        errors.append(field.invalid(f"{path}.kind", name, text))
    return errors


def _variables(variables: list[dict[str, Any]], scope: PolicyScope) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, variable in enumerate(variables):
        path = f"spec.variables[{index}]"
        name, expression = variable.get("name") or "", variable.get("expression") or ""
        if not name.strip():
            errors.append(field.required(f"{path}.name", "name is not specified"))
        elif not is_identifier(name):
            errors.append(field.invalid(f"{path}.name", name, "name is not a valid CEL identifier"))
        if not expression.strip():
            errors.append(field.required(f"{path}.expression", "expression is not specified"))
        else:
            errors += scope.define(name, expression, f"{path}.expression")
    return errors


def _validation(item: dict[str, Any], path: str, scope: PolicyScope) -> list[FieldError]:
    expression, message = item.get("expression") or "", item.get("message") or ""
    errors: list[FieldError] = []
    if not expression.strip():
        errors.append(field.required(f"{path}.expression", "expression is not specified"))
    else:
        errors += scope.problems(expression, f"{path}.expression")
    if item.get("messageExpression"):
        at = f"{path}.messageExpression"
        if not item["messageExpression"].strip():
            errors.append(field.invalid(at, item["messageExpression"], "must be non-empty if specified"))
        else:
            errors += scope.problems(item["messageExpression"], at, "string", authorizer=False)
    trimmed = message.strip()
    if message and not trimmed:
        errors.append(field.invalid(f"{path}.message", message, "message must be non-empty if specified"))
    elif "\n" in trimmed or "\r" in trimmed:
        errors.append(field.invalid(f"{path}.message", message, "message must not contain line breaks"))
    reason = item.get("reason")
    if reason is not None and reason not in _REASONS:
        errors.append(field.not_supported(f"{path}.reason", reason, _REASONS))
    return errors


def _policy_status(new: Obj, old: Obj) -> list[FieldError]:
    """What the type checking of expressions has found."""
    status = new.get("status") or {}
    errors: list[FieldError] = []
    for index, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or ()):
        path = f"status.typeChecking.expressionWarnings[{index}]"
        errors += [field.required(f"{path}.{key}") for key in ("warning", "fieldRef") if not warning.get(key)]
    return errors + validate_conditions(status.get("conditions"), "status.conditions")


def _audit_annotations(items: list[dict[str, Any]], policy: str, scope: PolicyScope) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(items) > _MAX_AUDIT_ANNOTATIONS:
        text = f"must not have more than {_MAX_AUDIT_ANNOTATIONS} auditAnnotations"
        shown = [Struct(Key=item.get("key") or "", ValueExpression=item.get("valueExpression") or "") for item in items]
        errors.append(field.invalid("spec.auditAnnotations", shown, text))
    keys: list[str] = []
    for index, item in enumerate(items):
        path = f"spec.auditAnnotations[{index}]"
        key, expression = item.get("key") or "", item.get("valueExpression") or ""
        whole = f"{policy}/{key}"
        if policy:
            errors += [field.invalid(f"{path}.key", whole, text) for text in is_qualified_name(whole)]
        else:
            errors.append(field.invalid(f"{path}.key", key, "requires metadata.name be non-empty"))
        if not expression.strip():
            errors.append(field.required(f"{path}.valueExpression", "valueExpression is not specified"))
        elif len(expression.strip()) > _MAX_AUDIT_EXPRESSION:
            text = f"must not exceed {_MAX_AUDIT_EXPRESSION} bytes in length"
            errors.append(field.required(f"{path}.valueExpression", text))
        else:
            errors += scope.problems(expression, f"{path}.valueExpression", "string or null_type")
        if key in keys:
            errors.append(field.duplicate(f"{path}.key", key))
        keys.append(key)
    return errors


def _param_ref(reference: dict[str, Any] | None, path: str) -> list[FieldError]:
    if reference is None:
        return []
    errors: list[FieldError] = []
    name, selector = reference.get("name") or "", reference.get("selector")
    if name:
        errors += [field.invalid(f"{path}.name", name, text) for text in is_path_segment(name)]
        if selector is not None:
            errors.append(field.forbidden(f"{path}.name", "name and selector are mutually exclusive"))
    if selector is not None:
        errors += validate_label_selector(selector, f"{path}.selector")
        if name:
            errors.append(field.forbidden(f"{path}.selector", "name and selector are mutually exclusive"))
    if not name and selector is None:
        errors.append(field.required(path, "one of name or selector must be specified"))
    action = reference.get("parameterNotFoundAction")
    if not action:
        errors.append(field.required(f"{path}.parameterNotFoundAction"))
    elif action not in ("Allow", "Deny"):
        errors.append(field.not_supported(f"{path}.parameterNotFoundAction", action, ["Deny", "Allow"]))
    return errors


def _binding(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    name = spec.get("policyName") or ""
    if name:
        errors = [field.invalid("spec.policyName", name, text) for text in is_dns1123_subdomain(name)]
    else:
        errors = [field.required("spec.policyName")]
    errors += _param_ref(spec.get("paramRef"), "spec.paramRef")
    match = spec.get("matchResources")
    return errors + (validate_match_resources(match, "spec.matchResources") if match is not None else [])


def _validating_binding(obj: Obj) -> list[FieldError]:
    actions, path = (obj.get("spec") or {}).get("validationActions") or [], "spec.validationActions"
    errors = _binding(obj)
    if not actions:
        errors.append(field.required(path, "at least one validation action is required"))
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            errors.append(field.not_supported(f"{path}[{index}]", action, _ACTIONS))
        if action in actions[:index]:
            errors.append(field.duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        errors.append(field.invalid(path, actions, _REPETITION))
    return errors


def _mutating(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _needed(spec.get("failurePolicy"), "spec.failurePolicy", ["Fail", "Ignore"])
    errors += _param_kind(spec.get("paramKind"), "spec.paramKind") + _constraints(spec)
    errors += _only_writes(spec.get("matchConstraints"), "spec.matchConstraints")
    scope = PolicyScope(spec.get("paramKind") is not None, composed=True)
    conditions = spec.get("matchConditions") or []
    errors += validate_match_conditions(conditions, "spec.matchConditions", spec.get("paramKind") is not None)
    errors += _variables(spec.get("variables") or [], scope)
    mutations = spec.get("mutations") or []
    if not mutations:
        errors.append(field.required("spec.mutations", "mutations must contain at least one item"))
    for index, mutation in enumerate(mutations):
        errors += _mutation(mutation or {}, f"spec.mutations[{index}]", scope)
    return errors + _needed(spec.get("reinvocationPolicy"), "spec.reinvocationPolicy", ["IfNeeded", "Never"])


def _only_writes(match: dict[str, Any] | None, path: str) -> list[FieldError]:
    """A delete leaves nothing to change."""
    return [
        field.not_supported(f"{path}.resourceRules.operations", operation, _MUTATED)
        for rule in (match or {}).get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in _MUTATED
    ]


def _mutation(mutation: dict[str, Any], path: str, scope: PolicyScope) -> list[FieldError]:
    kind = mutation.get("patchType") or ""
    names = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
    if not kind:
        return [field.required(f"{path}.patchType")]
    if kind not in names:
        return [field.not_supported(f"{path}.patchType", kind, sorted(names))]
    key = names[kind]
    other = next(name for name in names.values() if name != key)
    patch, at = mutation.get(key), f"{path}.{key}"
    if patch is None:
        errors = [field.required(at, f"must be specified when patchType is {kind}")]
    elif not (patch.get("expression") or "").strip():
        errors = [field.required(f"{at}.expression")]
    else:
        errors = scope.problems(patch["expression"].strip(), f"{at}.expression", kind)
    if mutation.get(other) is not None:
        text = f"must not be specified when patchType is {kind}"
        errors.append(field.invalid(f"{path}.{other}", f"{{{other}}}", text))
    return errors


def _mutating_binding(obj: Obj) -> list[FieldError]:
    match = (obj.get("spec") or {}).get("matchResources")
    return _binding(obj) + _only_writes(match, "spec.matchResources")


VALIDATE_POLICIES: dict[str, Checks] = {
    f"validatingadmissionpolicies.{_GROUP}": (
        _validating,
        lambda new, old: _validating(new) if new.get("spec") != old.get("spec") else [],
        _policy_status,
    ),
    f"validatingadmissionpolicybindings.{_GROUP}": (
        _validating_binding,
        lambda new, old: _validating_binding(new),
        None,
    ),
    f"mutatingadmissionpolicies.{_GROUP}": (
        _mutating,
        lambda new, old: _mutating(new) if new.get("spec") != old.get("spec") else [],
        None,
    ),
    f"mutatingadmissionpolicybindings.{_GROUP}": (_mutating_binding, lambda new, old: _mutating_binding(new), None),
}
