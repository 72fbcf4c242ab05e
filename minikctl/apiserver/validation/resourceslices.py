"""Validation of ResourceSlices: the devices a driver offers on a node."""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.devicetolerations import validate_taint
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import (
    is_c_identifier,
    is_dns1123_label,
    is_dns1123_subdomain,
    subdomain_name,
)
from minikctl.apiserver.validation.selectors import validate_node_selector

_MAX_DEVICES = 128
_MAX_DEVICES_ADVANCED = 64
_MAX_ATTRIBUTES = 32
_MAX_VALUE = 64
_MAX_POOL_NAME = 253
_MAX_TAINTS = 16
_WHERE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_DEVICE_WHERE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set"
    " to true in the ResourceSlice spec"
)
_NOT_TRUE = "must be either unset or set to true"
_NUMBER = r"(0|[1-9]\d*)"
_PRE = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = "[0-9a-zA-Z-]+"
_VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+{_BUILD}(\.{_BUILD})*)?"


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = validate_driver_name(spec.get("driver") or "", "spec.driver")
    errors += _pool(spec.get("pool") or {}) + _where(spec)
    counters, devices = spec.get("sharedCounters"), spec.get("devices") or []
    if counters and devices:
        errors.append(field.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    advanced = any((device or {}).get("taints") or (device or {}).get("consumesCounters") for device in devices)
    limit = _MAX_DEVICES_ADVANCED if advanced else _MAX_DEVICES
    if len(devices) > limit:
        errors.append(field.too_many("spec.devices", len(devices), limit))
    seen: set[str] = set()
    for index, device in enumerate(devices):
        path, name = f"spec.devices[{index}]", (device or {}).get("name") or ""
        errors += _device(device or {}, path, bool(spec.get("perDeviceNodeSelection")))
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
    return errors + _counter_sets(counters or [])


def _pool(pool: dict[str, Any]) -> list[FieldError]:
    name, path = pool.get("name") or "", "spec.pool.name"
    errors: list[FieldError] = []
    if not name:
        errors.append(field.required(path))
    else:
        if len(name) > _MAX_POOL_NAME:
            errors.append(field.too_long(path, _MAX_POOL_NAME))
        for part in name.split("/"):
            errors += [field.invalid(path, part, text) for text in is_dns1123_subdomain(part)]
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    if count <= 0:
        errors.append(field.invalid("spec.pool.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        text = "must be greater than or equal to zero"
        errors.append(field.invalid("spec.pool.generation", generation, text))
    return errors


def _placement(holder: dict[str, Any], path: str, keys: tuple[str, ...]) -> tuple[list[str], list[FieldError]]:
    """Which ways of saying where devices are have been used, and whether each is well-formed."""
    used: list[str] = []
    errors: list[FieldError] = []
    for key in keys:
        value = holder.get(key)
        if value is None:
            continue
        if key == "nodeName":
            if not value:
                text = "must be either unset or set to a non-empty string"
                errors.append(field.invalid(f"{path}.{key}", value, text))
                continue
            errors += [field.invalid(f"{path}.{key}", value, text) for text in subdomain_name(value, False)]
        elif key == "nodeSelector":
            errors += validate_node_selector(value, f"{path}.{key}")
            terms = value.get("nodeSelectorTerms") or []
            if len(terms) != 1 and path == "spec":
                text = "must have exactly one node selector term"
                errors.append(field.invalid(f"{path}.{key}.nodeSelectorTerms", terms, text))
        elif not value:
            errors.append(field.invalid(f"{path}.{key}", False, _NOT_TRUE))
            continue
        used.append(f"`{key}`")
    return used, errors


def _where(spec: dict[str, Any]) -> list[FieldError]:
    keys = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
    used, errors = _placement(spec, "spec", keys)
    if not used:
        errors.append(field.required("spec", _WHERE))
    elif len(used) > 1:
        shown = "{" + ", ".join(used) + "}"
        errors.append(field.invalid("spec", shown, f"{_WHERE}, but multiple fields are set"))
    return errors


def _device(device: dict[str, Any], path: str, per_device: bool) -> list[FieldError]:
    name = device.get("name") or ""
    errors = [field.invalid(f"{path}.name", name, text) for text in is_dns1123_label(name)]
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    total = len(attributes) + len(capacity)
    if total > _MAX_ATTRIBUTES:
        text = f"the total number of attributes and capacities must not exceed {_MAX_ATTRIBUTES}"
        errors.append(field.invalid(path, total, text))
    for key, value in attributes.items():
        errors += _qualified_name(key, f"{path}.attributes")
        errors += _attribute(value or {}, f"{path}.attributes[{key}]")
    for key, value in capacity.items():
        errors += _qualified_name(key, f"{path}.capacity")
        if (value or {}).get("requestPolicy") and not device.get("allowMultipleAllocations"):
            text = "allowMultipleAllocations must be true"
            errors.append(field.forbidden(f"{path}.capacity[{key}].requestPolicy", text))
    taints = device.get("taints") or []
    if len(taints) > _MAX_TAINTS:
        errors.append(field.too_many(f"{path}.taints", len(taints), _MAX_TAINTS))
    for index, taint in enumerate(taints):
        errors += validate_taint(taint or {}, f"{path}.taints[{index}]")
    return errors + _device_place(device, path, per_device)


def _device_place(device: dict[str, Any], path: str, per_device: bool) -> list[FieldError]:
    keys = ("nodeName", "nodeSelector", "allNodes")
    if not per_device:
        if all(device.get(key) is None for key in keys):
            return []
        text = (
            "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true"
            " in the ResourceSlice spec"
        )
        return [field.invalid(path, None, text)]
    used, errors = _placement(device, path, keys)
    if not used:
        errors.append(field.required(path, _DEVICE_WHERE))
    elif len(used) > 1:
        errors.append(field.invalid(path, "{" + ", ".join(used) + "}", _DEVICE_WHERE))
    return errors


def _qualified_name(name: str, path: str) -> list[FieldError]:
    domain, slash, ident = name.rpartition("/")
    if not name:
        return [field.required(path, "name required")]
    errors: list[FieldError] = []
    if slash and not domain:
        errors.append(field.required(path, "the domain must not be empty"))
    elif slash:
        errors += [field.invalid(path, domain, text) for text in is_dns1123_subdomain(domain)]
    if not ident:
        return [*errors, field.required(path, "the name must not be empty")]
    return errors + [field.invalid(path, ident, text) for text in is_c_identifier(ident)]


def _attribute(attribute: dict[str, Any], path: str) -> list[FieldError]:
    present = [key for key in ("bool", "int", "string", "version") if attribute.get(key) is not None]
    present += [key for key in ("bools", "ints", "strings", "versions") if attribute.get(key) is not None]
    errors: list[FieldError] = []
    for key in ("string", "version"):
        value = attribute.get(key)
        if value is None:
            continue
        if key == "version" and not re.fullmatch(_VERSION, value, re.ASCII):
            text = "must be a string compatible with semver.org spec 2.0.0"
            errors.append(field.invalid(f"{path}.{key}", value, text))
        if len(value) > _MAX_VALUE:
            errors.append(field.too_long(f"{path}.{key}", _MAX_VALUE))
    if not present:
        errors.append(field.invalid(path, "", "exactly one value must be specified"))
    elif len(present) > 1:
        errors.append(field.invalid(path, attribute, "exactly one value must be specified"))
    return errors


def _counter_sets(sets: list[dict[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate(sets):
        path, name = f"spec.sharedCounters[{index}]", (item or {}).get("name") or ""
        if not name:
            errors.append(field.required(f"{path}.name"))
        else:
            errors += [field.invalid(f"{path}.name", name, text) for text in is_dns1123_label(name)]
        counters = (item or {}).get("counters") or {}
        if not counters:
            errors.append(field.required(f"{path}.counters"))
        for key in counters:
            errors += [field.invalid(f"{path}.counters", key, text) for text in is_dns1123_label(key)]
        if name and name in seen:
            errors.append(field.duplicate(path, name))
        seen.add(name)
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _create(new)
    for key in ("driver", "nodeName"):
        errors += validate_immutable(spec.get(key), before.get(key), f"spec.{key}")
    pool, old_pool = (spec.get("pool") or {}).get("name"), (before.get("pool") or {}).get("name")
    return errors + validate_immutable(pool, old_pool, "spec.pool.name")


VALIDATE_SLICES: dict[str, Checks] = {"resourceslices.resource.k8s.io": (_create, _update, None)}
