"""Which requests admission hooks and policies see: rules with operations, match resources and conditions."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.expressions import PolicyScope
from minikctl.apiserver.validation.names import is_path_segment, is_qualified_name
from minikctl.apiserver.validation.selectors import validate_label_selector

_OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
_SCOPES = ["*", "Cluster", "Namespaced"]
_MAX_CONDITIONS = 64


def validate_rule_with_operations(rule: dict[str, Any], path: str) -> list[FieldError]:
    operations = rule.get("operations") or []
    errors = [] if operations else [field.required(f"{path}.operations")]
    if len(operations) > 1 and "*" in operations:
        text = "if '*' is present, must not specify other operations"
        errors.append(field.invalid(f"{path}.operations", operations, text))
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            errors.append(field.not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS))
    errors += _names(rule.get("apiGroups") or [], f"{path}.apiGroups", "API groups", empty_allowed=True)
    errors += _names(rule.get("apiVersions") or [], f"{path}.apiVersions", "API versions", empty_allowed=False)
    errors += _resources(rule.get("resources") or [], f"{path}.resources")
    scope = rule.get("scope")
    if scope is not None and scope not in _SCOPES:
        errors.append(field.not_supported(f"{path}.scope", scope, _SCOPES))
    return errors


def _names(values: list[str], path: str, what: str, empty_allowed: bool) -> list[FieldError]:
    if not values:
        return [field.required(path)]
    errors: list[FieldError] = []
    if len(values) > 1 and "*" in values:
        errors.append(field.invalid(path, values, f"if '*' is present, must not specify other {what}"))
    if not empty_allowed:
        errors += [field.required(f"{path}[{index}]") for index, value in enumerate(values) if not value]
    return errors


def _resources(resources: list[str], path: str) -> list[FieldError]:
    if not resources:
        return [field.required(path)]
    errors: list[FieldError] = []
    whole: set[str] = set()
    everywhere: set[str] = set()
    for index, text in enumerate(resources):
        if not text:
            errors.append(field.required(f"{path}[{index}]"))
            continue
        resource, slash, sub = text.partition("/")
        if not slash or text == "*/*":
            continue
        if resource in whole:
            detail = f"if '{resource}/*' is present, must not specify {text}"
            errors.append(field.invalid(f"{path}[{index}]", text, detail))
        if sub in everywhere:
            errors.append(field.invalid(f"{path}[{index}]", text, f"if '*/{sub}' is present, must not specify {text}"))
        if sub == "*":
            whole.add(resource)
        if resource == "*":
            everywhere.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        errors.append(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    # Upstream remembers of the last one without subresource alone whether it is another than "*".
    alone = [text for text in resources if text and "/" not in text]
    if "*" in alone and alone[-1] != "*":
        text = "if '*' is present, must not specify other resources without subresources"
        errors.append(field.invalid(path, resources, text))
    return errors


def validate_match_resources(match: dict[str, Any], path: str) -> list[FieldError]:
    """The match constraints of a policy, or those of a binding."""
    errors: list[FieldError] = []
    policy = match.get("matchPolicy")
    if policy is None:
        errors.append(field.required(f"{path}.matchPolicy"))
    elif policy not in ("Equivalent", "Exact"):
        errors.append(field.not_supported(f"{path}.matchPolicy", policy, ["Equivalent", "Exact"]))
    for key in ("namespaceSelector", "objectSelector"):
        if match.get(key) is None:
            errors.append(field.required(f"{path}.{key}"))
        else:
            errors += validate_label_selector(match[key], f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(key) or ()):
            errors += _named_rule(rule or {}, f"{path}.{key}[{index}]")
    return errors


def _named_rule(rule: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names = rule.get("resourceNames") or []
    for index, name in enumerate(names):
        errors += [field.invalid(f"{path}.resourceNames[{index}]", name, text) for text in is_path_segment(name)]
        if name in names[:index]:
            errors.append(field.duplicate(f"{path}.resourceNames[{index}]", name))
    return errors + validate_rule_with_operations(rule, path)


def validate_match_conditions(conditions: list[dict[str, Any]], path: str, params: bool = False) -> list[FieldError]:
    """`params`: whether there are parameters that the conditions may speak of."""
    errors: list[FieldError] = []
    if len(conditions) > _MAX_CONDITIONS:
        errors.append(field.too_many(path, len(conditions), _MAX_CONDITIONS))
    seen: set[str] = set()
    scope = PolicyScope(params, composed=False)
    for index, condition in enumerate(conditions):
        at = f"{path}[{index}]"
        expression, name = (condition.get("expression") or "").strip(), condition.get("name") or ""
        if not expression:
            errors.append(field.required(f"{at}.expression"))
        else:
            errors += scope.problems(expression, f"{at}.expression")
        if not name:
            errors.append(field.required(f"{at}.name"))
        else:
            errors += [field.invalid(f"{at}.name", name, text) for text in is_qualified_name(name)]
            if name in seen:
                errors.append(field.duplicate(f"{at}.name", name))
        seen.add(name)
    return errors
