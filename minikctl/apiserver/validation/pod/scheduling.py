"""What a pod says about where it runs: affinity, tolerations, spreading, gates.

Counterparts: validateAffinity, ValidateTolerations, validateTopologySpreadConstraints and others in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.names import is_dns1123_label, is_qualified_name, is_valid_label_value
from minikctl.apiserver.validation.pod.checks import Errors, problems, qualified_name
from minikctl.apiserver.validation.selectors import (
    validate_label_selector,
    validate_node_selector,
    validate_node_selector_term,
)

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WITHOUT_SELECTOR = "must not be specified when labelSelector is not set"
_IN_BOTH = "exists in both matchLabelKeys and labelSelector"


def check_tolerations(tolerations: list[dict[str, Any]], path: str, errors: Errors) -> None:
    for index, toleration in enumerate(tolerations):
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        at = f"{path}[{index}]"
        if key:
            problems(is_qualified_name, key, f"{at}.key", errors)
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(field.invalid(f"{at}.operator", operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(field.invalid(f"{at}.effect", effect, text))
        if operator in ("Equal", ""):
            wrong = is_valid_label_value(value)
            if wrong:
                errors.append(field.invalid(f"{at}.operator", value, ";".join(wrong)))
        elif operator == "Exists":
            if value:
                errors.append(field.invalid(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'"))
        elif operator in ("Lt", "Gt"):
            # The gate TaintTolerationComparisonOperators is off.
            errors.append(field.not_supported(f"{at}.operator", operator, ("Equal", "Exists", "Lt", "Gt")))
        else:
            errors.append(field.not_supported(f"{at}.operator", operator, ("Equal", "Exists")))
        if effect and effect not in _EFFECTS:
            errors.append(field.not_supported(f"{at}.effect", effect, _EFFECTS))


def check_readiness_gates(gates: list[dict[str, Any]], path: str, errors: Errors) -> None:
    for index, gate in enumerate(gates):
        qualified_name(gate.get("conditionType", ""), f"{path}[{index}].conditionType", errors)


def check_scheduling_gates(gates: list[dict[str, Any]], path: str, errors: Errors) -> None:
    seen = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        qualified_name(name, f"{path}[{index}]", errors)
        if name in seen:
            errors.append(field.duplicate(f"{path}[{index}]", name))
        seen.add(name)


def check_affinity(affinity: dict[str, Any], path: str, errors: Errors) -> None:
    """Node affinity, pod affinity and pod anti-affinity."""
    node = affinity.get("nodeAffinity")
    if node is not None:
        _check_node_affinity(node, f"{path}.nodeAffinity", errors)
    for key in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(key)
        if terms is None:
            continue
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            _check_pod_term(term, f"{path}.{key}.{_REQUIRED}[{index}]", errors)
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            at = f"{path}.{key}.{_PREFERRED}[{index}]"
            _check_weight(weighted, at, errors)
            _check_pod_term(weighted.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm", errors)


def _check_weight(weighted: dict[str, Any], path: str, errors: Errors) -> None:
    weight = weighted.get("weight", 0)
    if not 0 < weight <= 100:
        errors.append(field.invalid(f"{path}.weight", weight, "must be in the range 1-100"))


def _check_node_affinity(affinity: dict[str, Any], path: str, errors: Errors) -> None:
    required = affinity.get(_REQUIRED)
    if required is not None:
        errors += validate_node_selector(required, f"{path}.{_REQUIRED}")
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{index}]"
        _check_weight(weighted, at, errors)
        found = validate_node_selector_term(weighted.get("preference") or {}, f"{at}.preference")
        # A preference for a value that no label can have is tolerated.
        errors += [error for error in found if ".values[" not in error.field or ".matchFields[" in error.field]


def _check_pod_term(term: dict[str, Any], path: str, errors: Errors) -> None:
    selector = term.get("labelSelector")
    errors += validate_label_selector(selector, f"{path}.labelSelector")
    errors += validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        problems(is_dns1123_label, name, f"{path}.namespace", errors)
    _check_label_keys(term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or [], selector, path, errors)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(field.required(f"{path}.topologyKey", "can not be empty"))
    problems(is_qualified_name, key, f"{path}.topologyKey", errors)


def _check_label_keys(
    matching: list[str], mismatching: list[str], selector: dict[str, Any] | None, path: str, errors: Errors
) -> None:
    """matchLabelKeys and mismatchLabelKeys: valid, disjoint, and not asked for twice."""
    for name, keys in (("matchLabelKeys", matching), ("mismatchLabelKeys", mismatching)):
        if keys and selector is None:
            errors.append(field.forbidden(f"{path}.{name}", _WITHOUT_SELECTOR))
            continue
        for index, key in enumerate(keys):
            problems(is_qualified_name, key, f"{path}.{name}[{index}]", errors)
    if selector is not None and matching:
        positions = {key: index for index, key in enumerate(matching)}
        used = set(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression.get("key", "")
            if key in positions and key in used:
                errors.append(field.invalid(f"{path}[{positions[key]}]", key, _IN_BOTH))
            used.add(key)
    for index, key in enumerate(matching):
        if key in mismatching:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(field.invalid(f"{path}.matchLabelKeys[{index}]", key, text))


def check_spread_constraints(constraints: list[dict[str, Any]], path: str, errors: Errors) -> None:
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        skew = constraint.get("maxSkew", 0)
        if skew <= 0:
            errors.append(field.invalid(f"{at}.maxSkew", skew, "must be greater than zero"))
        key, action = constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")
        if not key:
            errors.append(field.required(f"{at}.topologyKey", "can not be empty"))
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            supported = ("DoNotSchedule", "ScheduleAnyway")
            errors.append(field.not_supported(f"{at}.whenUnsatisfiable", action, supported))
        for other in constraints[index + 1 :]:
            if other.get("topologyKey", "") == key and other.get("whenUnsatisfiable", "") == action:
                errors.append(field.duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
                break
        _check_spread_options(constraint, action, at, errors)


def _check_spread_options(constraint: dict[str, Any], action: str, path: str, errors: Errors) -> None:
    domains = constraint.get("minDomains")
    if domains is not None:
        if domains <= 0:
            errors.append(field.invalid(f"{path}.minDomains", domains, "must be greater than zero"))
        if action != "DoNotSchedule":
            text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errors.append(field.invalid(f"{path}.minDomains", domains, text))
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(key)
        if policy is not None and policy not in ("Honor", "Ignore"):
            errors.append(field.not_supported(f"{path}.{key}", policy, ("Honor", "Ignore")))
    selector = constraint.get("labelSelector")
    _check_label_keys(constraint.get("matchLabelKeys") or [], [], selector, path, errors)
    errors += validate_label_selector(selector, f"{path}.labelSelector")
