"""Selecting devices: CEL expressions of classes and requests, attributes for constraints, tolerations of taints.

Counterpart of dynamic-resource-allocation's `cel` and of `resourceclaim.ToleratesTaint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery import cel
from minikctl.apimachinery.cel import kubetypes
from minikctl.scheduler.devices.pools import Device
from minikctl.scheduler.framework import PluginError

_TEXTS = re.compile(r"""(?:"([^"\\]*)"|'([^'\\]*)')""")
_PREVENTING = ("NoSchedule", "NoExecute")


def selects(expression: str, device: Device, owner: str, position: int) -> bool:
    """Whether a selector's expression holds for a device. PluginError, naming the `owner`, where it fails."""
    try:
        program = cel.compile_(expression)
        found = program.evaluate({"device": _variable(device, expression)})
    except cel.CompileError as error:
        raise PluginError(f"{owner}: selector #{position}: CEL compile error: {error}") from None
    except cel.EvaluationError as error:
        text = f"{owner}: selector #{position} on device {device}: CEL runtime error: {error}"
        raise PluginError(text) from None
    except cel.LibraryMissingError as error:
        raise PluginError(f"{owner}: selector #{position}: {error}") from None
    if not isinstance(found, bool):
        raise PluginError(f"{owner}: selector #{position} on device {device}: CEL expression does not return a bool")
    return found


def _variable(device: Device, expression: str) -> dict[str, Any]:
    """What `device` is in an expression; domains that it asks for and the device has not are empty."""
    domains = [first or second for first, second in _TEXTS.findall(expression)]
    attributes: dict[str, dict[str, Any]] = {domain: {} for domain in domains}
    capacity: dict[str, dict[str, Any]] = {domain: {} for domain in domains}
    for name, attribute in (device.raw.get("attributes") or {}).items():
        _place(attributes, device, name, _value(attribute))
    for name, amount in (device.raw.get("capacity") or {}).items():
        _place(capacity, device, name, kubetypes.quantity(str(amount["value"])))
    return {
        "driver": device.id[0],
        "attributes": attributes,
        "capacity": capacity,
        "allowMultipleAllocations": device.shared,
    }


def _place(table: dict[str, dict[str, Any]], device: Device, name: str, value: Any) -> None:
    domain, slash, identifier = name.rpartition("/")
    table.setdefault(domain if slash else device.id[0], {})[identifier] = value


def _value(attribute: Mapping[str, Any]) -> Any:
    if "version" in attribute:
        return kubetypes.semver(attribute["version"])
    return next(iter(attribute.values()), None)


def attribute_of(device: Device, name: str) -> Mapping[str, Any] | None:
    """An attribute by its fully qualified name; those of the driver's own domain may be written without it."""
    attributes = device.raw.get("attributes") or {}
    if name in attributes:
        found: Mapping[str, Any] = attributes[name]
        return found
    domain, _, identifier = name.partition("/")
    return attributes.get(identifier) if domain == device.id[0] else None


def repels(device: Device, tolerations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a taint of the device is not tolerated."""
    tolerations = list(tolerations)
    return any(
        taint.get("effect") in _PREVENTING and not any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in device.raw.get("taints") or ()
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))
