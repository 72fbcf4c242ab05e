"""What drivers report about allocated devices in a ResourceClaim's status."""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.addresses import parse_cidr, parse_ip
from minikctl.apiserver.validation.conditions import validate_conditions
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.devices import each, itself, validate_label, validate_pool_name

_MAX_CONDITIONS = 8
_MAX_DATA = 10 * 1024
_MAX_ADDRESSES = 16
_MAX_INTERFACE = 256
_MAX_HARDWARE_ADDRESS = 128
_HEX = "[0-9a-fA-F]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# By length: the forms that are read as UUIDs.
_UUID_FORMS = {36: _UUID, 45: f"urn:uuid:{_UUID}", 38: rf"\{{{_UUID}\}}", 32: f"{_HEX}{{32}}"}
_NORMALIZED = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal"
    " characters"
)


def validate_uid(uid: str, path: str) -> list[FieldError]:
    form = _UUID_FORMS.get(len(uid))
    if form is None:
        return [field.invalid(path, uid, f"error validating uid: invalid UUID length: {len(uid)}")]
    if not re.fullmatch(form, uid):
        return [field.invalid(path, uid, "error validating uid: invalid UUID format")]
    return [] if len(uid) == 36 and uid == uid.lower() else [field.invalid(path, uid, _NORMALIZED)]


def _device_id(device: dict[str, Any]) -> str:
    parts = [device.get(key) or "" for key in ("driver", "pool", "device")]
    return "/".join(parts + ([device["shareID"]] if device.get("shareID") else []))


def validate_device_statuses(status: dict[str, Any]) -> list[FieldError]:
    """status.devices: only of devices that are allocated, each once."""
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or []
    allocated = {_device_id(result) for result in results}
    return each(status.get("devices"), -1, "status.devices", lambda item, at: _device(item, at, allocated), _device_id)


def _device(device: dict[str, Any], path: str, allocated: set[str]) -> list[FieldError]:
    errors = validate_driver_name(device.get("driver") or "", f"{path}.driver")
    errors += validate_pool_name(device.get("pool") or "", f"{path}.pool")
    errors += validate_label(device.get("device") or "", f"{path}.device")
    if device.get("shareID") is not None:
        errors += validate_uid(device["shareID"], f"{path}.shareID")
    if _device_id(device) not in allocated:
        errors.append(field.invalid(path, _device_id(device), "must be an allocated device in the claim"))
    conditions = device.get("conditions") or []
    if len(conditions) > _MAX_CONDITIONS:
        errors.append(field.too_many(f"{path}.conditions", len(conditions), _MAX_CONDITIONS))
    errors += validate_conditions(conditions, f"{path}.conditions")
    data = device.get("data")
    if data is not None and len(field.go_json(data)) > _MAX_DATA:
        errors.append(field.too_long(f"{path}.data", _MAX_DATA))
    elif data is not None and not isinstance(data, dict):
        errors.append(field.invalid(f"{path}.data", "<value omitted>", "must be a valid JSON object"))
    return errors + _network(device.get("networkData") or {}, f"{path}.networkData")


def _network(data: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, limit in (("interfaceName", _MAX_INTERFACE), ("hardwareAddress", _MAX_HARDWARE_ADDRESS)):
        if len((data.get(key) or "").encode()) > limit:
            errors.append(field.too_long(f"{path}.{key}", limit))
    return errors + each(data.get("ips"), _MAX_ADDRESSES, f"{path}.ips", _interface_address, itself)


def _interface_address(value: str, path: str) -> list[FieldError]:
    """An address with its prefix length, in canonical form (IsValidInterfaceAddress)."""
    address = parse_ip(value.partition("/")[0])
    if address is None or parse_cidr(value) is None:
        text = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        return [field.invalid(path, value, text)]
    canonical = f"{address}/{value.partition('/')[2]}"
    return [] if value == canonical else [field.invalid(path, value, f'must be in canonical form ("{canonical}")')]
