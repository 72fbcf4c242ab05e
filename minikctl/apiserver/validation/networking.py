"""Validation of networking.k8s.io: NetworkPolicies, IngressClasses, IPAddresses and ServiceCIDRs.

Ingresses have a module of their own.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import (
    canonical_cidr,
    cidr_for_legacy_field,
    cidr_warnings,
    is_ipv6_cidr,
    parse_cidr,
)
from minikctl.apiserver.validation.ingress import VALIDATE_INGRESS, ingress_warnings
from minikctl.apiserver.validation.metadata import IMMUTABLE, validate_immutable
from minikctl.apiserver.validation.names import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_http_path,
    is_path_segment,
    is_valid_port_name,
    is_valid_port_num,
)
from minikctl.apiserver.validation.selectors import validate_label_selector

_CONTROLLER_LIMIT = 250


def _policy_spec(spec: dict[str, Any], known: list[str]) -> list[FieldError]:
    errors = validate_label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate((rule or {}).get("ports") or ()):
                errors += _policy_port(port, f"{path}.ports[{number}]")
            for number, peer in enumerate((rule or {}).get(peers) or ()):
                errors += _policy_peer(peer or {}, f"{path}.{peers}[{number}]", known)
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        return [*errors, field.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            errors.append(field.not_supported(f"spec.policyTypes[{index}]", kind, ["Ingress", "Egress"]))
    return errors


def _policy_port(item: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    protocol, port, end = item.get("protocol"), item.get("port"), item.get("endPort")
    if protocol is not None and protocol not in ("TCP", "UDP", "SCTP"):
        errors.append(field.not_supported(f"{path}.protocol", protocol, ["TCP", "UDP", "SCTP"]))
    if port is None:
        if end is not None:
            errors.append(field.invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(port, str):
        if end is not None:
            errors.append(field.invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        errors += [field.invalid(f"{path}.port", port, text) for text in is_valid_port_name(port)]
    else:
        errors += [field.invalid(f"{path}.port", port, text) for text in is_valid_port_num(port)]
        if end is not None:
            if end < port:
                # The value shown is the port's: that is how this release words it.
                errors.append(field.invalid(f"{path}.endPort", port, "must be greater than or equal to `port`"))
            errors += [field.invalid(f"{path}.endPort", end, text) for text in is_valid_port_num(end)]
    return errors


def _policy_peer(peer: dict[str, Any], path: str, known: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    present = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None]
    for key in present:
        if key == "ipBlock":
            errors += _ip_block(peer[key], f"{path}.ipBlock", known)
        else:
            errors += validate_label_selector(peer[key], f"{path}.{key}")
    if not present:
        errors.append(field.required(path, "must specify a peer"))
    elif len(present) > 1 and "ipBlock" in present:
        errors.append(field.forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _ip_block(block: dict[str, Any], path: str, known: list[str]) -> list[FieldError]:
    cidr = block.get("cidr") or ""
    if not cidr:
        return [field.required(f"{path}.cidr")]
    errors = cidr_for_legacy_field(f"{path}.cidr", cidr, known)
    network = parse_cidr(cidr)
    if network is None:
        return errors
    for index, value in enumerate(block.get("except") or ()):
        at = f"{path}.except[{index}]"
        errors += cidr_for_legacy_field(at, value, known)
        inner = parse_cidr(value)
        if inner is None:
            continue
        inside = inner.version == network.version and inner.network_address in network
        if not inside or network.prefixlen >= inner.prefixlen:
            errors.append(field.invalid(at, value, "must be a strict subset of `cidr`"))
    return errors


def _blocks(obj: Obj) -> list[tuple[str, dict[str, Any]]]:
    found = []
    spec = obj.get("spec") or {}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            for number, peer in enumerate((rule or {}).get(peers) or ()):
                if (peer or {}).get("ipBlock"):
                    found.append((f"spec.{direction}[{index}].{peers}[{number}].ipBlock", peer["ipBlock"]))
    return found


def _policy_create(obj: Obj) -> list[FieldError]:
    return _policy_spec(obj.get("spec") or {}, [])


def _policy_update(new: Obj, old: Obj) -> list[FieldError]:
    known = [value for _, block in _blocks(old) for value in (block.get("cidr"), *(block.get("except") or ())) if value]
    return _policy_spec(new.get("spec") or {}, known)


def _policy_warnings(new: Obj, old: Obj | None) -> list[str]:
    warnings: list[str] = []
    for path, block in _blocks(new):
        warnings += cidr_warnings(f"{path}.cidr", block.get("cidr") or "")
        for index, value in enumerate(block.get("except") or ()):
            warnings += cidr_warnings(f"{path}.except[{index}]", value)
    return warnings


def _ingress_class(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    controller = spec.get("controller") or ""
    errors: list[FieldError] = []
    if len(controller.encode()) > _CONTROLLER_LIMIT:
        errors.append(field.too_long("spec.controller", _CONTROLLER_LIMIT))
    errors += domain_prefixed_path(controller, "spec.controller")
    parameters = spec.get("parameters")
    return errors + _parameters(parameters, "spec.parameters") if parameters is not None else errors


def domain_prefixed_path(value: str, path: str) -> list[FieldError]:
    """A domain and a path below it (IsDomainPrefixedPath)."""
    if not value:
        return [field.required(path)]
    host, slash, rest = value.partition("/")
    if not (host and slash and rest):
        return [field.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = [field.invalid(path, host, text) for text in is_dns1123_subdomain(host)]
    return errors + [field.invalid(path, rest, text) for text in is_http_path(rest)]


def _parameters(parameters: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if parameters.get("apiGroup") is not None:
        group = parameters["apiGroup"]
        errors += [field.invalid(f"{path}.apiGroup", group, text) for text in is_dns1123_subdomain(group)]
    for key in ("kind", "name"):
        errors += _segment(parameters.get(key) or "", f"{path}.{key}", needed=f"{key} is required")
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [*errors, field.required(f"{path}.scope")]
    if scope not in ("Cluster", "Namespace"):
        return [*errors, field.not_supported(f"{path}.scope", scope, ["Cluster", "Namespace"])]
    if scope == "Namespace":
        if namespace is None:
            errors.append(field.required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            errors += [field.invalid(f"{path}.namespace", namespace, text) for text in is_dns1123_label(namespace)]
    elif namespace is not None:
        errors.append(field.forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors


def _segment(value: str, path: str, needed: str | None) -> list[FieldError]:
    """A part of a URL; `needed` is what is said where it is missing, None where it may be."""
    if not value:
        return [] if needed is None else [field.required(path, needed)]
    return [field.invalid(path, value, text) for text in is_path_segment(value)]


def _ingress_class_update(new: Obj, old: Obj) -> list[FieldError]:
    controller, old_controller = (new.get("spec") or {}).get("controller"), (old.get("spec") or {}).get("controller")
    return validate_immutable(controller or "", old_controller or "", "spec.controller") + _ingress_class(new)


def _ip_address(obj: Obj) -> list[FieldError]:
    reference = (obj.get("spec") or {}).get("parentRef")
    path = "spec.parentRef"
    if reference is None:
        return [field.required(path)]
    group = reference.get("group") or ""
    errors = [field.invalid(f"{path}.group", group, text) for text in is_dns1123_subdomain(group)] if group else []
    errors += _segment(reference.get("resource") or "", f"{path}.resource", needed="")
    errors += _segment(reference.get("name") or "", f"{path}.name", needed="")
    return errors + _segment(reference.get("namespace") or "", f"{path}.namespace", needed=None)


def _ip_address_update(new: Obj, old: Obj) -> list[FieldError]:
    reference, old_reference = (new.get("spec") or {}).get("parentRef"), (old.get("spec") or {}).get("parentRef")
    if reference == old_reference:
        return []
    names = (("group", "Group"), ("resource", "Resource"), ("namespace", "Namespace"), ("name", "Name"))
    shown = Struct({go: reference.get(key) or "" for key, go in names}) if reference else None
    return [field.invalid("spec.parentRef", shown, IMMUTABLE)]


def _service_cidr(obj: Obj) -> list[FieldError]:
    cidrs = (obj.get("spec") or {}).get("cidrs") or []
    path = "spec.cidrs"
    if not cidrs:
        return [field.required(path, "at least one CIDR required")]
    if len(cidrs) > 2:
        return [field.invalid(path, Struct(CIDRs=cidrs), "may only hold up to 2 values")]
    errors = [error for index, value in enumerate(cidrs) for error in canonical_cidr(f"{path}[{index}]", value)]
    if len(cidrs) == 2 and all(map(parse_cidr, cidrs)) and is_ipv6_cidr(cidrs[0]) == is_ipv6_cidr(cidrs[1]):
        text = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        errors.append(field.invalid(path, cidrs, text))
    return errors


def _service_cidr_update(new: Obj, old: Obj) -> list[FieldError]:
    cidrs, before = (new.get("spec") or {}).get("cidrs") or [], (old.get("spec") or {}).get("cidrs") or []
    path = "spec.cidrs"
    if len(cidrs) == len(before):
        return [
            field.invalid(f"{path}[{index}]", cidrs[index], IMMUTABLE)
            for index, value in enumerate(before)
            if value != cidrs[index]
        ]
    if len(before) == 1 and len(cidrs) == 2:
        changed = [] if cidrs[0] == before[0] else [field.invalid(f"{path}[0]", cidrs[0], IMMUTABLE)]
        return changed + _service_cidr(new)
    return [field.invalid(path, cidrs or None, IMMUTABLE)]


def _no_rules(new: Obj, old: Obj) -> list[FieldError]:
    return []


VALIDATE: dict[str, Checks] = {
    "ingresses.networking.k8s.io": VALIDATE_INGRESS,
    "networkpolicies.networking.k8s.io": (_policy_create, _policy_update, None),
    "ingressclasses.networking.k8s.io": (_ingress_class, _ingress_class_update, None),
    "ipaddresses.networking.k8s.io": (_ip_address, _ip_address_update, None),
    "servicecidrs.networking.k8s.io": (_service_cidr, _service_cidr_update, _no_rules),
}
WARNINGS: dict[str, WarningsCheck] = {
    "ingresses.networking.k8s.io": ingress_warnings,
    "networkpolicies.networking.k8s.io": _policy_warnings,
}
