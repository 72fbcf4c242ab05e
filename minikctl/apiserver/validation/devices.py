"""What claims and slices of devices have in common: lists with a limit, names, pools, binding conditions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.names import is_c_identifier, is_dns1123_label, is_dns1123_subdomain
from minikctl.apiserver.validation.selectors import validate_label_name

Check = Callable[[Any, str], "list[FieldError]"]

_MAX_POOL_NAME = 253
_MAX_IDENTIFIER = 32
_MAX_KEY = 63 + 1 + _MAX_IDENTIFIER
_MAX_BINDING_CONDITIONS = 4


def each(
    items: list[Any] | None, limit: int, path: str, check: Check, key: Callable[[Any], Hashable] | None = None
) -> list[FieldError]:
    """The items one by one, and (by `key`) each only once; too many are not looked at. A negative limit is none."""
    items = items or []
    if 0 <= limit < len(items):
        return [field.too_many(path, len(items), limit)]
    errors = [error for index, item in enumerate(items) for error in check(_given(item), f"{path}[{index}]")]
    if key is None:
        return errors
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        value = key(_given(item))
        if value in seen:
            errors.append(field.duplicate(f"{path}[{index}]", value))
        seen.add(value)
    return errors


def _given(item: Any) -> Any:
    return {} if item is None else item


def by_name(item: dict[str, Any]) -> str:
    return item.get("name") or ""


def itself(item: str) -> str:
    return item


def each_entry(
    entries: dict[str, Any] | None, limit: int, key_length: int, path: str, check_key: Check, check: Check
) -> list[FieldError]:
    """The keys (told at the map) and values of a map; longer keys than `key_length` are cut in the middle in paths."""
    entries = entries or {}
    if 0 <= limit < len(entries):
        return [field.too_many(path, len(entries), limit)]
    errors: list[FieldError] = []
    for key, value in entries.items():
        at = f"{path}[{_cut(key, max(key_length, 16))}]"
        errors += check_key(key, path) + check(_given(value), at)
    return errors


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    left = limit - 3
    return text[: (left + 1) // 2] + "..." + text[len(text) - left // 2 :]


def attribute_entries(entries: dict[str, Any] | None, path: str, check: Check) -> list[FieldError]:
    """The attributes or capacities of a device, under qualified names."""
    return each_entry(entries, -1, _MAX_KEY, path, validate_qualified_name, check)


def validate_label(name: str, path: str) -> list[FieldError]:
    return [field.invalid(path, name, text) for text in is_dns1123_label(name)]


def validate_pool_name(name: str, path: str) -> list[FieldError]:
    """One or more subdomains, separated by slashes."""
    if not name:
        return [field.required(path)]
    errors = [field.too_long(path, _MAX_POOL_NAME)] if len(name) > _MAX_POOL_NAME else []
    for part in name.split("/"):
        errors += [field.invalid(path, part, text) for text in is_dns1123_subdomain(part)]
    return errors


def validate_qualified_name(name: str, path: str) -> list[FieldError]:
    """`[domain/]ID`; names with more than one slash pass, as they do upstream."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name, path)
    if len(parts) > 2:
        return []
    if parts[0]:
        errors = validate_driver_name(parts[0], path)
    else:
        errors = [field.invalid(path, "", "the domain must not be empty")]
    if not parts[1]:
        return [*errors, field.invalid(path, "", "the name must not be empty")]
    return errors + _identifier(parts[1], path)


def validate_fully_qualified_name(name: str, path: str) -> list[FieldError]:
    errors = validate_qualified_name(name, path)
    if "/" not in name:
        text = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(field.invalid(path, name, text))
    return errors


def _identifier(name: str, path: str) -> list[FieldError]:
    errors = [field.too_long(path, _MAX_IDENTIFIER)] if len(name) > _MAX_IDENTIFIER else []
    return errors + [field.invalid(path, name, text) for text in is_c_identifier(name)]


def validate_binding(holder: dict[str, Any], path: str) -> list[FieldError]:
    """The conditions a device's binding waits for, and those that say it failed."""
    wanted, failed = holder.get("bindingConditions") or [], holder.get("bindingFailureConditions") or []
    errors = each(wanted, _MAX_BINDING_CONDITIONS, f"{path}.bindingConditions", validate_label_name)
    errors += each(failed, _MAX_BINDING_CONDITIONS, f"{path}.bindingFailureConditions", validate_label_name)
    for index, condition in enumerate(wanted):
        if condition in wanted[:index]:
            errors.append(field.duplicate(f"{path}.bindingConditions[{index}]", condition))
    for index, condition in enumerate(failed):
        at = f"{path}.bindingFailureConditions[{index}]"
        if condition in failed[:index]:
            errors.append(field.duplicate(at, condition))
        if condition in wanted:
            text = "bindingFailureConditions must not overlap with bindingConditions"
            errors.append(field.invalid(at, condition, text))
    if failed and not wanted:
        text = "bindingConditions are required to use bindingFailureConditions"
        errors.append(field.invalid(f"{path}.bindingConditions", holder.get("bindingConditions"), text))
    if wanted and not failed:
        text = "bindingFailureConditions are required to use bindingConditions"
        errors.append(field.invalid(f"{path}.bindingFailureConditions", holder.get("bindingFailureConditions"), text))
    return errors
