"""Rules for resource names and amounts that several kinds share.

Counterparts: `pkg/apis/core/helper` and the quantity functions of the core API's validation.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_qualified_name

NOT_NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"
NOT_INTEGER = "must be an integer"

_CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
_OBJECT_COUNTS = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_QUOTA = (
    _CONTAINER
    | _OBJECT_COUNTS
    | {
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
    }
)
_STANDARD = _QUOTA | {"storage"}


def is_native(name: str) -> bool:
    """Whether the name belongs to Kubernetes itself (no domain, or kubernetes.io)."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether the name is that of an extended resource ("example.com/gpu")."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not is_qualified_name(f"requests.{name}")


def is_huge_page(name: str) -> bool:
    return name.startswith("hugepages-")


def is_overcommit_allowed(name: str) -> bool:
    return is_native(name) and not is_huge_page(name)


def is_integer_resource(name: str) -> bool:
    return name in _OBJECT_COUNTS or is_extended(name)


def is_standard_container_resource(name: str) -> bool:
    return name in _CONTAINER or is_huge_page(name)


def is_standard_quota_resource(name: str) -> bool:
    return name in _QUOTA or is_huge_page(name) or name.startswith("requests.hugepages-")


def validate_resource_name(name: str, path: str) -> list[FieldError]:
    """A resource of any sort: standard, or with a domain."""
    problems = is_qualified_name(name)
    if problems:
        return [field.invalid(path, name, text) for text in problems]
    if "/" not in name and name not in _STANDARD and not is_huge_page(name) and not is_standard_quota_resource(name):
        return [field.invalid(path, name, "must be a standard resource type or fully qualified")]
    return []


def validate_container_resource_name(name: str, path: str) -> list[FieldError]:
    errors = validate_resource_name(name, path)
    if "/" not in name:
        if not is_standard_container_resource(name):
            errors.append(field.invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(field.invalid(path, name, "doesn't follow extended resource name standard"))
    return errors


def validate_quota_resource_name(name: str, path: str) -> list[FieldError]:
    errors = validate_resource_name(name, path)
    if "/" not in name and not is_standard_quota_resource(name):
        errors.append(field.invalid(path, name, "must be a standard resource for quota"))
    return errors


def validate_nonnegative(value: Any, path: str) -> list[FieldError]:
    if quantity.parse(value).nanos < 0:
        return [field.invalid(path, quantity.canonical(value), NOT_NEGATIVE)]
    return []


def validate_positive(value: Any, path: str) -> list[FieldError]:
    if quantity.parse(value).nanos <= 0:
        return [field.invalid(path, quantity.canonical(value), NOT_POSITIVE)]
    return []


def validate_amount(name: str, value: Any, path: str) -> list[FieldError]:
    """An amount of the named resource: not negative, whole where only whole ones exist."""
    errors = validate_nonnegative(value, path)
    if is_integer_resource(name) and quantity.as_milli(value) % 1000:
        errors.append(field.invalid(path, quantity.canonical(value), NOT_INTEGER))
    return errors


def validate_basic(value: Any, path: str) -> list[FieldError]:
    amount = quantity.as_int(value)
    return [field.invalid(path, amount, "must be a valid resource quantity")] if amount < 0 else []


def validate_nonnegative_int(value: int | None, path: str) -> list[FieldError]:
    return [field.invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []
