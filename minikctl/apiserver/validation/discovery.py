"""Validation of EndpointSlices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, ip_warnings, is_ipv4, is_ipv6, non_special_ip
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_qualified_name,
    is_valid_label_value,
    subdomain_name,
)

_TYPES = ["FQDN", "IPv4", "IPv6"]
_PROTOCOLS = ["SCTP", "TCP", "UDP"]
_MAX_ENDPOINTS = 1000
_MAX_ADDRESSES = 100
_MAX_PORTS = 20000
_MAX_HINTS = 8
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


def _validate(obj: Obj, old: Obj | None = None) -> list[FieldError]:
    """The whole of a slice; of an update only endpoints that changed are looked at, as older ones met older rules."""
    kind = obj.get("addressType") or ""
    errors: list[FieldError] = []
    if not kind:
        errors.append(field.required("addressType"))
    elif kind not in _TYPES:
        errors.append(field.not_supported("addressType", kind, _TYPES))
    errors += _ports(obj.get("ports") or [])
    endpoints = obj.get("endpoints") or []
    if old is not None and endpoints == (old.get("endpoints") or []):
        return errors
    return errors + _endpoints(endpoints, kind)


def _endpoints(endpoints: list[dict[str, Any]], kind: str) -> list[FieldError]:
    if len(endpoints) > _MAX_ENDPOINTS:
        return [field.too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)]
    errors: list[FieldError] = []
    for index, endpoint in enumerate(endpoints):
        errors += _endpoint(endpoint, kind, f"endpoints[{index}]")
    return errors


def _address_count(addresses: list[str], path: str) -> list[FieldError]:
    if not addresses:
        return [field.required(path, "must contain at least 1 address")]
    if len(addresses) > _MAX_ADDRESSES:
        return [field.too_many(path, len(addresses), _MAX_ADDRESSES)]
    return []


def _endpoint(endpoint: dict[str, Any], kind: str, path: str) -> list[FieldError]:
    addresses = endpoint.get("addresses") or []
    errors = _address_count(addresses, f"{path}.addresses")
    for index, address in enumerate(addresses):
        if kind in ("IPv4", "IPv6"):
            errors += _address(address, kind, f"{path}.addresses", index)
        elif kind == "FQDN":
            errors += _domain_name(address, f"{path}.addresses[{index}]")
    node = endpoint.get("nodeName")
    if node is not None:
        errors += [field.invalid(f"{path}.nodeName", node, text) for text in subdomain_name(node, False)]
    hostname = endpoint.get("hostname")
    if hostname is not None:
        errors += [field.invalid(f"{path}.hostname", hostname, text) for text in is_dns1123_label(hostname)]
    if endpoint.get("hints"):
        errors += _hints(endpoint["hints"], f"{path}.hints")
    return errors


def _address(address: str, kind: str, path: str, index: int) -> list[FieldError]:
    at = f"{path}[{index}]"
    errors = ip_for_legacy_field(at, address)
    if errors:
        return errors
    fits = is_ipv4(address) if kind == "IPv4" else is_ipv6(address)
    if not fits:
        errors.append(field.invalid(path, address, f"must be an {kind} address"))
    return errors + non_special_ip(at, address)


def _domain_name(name: str, path: str) -> list[FieldError]:
    if not name:
        return [field.required(path)]
    name = name[:-1] if name.endswith(".") else name
    problems = is_dns1123_subdomain(name)
    if problems:
        return [field.invalid(path, name, ",".join(problems))]
    labels = name.split(".")
    if len(labels) < 2:
        return [field.invalid(path, name, "should be a domain with at least two segments separated by dots")]
    for label in labels:
        if is_dns1123_label(label):
            return [field.invalid(path, label, ",".join(is_dns1123_label(label)))]
    return []


def _hints(hints: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, check in _HINT_NAMES.items():
        items, at = hints.get(key) or [], f"{path}.{key}"
        if len(items) > _MAX_HINTS:
            return [*errors, field.too_many(at, len(items), _MAX_HINTS)]
        seen: set[str] = set()
        for index, item in enumerate(items):
            name = (item or {}).get("name") or ""
            if name in seen:
                errors.append(field.duplicate(f"{at}[{index}].name", name))
            seen.add(name)
            errors += [field.invalid(f"{at}[{index}].name", name, text) for text in check(name)]
    return errors


def _node_name(name: str) -> list[str]:
    return subdomain_name(name, False)


_HINT_NAMES: dict[str, Callable[[str], list[str]]] = {"forZones": is_valid_label_value, "forNodes": _node_name}


def _ports(ports: list[dict[str, Any]]) -> list[FieldError]:
    if len(ports) > _MAX_PORTS:
        return [field.too_many("ports", len(ports), _MAX_PORTS)]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path = f"ports[{index}]"
        name, protocol = port.get("name") or "", port.get("protocol")
        if name:
            errors += [field.invalid(f"{path}.name", name, text) for text in is_dns1123_label(name)]
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
        if protocol is None:
            errors.append(field.required(f"{path}.protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(field.not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
        if port.get("appProtocol") is not None:
            value = port["appProtocol"]
            errors += [field.invalid(f"{path}.appProtocol", value, text) for text in is_qualified_name(value)]
    return errors


def _create(obj: Obj) -> list[FieldError]:
    return _validate(obj)


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new, old) + validate_immutable(new.get("addressType"), old.get("addressType"), "addressType")


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    warnings: list[str] = []
    if new.get("addressType") == "FQDN" and old is None:
        warnings.append("spec.addressType: FQDN endpoints are deprecated")
    manager = ((new.get("metadata") or {}).get("labels") or {}).get(_MANAGED_BY)
    if new.get("addressType") not in ("IPv4", "IPv6") or manager in _CONTROLLERS:
        return warnings
    for index, endpoint in enumerate(new.get("endpoints") or ()):
        for number, address in enumerate(endpoint.get("addresses") or ()):
            warnings += ip_warnings(f"endpoints[{index}].addresses[{number}]", address)
    return warnings


VALIDATE: dict[str, Checks] = {"endpointslices.discovery.k8s.io": (_create, _update, None)}
WARNINGS: dict[str, WarningsCheck] = {"endpointslices.discovery.k8s.io": _warnings}
