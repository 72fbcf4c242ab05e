"""Validation of label selectors and node selectors, wherever objects carry them.

Counterparts: apimachinery's `apis/meta/v1/validation` and ValidateNodeSelector of the core API.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apiserver.validation import names
from minikctl.apiserver.validation.metadata import validate_labels
from minikctl.apiserver.validation.names import is_qualified_name, is_valid_label_value


def validate_label_name(name: str, path: str) -> list[FieldError]:
    return [field.invalid(path, name, text) for text in is_qualified_name(name)]


def validate_label_selector(selector: dict[str, Any] | None, path: str) -> list[FieldError]:
    """matchLabels and matchExpressions; None passes."""
    if not selector:
        return []
    errors = validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors += _label_requirement(requirement, f"{path}.matchExpressions[{index}]")
    return errors


def _label_requirement(requirement: dict[str, Any], path: str) -> list[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(field.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(field.forbidden(f"{path}.values", text))
    else:
        errors.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    errors += validate_label_name(requirement.get("key", ""), f"{path}.key")
    for index, value in enumerate(values):
        errors += [field.invalid(f"{path}.values[{index}]", value, text) for text in is_valid_label_value(value)]
    return errors


def selector_struct(selector: dict[str, Any] | None) -> Struct | None:
    """A label selector as a bad value shows it (it has JSON names, in this order)."""
    if selector is None:
        return None
    shown = Struct()
    if selector.get("matchLabels"):
        shown["matchLabels"] = selector["matchLabels"]
    if selector.get("matchExpressions"):
        shown["matchExpressions"] = [
            Struct({key: item[key] for key in ("key", "operator", "values") if item.get(key)})
            for item in selector["matchExpressions"]
        ]
    return shown


def validate_node_selector(selector: dict[str, Any], path: str) -> list[FieldError]:
    """A required node selector: at least one term."""
    terms = selector.get("nodeSelectorTerms") or []
    path = f"{path}.nodeSelectorTerms"
    if not terms:
        return [field.required(path, "must have at least one node selector term")]
    errors: list[FieldError] = []
    for index, term in enumerate(terms):
        errors += validate_node_selector_term(term or {}, f"{path}[{index}]")
    return errors


def validate_node_selector_term(term: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_expression(requirement, f"{path}.matchExpressions[{index}]")
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _node_field(requirement, f"{path}.matchFields[{index}]")
    return errors


def _node_expression(requirement: dict[str, Any], path: str) -> list[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(field.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(field.forbidden(f"{path}.values", text))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(field.required(f"{path}.values", text))
    else:
        errors.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    errors += validate_label_name(requirement.get("key", ""), f"{path}.key")
    for index, value in enumerate(values):
        errors += [field.invalid(f"{path}.values[{index}]", value, text) for text in is_valid_label_value(value)]
    return errors


def _node_field(requirement: dict[str, Any], path: str) -> list[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            errors.append(field.required(f"{path}.values", text))
    else:
        errors.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = requirement.get("key", "")
    if key != "metadata.name":
        return [*errors, field.invalid(f"{path}.key", key, "not a valid field selector key")]
    for index, value in enumerate(values):
        problems = names.subdomain_name(value, False)
        errors += [field.invalid(f"{path}.values[{index}]", value, text) for text in problems]
    return errors
