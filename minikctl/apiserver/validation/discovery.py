"""Validation of EndpointSlices."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, ip_warnings, is_ipv4, is_ipv6, non_special_ip
from minikctl.apiserver.validation.metadata import validate_immutable, validate_labels
from minikctl.apiserver.validation.names import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_qualified_name,
    subdomain_name,
)

_TYPES = ["FQDN", "IPv4", "IPv6"]
_PROTOCOLS = ["SCTP", "TCP", "UDP"]
_MAX_ENDPOINTS = 1000
_MAX_ADDRESSES = 100
_MAX_PORTS = 20000
_MAX_TOPOLOGY = 16
_MAX_HINTS = 8
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


def _validate(obj: Obj, known: frozenset[str]) -> list[FieldError]:
    kind = obj.get("addressType") or ""
    errors: list[FieldError] = []
    if not kind:
        errors.append(field.required("addressType"))
    elif kind not in _TYPES:
        errors.append(field.not_supported("addressType", kind, _TYPES))
    endpoints = obj.get("endpoints") or []
    counts: list[FieldError] = []
    if len(endpoints) > _MAX_ENDPOINTS:
        errors.append(field.too_many("endpoints", len(endpoints), _MAX_ENDPOINTS))
    else:
        for index, endpoint in enumerate(endpoints):
            path = f"endpoints[{index}]"
            counts += _address_count(endpoint, f"{path}.addresses")
            errors += _endpoint(endpoint, kind, path, known)
    # Upstream checks the counts declaratively, after everything else.
    return errors + _ports(obj.get("ports") or []) + counts


def _address_count(endpoint: dict[str, Any], path: str) -> list[FieldError]:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        return [field.required(path, "must contain at least 1 address")]
    if len(addresses) > _MAX_ADDRESSES:
        return [field.too_many(path, len(addresses), _MAX_ADDRESSES)]
    return []


def _endpoint(endpoint: dict[str, Any], kind: str, path: str, known: frozenset[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, address in enumerate(endpoint.get("addresses") or ()):
        if kind in ("IPv4", "IPv6"):
            errors += _address(address, kind, f"{path}.addresses", index, known)
        elif kind == "FQDN":
            errors += _domain_name(address, f"{path}.addresses[{index}]")
    node = endpoint.get("nodeName")
    if node is not None:
        errors += [field.invalid(f"{path}.nodeName", node, text) for text in subdomain_name(node, False)]
    topology = endpoint.get("deprecatedTopology") or {}
    if topology:
        at = f"{path}.deprecatedTopology"
        if len(topology) > _MAX_TOPOLOGY:
            errors.append(field.too_many(at, len(topology), _MAX_TOPOLOGY))
        errors += validate_labels(topology, at)
        if "kubernetes.io/hostname" in topology:
            text = "may not be set, use nodeName instead"
            errors.append(field.invalid(f"{at}[kubernetes.io/hostname]", "kubernetes.io/hostname", text))
    hostname = endpoint.get("hostname")
    if hostname is not None:
        errors += [field.invalid(f"{path}.hostname", hostname, text) for text in is_dns1123_label(hostname)]
    if endpoint.get("hints"):
        errors += _hints(endpoint["hints"], f"{path}.hints")
    return errors


def _address(address: str, kind: str, path: str, index: int, known: frozenset[str]) -> list[FieldError]:
    at = f"{path}[{index}]"
    errors = ip_for_legacy_field(at, address, known)
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
    for key, attribute in (("forZones", "name"), ("forNodes", "name")):
        items, at = hints.get(key) or [], f"{path}.{key}"
        if len(items) > _MAX_HINTS:
            errors.append(field.too_many(at, len(items), _MAX_HINTS))
            return errors
        seen: set[str] = set()
        for index, item in enumerate(items):
            name = (item or {}).get(attribute) or ""
            if name in seen:
                errors.append(field.duplicate(f"{at}[{index}].name", name))
                continue
            seen.add(name)
            problems = is_qualified_name(name) if key == "forZones" else subdomain_name(name, False)
            errors += [field.invalid(f"{at}[{index}].name", name, text) for text in problems]
    return errors


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
    return _validate(obj, frozenset())


def _update(new: Obj, old: Obj) -> list[FieldError]:
    known = frozenset(value for item in old.get("endpoints") or () for value in item.get("addresses") or ())
    # Upstream checks the type declaratively, and addresses are not compared with a type that was refused.
    changed = validate_immutable(new.get("addressType"), old.get("addressType"), "addressType")
    return changed or _validate(new, known)


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    warnings: list[str] = []
    if new.get("addressType") == "FQDN" and (old is None or old.get("addressType") != "FQDN"):
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
