"""Validation of access reviews. Counterpart of `pkg/apis/authorization/validation`."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.names import is_valid_label_value
from minikctl.apiserver.validation.selectors import validate_label_name

_META = ("name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers")
_ENTRY = ("manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource")


def access_review_problems(review: Obj) -> list[FieldError]:
    """Every complaint about a SubjectAccessReview, a SelfSubjectAccessReview or a LocalSubjectAccessReview."""
    spec, kind = review.get("spec") or {}, review["kind"]
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    errors: list[FieldError] = []
    if resource is not None and other is not None:
        text = "cannot be specified in combination with resourceAttributes"
        errors.append(field.invalid("spec.nonResourceAttributes", _path(other), text))
    if resource is None and other is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(field.invalid("spec.resourceAttributes", None, text))
    if kind != "SelfSubjectAccessReview" and not spec.get("user") and not spec.get("groups"):
        errors.append(field.invalid("spec.user", "", "at least one of user or group must be specified"))
    for name in ("fieldSelector", "labelSelector"):
        errors += _selector(
            (resource or {}).get(name), f"spec.resourceAttributes.{name}", labels=name == "labelSelector"
        )
    return errors + _metadata(review, kind, resource, other)


def _path(attributes: Obj) -> Struct:
    return Struct(Path=attributes.get("path") or "", Verb=attributes.get("verb") or "")


def _selector(selector: Any, path: str, labels: bool) -> list[FieldError]:
    if selector is None:
        return []
    raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or []
    errors: list[FieldError] = []
    if raw and requirements:
        errors.append(field.invalid(f"{path}.rawSelector", raw, "may not specified at the same time as requirements"))
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        errors.append(field.required(f"{path}.requirements", text))
    for index, requirement in enumerate(requirements):
        errors += _requirement(requirement or {}, f"{path}.requirements[{index}]", labels)
    return errors


def _requirement(requirement: Obj, path: str, labels: bool) -> list[FieldError]:
    """Operators that are not known here are let through: newer clients may know them."""
    key, operator, values = requirement.get("key") or "", requirement.get("operator"), requirement.get("values") or []
    errors: list[FieldError] = []
    if not key and not labels:
        errors.append(field.required(f"{path}.key", "must be specified"))
    if operator in ("In", "NotIn") and not values:
        errors.append(field.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(field.forbidden(f"{path}.values", text))
    if labels:
        errors += validate_label_name(key, f"{path}.key")
        for index, value in enumerate(values):
            errors += [field.invalid(f"{path}.values[{index}]", value, text) for text in is_valid_label_value(value)]
    return errors


def _entry(entry: Obj) -> Struct:
    shown = Struct({key: entry[key] for key in _ENTRY if key in entry})
    shown["fieldsV1"] = _sorted(entry.get("fieldsV1"))
    return shown


def _sorted(fields: Any) -> Any:
    return {key: _sorted(fields[key]) for key in sorted(fields)} if isinstance(fields, dict) else fields


def _metadata(review: Obj, kind: str, resource: Any, other: Any) -> list[FieldError]:
    meta = review.get("metadata") or {}
    local = kind == "LocalSubjectAccessReview"
    given = Struct({name: meta[name] for name in _META if meta.get(name)})
    errors: list[FieldError] = []
    if any(not (local and name == "namespace") for name in given):
        text = "must be empty except for namespace" if local else "must be empty"
        if managed := meta.get("managedFields"):
            given["managedFields"] = [_entry(entry) for entry in managed]
        errors.append(field.invalid("metadata", given, text))
    if not local:
        return errors
    namespace = (resource or {}).get("namespace") or ""
    if resource is not None and namespace != (meta.get("namespace") or ""):
        errors.append(field.invalid("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace"))
    if other is not None:
        errors.append(field.invalid("spec.nonResourceAttributes", _path(other), "disallowed on this kind of request"))
    return errors
