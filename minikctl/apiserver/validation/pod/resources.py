"""Resource requirements of containers and of pods, and the claims they use.

Counterparts: validateResourceRequirements, validatePodResources and friends in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.podresources import aggregate_quantities, is_pod_level_resource
from minikctl.apiserver.validation.names import is_dns1123_subdomain
from minikctl.apiserver.validation.pod.checks import Errors, dns_label, problems
from minikctl.apiserver.validation.quantities import (
    is_huge_page,
    is_overcommit_allowed,
    validate_amount,
    validate_container_resource_name,
    validate_resource_name,
)

NameCheck = Callable[[str, str], "list[FieldError]"]


@lru_cache(maxsize=8192)
def _is_good(name: str, text: str) -> bool:
    """Whether a container may ask for this, looking at nothing else."""
    found = validate_container_resource_name(name, "") or validate_amount(name, text, "")
    return not found and not is_huge_page(name)


def check_requirements(
    resources: dict[str, Any],
    claim_names: frozenset[str],
    path: str,
    errors: Errors,
    check_name: NameCheck = validate_container_resource_name,
) -> None:
    """Limits, requests and claims of a container (or of a pod, with its own rule for names)."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    compute = huge = False
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            if check_name is not validate_container_resource_name or not _is_good(name, text):
                at = f"{path}.{kind}[{name}]"
                errors += check_name(name, at)
                errors += validate_amount(name, text, at)
            if kind == "requests":
                _check_against_limit(name, text, limits, path, errors)
            if is_huge_page(name):
                huge = True
                if not _is_divisible(name, text):
                    detail = f"{quantity.canonical(text)} is not positive integer multiple of {name}"
                    errors.append(field.invalid(f"{path}.{kind}[{name}]", quantity.canonical(text), detail))
            elif name in ("cpu", "memory"):
                compute = True
    if huge and not compute:
        errors.append(field.forbidden(path, "HugePages require cpu or memory"))
    if resources.get("claims"):
        _check_claim_names(resources["claims"], claim_names, f"{path}.claims", errors)


def _check_against_limit(name: str, text: str, limits: dict[str, str], path: str, errors: Errors) -> None:
    limit = limits.get(name)
    if limit is None:
        if not is_overcommit_allowed(name):
            errors.append(field.required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
        return
    if limit == text:
        return
    order = quantity.compare(text, limit)
    at, shown, bound = f"{path}.requests", quantity.canonical(text), quantity.canonical(limit)
    if order != 0 and not is_overcommit_allowed(name):
        errors.append(field.invalid(at, shown, f"must be equal to {name} limit of {bound}"))
    elif order > 0:
        errors.append(field.invalid(at, shown, f"must be less than or equal to {name} limit of {bound}"))


def _is_divisible(name: str, text: str) -> bool:
    try:
        size = quantity.parse(name.removeprefix("hugepages-"))
    except quantity.QuantityError:
        return False
    return size.nanos > 0 and quantity.parse(text).nanos % size.nanos == 0


def _check_claim_names(claims: list[dict[str, Any]], known: frozenset[str], path: str, errors: Errors) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        at, name, request = f"{path}[{index}]", claim.get("name", ""), claim.get("request", "")
        if not name:
            errors.append(field.required(at))
            continue
        if name in seen:
            errors.append(field.duplicate(at, name))
        else:
            if request:
                dns_label(request, f"{at}.request", errors)
            key = f"{name}/{request}" if request else name
            if key in seen:
                errors.append(field.duplicate(at, key))
            elif not request:
                errors += [field.duplicate(at, name) for other in seen if other.partition("/")[0] == name]
            seen.add(key)
        if name not in known:
            listed = ": " + ", ".join(sorted(known)) if known else " which is empty"
            error = field.not_found(at, name)
            error.detail = f"must be one of the names in pod.spec.resourceClaims{listed}"
            errors.append(error)


def check_claims(claims: list[dict[str, Any]], meta: dict[str, Any] | None, path: str, errors: Errors) -> None:
    """The `resourceClaims` of a pod."""
    mirror = meta is not None and "kubernetes.io/config.mirror" in (meta.get("annotations") or {})
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        if mirror:
            errors.append(field.forbidden("", "static pods do not support resource claims"))
            continue
        _check_claim(claim, seen, f"{path}[{index}]", errors)


def _check_claim(claim: dict[str, Any], seen: set[str], path: str, errors: Errors) -> None:
    name = claim.get("name", "")
    if not name:
        errors.append(field.required(f"{path}.name"))
    elif name in seen:
        errors.append(field.duplicate(f"{path}.name", name))
    else:
        dns_label(name, f"{path}.name", errors)
        seen.add(name)
    direct, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
    shown = Struct(Name=name, ResourceClaimName=direct, ResourceClaimTemplateName=template)
    if direct is not None and template is not None:
        text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        errors.append(field.invalid(path, shown, text))
    if direct is None and template is None:
        text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        errors.append(field.invalid(path, shown, text))
    if direct is not None:
        problems(is_dns1123_subdomain, direct, f"{path}.resourceClaimName", errors)
    if template is not None:
        problems(is_dns1123_subdomain, template, f"{path}.resourceClaimTemplateName", errors)


def _pod_resource_name(name: str, path: str) -> list[FieldError]:
    errors = validate_resource_name(name, path)
    if not errors and not is_pod_level_resource(name):
        errors.append(field.not_supported(path, name, ("cpu", "hugepages-", "memory")))
    return errors


def check_pod_resources(spec: dict[str, Any], claim_names: frozenset[str], path: str, errors: Errors) -> None:
    """`spec.resources`: what the pod as a whole may use, consistent with its containers."""
    resources = spec["resources"]
    at = f"{path}.resources"
    if (spec.get("os") or {}).get("name") == "windows":
        errors.append(field.forbidden(at, "may not be set for a windows pod"))
        return
    if resources.get("claims") is not None:
        errors.append(field.forbidden(f"{at}.claims", "claims may not be set for Resources at pod-level"))
    check_requirements(resources, claim_names, at, errors, _pod_resource_name)
    _check_consistency(spec, resources, at, errors)


def _check_consistency(spec: dict[str, Any], resources: dict[str, Any], path: str, errors: Errors) -> None:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, total in aggregate_quantities(spec, "requests").items():
        if name in requests and total > quantity.parse(requests[name]):
            text = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(field.invalid(f"{path}.requests[{name}]", quantity.canonical(requests[name]), text))
    for name, total in aggregate_quantities(spec, "limits").items():
        if is_huge_page(name) and name in limits and total > quantity.parse(limits[name]):
            text = f"must be greater than or equal to aggregate container limits of {total}"
            errors.append(field.invalid(f"{path}.limits[{name}]", quantity.canonical(limits[name]), text))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, text in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and quantity.compare(text, limits[name]) > 0:
                at = f"{path}.containers[{index}][{name}].limits"
                detail = f"must be less than or equal to pod limits of {quantity.canonical(limits[name])}"
                errors.append(field.invalid(at, quantity.canonical(text), detail))
