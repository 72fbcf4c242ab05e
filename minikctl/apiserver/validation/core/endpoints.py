"""Validation of Endpoints."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, ip_warnings, non_special_ip
from minikctl.apiserver.validation.names import is_dns1123_label, is_qualified_name, is_valid_port_num, subdomain_name

_PROTOCOLS = ["SCTP", "TCP", "UDP"]


def _validate(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, subset in enumerate(obj.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(field.required(path, "must specify `addresses` or `notReadyAddresses`"))
        for part in ("addresses", "notReadyAddresses"):
            for number, item in enumerate(subset.get(part) or ()):
                errors += _address(item, f"{path}.{part}[{number}]")
        ports = subset.get("ports") or []
        for number, port in enumerate(ports):
            errors += _port(port, len(ports) > 1, f"{path}.ports[{number}]")
    return errors


def _address(item: Obj, path: str) -> list[FieldError]:
    value = item.get("ip") or ""
    errors = ip_for_legacy_field(f"{path}.ip", value)
    if item.get("hostname"):
        hostname = item["hostname"]
        errors += [field.invalid(f"{path}.hostname", hostname, text) for text in is_dns1123_label(hostname)]
    if item.get("nodeName") is not None:
        node = item["nodeName"]
        errors += [field.invalid(f"{path}.nodeName", node, text) for text in subdomain_name(node, False)]
    return errors + non_special_ip(f"{path}.ip", value)


def _port(port: Obj, name_needed: bool, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name, number, protocol = port.get("name") or "", port.get("port") or 0, port.get("protocol") or ""
    if name:
        errors += [field.invalid(f"{path}.name", name, text) for text in is_dns1123_label(name)]
    elif name_needed:
        errors.append(field.required(f"{path}.name"))
    errors += [field.invalid(f"{path}.port", number, text) for text in is_valid_port_num(number)]
    if not protocol:
        errors.append(field.required(f"{path}.protocol"))
    elif protocol not in _PROTOCOLS:
        errors.append(field.not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if port.get("appProtocol") is not None:
        value = port["appProtocol"]
        errors += [field.invalid(f"{path}.appProtocol", value, text) for text in is_qualified_name(value)]
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    """Subsets that stay as they are met the rules of their time, which were laxer."""
    return [] if (new.get("subsets") or []) == (old.get("subsets") or []) else _validate(new)


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    warnings: list[str] = []
    for index, subset in enumerate(new.get("subsets") or ()):
        for part in ("addresses", "notReadyAddresses"):
            for number, item in enumerate(subset.get(part) or ()):
                warnings += ip_warnings(f"subsets[{index}].{part}[{number}].ip", item.get("ip") or "")
    return warnings


VALIDATE: dict[str, Checks] = {"endpoints": (_validate, _update, None)}
WARNINGS: dict[str, WarningsCheck] = {"endpoints": _warnings}
