"""Validation of ResourceSlices: the devices a driver offers on a node."""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, deviceshapes
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.devicecapacity import validate_capacity
from minikctl.apiserver.validation.devices import (
    attribute_entries,
    by_name,
    each,
    each_entry,
    validate_binding,
    validate_label,
    validate_pool_name,
)
from minikctl.apiserver.validation.devicetolerations import validate_taint
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import subdomain_name
from minikctl.apiserver.validation.selectors import validate_node_selector

_MAX_DEVICES = 128
_MAX_DEVICES_ADVANCED = 64
_MAX_ATTRIBUTES = 32
_MAX_VALUE = 64
_MAX_TAINTS = 16
_MAX_COUNTER_SETS = 8
_MAX_COUNTERS = 32
_MAX_CONSUMPTIONS = 2
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
    return _spec(obj.get("spec") or {}, {})


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _spec(new.get("spec") or {}, old.get("spec") or {})


def _spec(spec: dict[str, Any], before: dict[str, Any]) -> list[FieldError]:
    """`before` is the stored spec, empty for a new slice."""
    pool = spec.get("pool") or {}
    errors = validate_driver_name(spec.get("driver") or "", "spec.driver") + _pool(pool)
    if before:
        old_name = (before.get("pool") or {}).get("name") or ""
        errors += validate_immutable(pool.get("name") or "", old_name, "spec.pool.name")
        for key in ("driver", "nodeName"):
            errors += validate_immutable(spec.get(key), before.get(key), f"spec.{key}")
    errors += _where(spec)
    counters, devices = spec.get("sharedCounters"), spec.get("devices")
    if counters is not None and devices is not None:
        errors.append(field.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    advanced = any((device or {}).get("taints") or (device or {}).get("consumesCounters") for device in devices or ())
    known = {(device or {}).get("name") or "": device or {} for device in before.get("devices") or ()}
    per_device = bool(spec.get("perDeviceNodeSelection"))

    def device(item: Any, at: str) -> list[FieldError]:
        return _device(item, known.get(item.get("name") or ""), at, per_device)

    errors += each(devices, _MAX_DEVICES_ADVANCED if advanced else _MAX_DEVICES, "spec.devices", device, by_name)
    return errors + each(counters, _MAX_COUNTER_SETS, "spec.sharedCounters", _counter_set, by_name)


def _pool(pool: dict[str, Any]) -> list[FieldError]:
    errors = validate_pool_name(pool.get("name") or "", "spec.pool.name")
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
                text = "must be either unset or set to a non-empty string" if path == "spec" else "must not be empty"
                errors.append(field.invalid(f"{path}.{key}", value, text))
                continue
            errors += [field.invalid(f"{path}.{key}", value, text) for text in subdomain_name(value, False)]
        elif key == "nodeSelector":
            errors += validate_node_selector(value, f"{path}.{key}")
            terms = value.get("nodeSelectorTerms") or []
            if len(terms) != 1 and path == "spec":
                text = "must have exactly one node selector term"
                errors.append(
                    field.invalid(f"{path}.{key}.nodeSelectorTerms", deviceshapes.node_selector_terms(terms), text)
                )
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


def _device(device: dict[str, Any], old: dict[str, Any] | None, path: str, per_device: bool) -> list[FieldError]:
    errors = validate_label(device.get("name") or "", f"{path}.name")
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    total = len(attributes) + len(capacity)
    if total > _MAX_ATTRIBUTES:
        text = f"the total number of attributes and capacities must not exceed {_MAX_ATTRIBUTES}"
        errors.append(field.invalid(path, total, text))
    errors += attribute_entries(attributes, f"{path}.attributes", _attribute)
    shared = bool(device.get("allowMultipleAllocations"))
    errors += attribute_entries(capacity, f"{path}.capacity", validate_capacity if shared else _plain_capacity)
    taints = device.get("taints") or []
    if old is None or (old.get("taints") or []) != taints:
        errors += each(taints, _MAX_TAINTS, f"{path}.taints", validate_taint)
    errors += each(
        device.get("consumesCounters"),
        _MAX_CONSUMPTIONS,
        f"{path}.consumesCounters",
        _consumption,
        lambda item: item.get("counterSet") or "",
    )
    return errors + _device_place(device, path, per_device) + validate_binding(device, path)


def _plain_capacity(capacity: dict[str, Any], path: str) -> list[FieldError]:
    if not capacity.get("requestPolicy"):
        return []
    return [field.forbidden(f"{path}.requestPolicy", "allowMultipleAllocations must be true")]


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
        errors.append(field.invalid(path, deviceshapes.attribute(attribute), "exactly one value must be specified"))
    return errors


def _counter_set(item: dict[str, Any], path: str) -> list[FieldError]:
    return _counters(item, path, "name", _MAX_COUNTERS)


def _consumption(item: dict[str, Any], path: str) -> list[FieldError]:
    return _counters(item, path, "counterSet", _MAX_COUNTERS)


def _counters(item: dict[str, Any], path: str, key: str, limit: int) -> list[FieldError]:
    """A named set of counters: of a slice, or what a device takes of it."""
    name, counters = item.get(key) or "", item.get("counters") or {}
    errors = validate_label(name, f"{path}.{key}") if name else [field.required(f"{path}.{key}")]
    if not counters:
        return [*errors, field.required(f"{path}.counters")]
    return errors + each_entry(counters, limit, 63, f"{path}.counters", validate_label, lambda value, at: [])


VALIDATE_SLICES: dict[str, Checks] = {"resourceslices.resource.k8s.io": (_create, _update, None)}
