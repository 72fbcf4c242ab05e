"""Validation of Services: ports, addresses and policies; what an update may change is next door.

`validate_cluster_ips` is also what the registry checks before it allocates addresses.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import (
    cidr_for_legacy_field,
    cidr_warnings,
    ip_for_legacy_field,
    ip_warnings,
    non_special_ip,
)
from minikctl.apiserver.validation.core.serviceaddresses import (
    is_headless,
    validate_cluster_ip_change,
    validate_cluster_ips,
    validate_family_change,
    validate_load_balancer_status,
)
from minikctl.apiserver.validation.metadata import validate_labels
from minikctl.apiserver.validation.names import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_qualified_name,
    is_valid_port_name,
    is_valid_port_num,
)

_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
_PROTOCOLS = ["SCTP", "TCP", "UDP"]
_AFFINITIES = ["ClientIP", "None"]
_POLICIES = ["Cluster", "Local"]
_DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"]
_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_MAX_AFFINITY_SECONDS = 86400


def validate_service(obj: Obj, old: Obj | None = None) -> list[FieldError]:
    """Everything about a Service but its metadata; `old` only excuses badly written addresses."""
    spec = obj.get("spec") or {}
    old_spec = (old or {}).get("spec") or {}
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    errors = _topology(annotations)
    ports = spec.get("ports") or []
    if not ports and not is_headless(spec) and spec.get("type") != "ExternalName":
        errors.append(field.required("spec.ports"))
    errors += _type_rules(spec)
    seen: set[str] = set()
    for index, port in enumerate(ports):
        errors += _port(port, len(ports) > 1, seen, f"spec.ports[{index}]")
    errors += validate_labels(spec.get("selector"), "spec.selector")
    errors += _affinity(spec)
    errors += validate_cluster_ips(obj, old)
    for index, value in enumerate(spec.get("externalIPs") or ()):
        path = f"spec.externalIPs[{index}]"
        errors += ip_for_legacy_field(path, value, old_spec.get("externalIPs") or ()) or non_special_ip(path, value)
    kind = spec.get("type") or ""
    if not kind:
        errors.append(field.required("spec.type"))
    elif kind not in _TYPES:
        errors.append(field.not_supported("spec.type", kind, _TYPES))
    errors += _node_ports(ports, kind) + _duplicate_ports(ports)
    return errors + _source_ranges(obj, old) + _load_balancer(spec) + _traffic(spec)


def _topology(annotations: dict[str, str]) -> list[FieldError]:
    if _HINTS in annotations and _MODE in annotations and annotations[_HINTS] != annotations[_MODE]:
        text = f"must match annotations[{_HINTS}] when both are specified"
        return [field.invalid(f"metadata.annotations[{_MODE}]", annotations[_MODE], text)]
    return []


def _type_rules(spec: dict[str, Any]) -> list[FieldError]:
    kind = spec.get("type")
    if kind in ("LoadBalancer", "NodePort"):
        if is_headless(spec):
            text = f"may not be set to 'None' for {kind} services"
            return [field.invalid("spec.clusterIPs[0]", "None", text)]
        return []
    if kind != "ExternalName":
        return []
    errors = [
        field.forbidden(f"spec.{key}", "may not be set for ExternalName services")
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
        if spec.get(key) or (key == "ipFamilyPolicy" and spec.get(key) is not None)
    ]
    name = spec.get("externalName") or ""
    cname = name[:-1] if name.endswith(".") else name
    if not cname:
        return [*errors, field.required("spec.externalName")]
    return errors + [field.invalid("spec.externalName", cname, text) for text in is_dns1123_subdomain(cname)]


def _port(port: dict[str, Any], name_needed: bool, seen: set[str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name, protocol = port.get("name") or "", port.get("protocol") or ""
    if name:
        errors += [field.invalid(f"{path}.name", name, text) for text in is_dns1123_label(name)]
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
    elif name_needed:
        errors.append(field.required(f"{path}.name"))
    number = port.get("port") or 0
    errors += [field.invalid(f"{path}.port", number, text) for text in is_valid_port_num(number)]
    if not protocol:
        errors.append(field.required(f"{path}.protocol"))
    elif protocol not in _PROTOCOLS:
        errors.append(field.not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    errors += validate_port_or_name(port.get("targetPort", 0), f"{path}.targetPort")
    if port.get("appProtocol") is not None:
        value = port["appProtocol"]
        errors += [field.invalid(f"{path}.appProtocol", value, text) for text in is_qualified_name(value)]
    return errors


def validate_port_or_name(value: Any, path: str) -> list[FieldError]:
    """An int-or-string port: a number, or the name of a container port."""
    if isinstance(value, str):
        return [field.invalid(path, value, text) for text in is_valid_port_name(value)]
    return [field.invalid(path, value or 0, text) for text in is_valid_port_num(value or 0)]


def _affinity(spec: dict[str, Any]) -> list[FieldError]:
    affinity, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    path = "spec.sessionAffinityConfig"
    if not affinity:
        return [field.required("spec.sessionAffinity")]
    if affinity not in _AFFINITIES:
        return [field.not_supported("spec.sessionAffinity", affinity, _AFFINITIES)]
    if affinity == "None":
        if config is None:
            return []
        return [field.forbidden(path, "must not be set when session affinity is None")]
    if config is None:
        return [field.required(path, "when session affinity type is ClientIP")]
    client_ip = config.get("clientIP")
    if client_ip is None:
        return [field.required(f"{path}.clientIP", "when session affinity type is ClientIP")]
    seconds = client_ip.get("timeoutSeconds")
    if seconds is None:
        return [field.required(f"{path}.clientIP.timeoutSeconds", "when session affinity type is ClientIP")]
    if 0 < seconds <= _MAX_AFFINITY_SECONDS:
        return []
    text = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
    return [field.invalid(f"{path}.clientIP.timeoutSeconds", seconds, text)]


def _node_ports(ports: list[dict[str, Any]], kind: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if kind == "ClusterIP":
        text = "may not be used when `type` is 'ClusterIP'"
        errors += [field.forbidden(f"spec.ports[{i}].nodePort", text) for i, p in enumerate(ports) if p.get("nodePort")]
    seen: set[tuple[Any, int]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort") or 0
        if not number:
            continue
        key = (port.get("protocol"), number)
        if key in seen:
            errors.append(field.duplicate(f"spec.ports[{index}].nodePort", number))
        seen.add(key)
    return errors


def _duplicate_ports(ports: list[dict[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        protocol, number = port.get("protocol") or "", port.get("port") or 0
        if (protocol, number) in seen:
            shown = Struct(Name="", Protocol=protocol, AppProtocol=None, Port=number, TargetPort=0, NodePort=0)
            errors.append(field.duplicate(f"spec.ports[{index}]", shown))
        seen.add((protocol, number))
    return errors


def _source_ranges(obj: Obj, old: Obj | None) -> list[FieldError]:
    """Blocks of clients, in the field or the older annotation; space around one is part of the API."""
    spec, (ranges, annotated) = obj.get("spec") or {}, _ranges_of(obj)
    old_ranges, old_annotated = _ranges_of(old or {})
    if ranges:
        path = "spec.LoadBalancerSourceRanges"
        known = [value.strip() for value in old_ranges]
    elif annotated is not None:
        path, known = f"metadata.annotations[{_RANGES}]", []
    else:
        return []
    errors = [] if spec.get("type") == "LoadBalancer" else [field.forbidden(path, _ONLY_LOAD_BALANCER)]
    if ranges:
        for index, value in enumerate(ranges):
            errors += cidr_for_legacy_field(f"{path}[{index}]", value.strip(), known)
    elif annotated and annotated.strip() and annotated != old_annotated:
        for value in annotated.split(","):
            errors += cidr_for_legacy_field(path, value.strip())
    return errors


def _ranges_of(obj: Obj) -> tuple[list[str], str | None]:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return (obj.get("spec") or {}).get("loadBalancerSourceRanges") or [], annotations.get(_RANGES)


def _load_balancer(spec: dict[str, Any]) -> list[FieldError]:
    balanced = spec.get("type") == "LoadBalancer"
    errors: list[FieldError] = []
    if spec.get("allocateLoadBalancerNodePorts") is not None:
        if not balanced:
            errors.append(field.forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCER))
    elif balanced:
        errors.append(field.required("allocateLoadBalancerNodePorts"))
    return errors + _load_balancer_class(spec)


def _load_balancer_class(spec: dict[str, Any]) -> list[FieldError]:
    value = spec.get("loadBalancerClass")
    if value is None:
        return []
    if spec.get("type") != "LoadBalancer":
        return [field.forbidden("spec.loadBalancerClass", _ONLY_LOAD_BALANCER)]
    return [field.invalid("spec.loadBalancerClass", value, text) for text in is_qualified_name(value)]


def _externally_accessible(spec: dict[str, Any]) -> bool:
    return spec.get("type") in ("LoadBalancer", "NodePort") or (
        spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def _needs_health_check(spec: dict[str, Any]) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _traffic(spec: dict[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    policy, path = spec.get("externalTrafficPolicy") or "", "spec.externalTrafficPolicy"
    if not _externally_accessible(spec):
        if policy:
            errors.append(field.invalid(path, policy, "may only be set for externally-accessible services"))
    elif not policy:
        errors.append(field.required(path))
    elif policy not in _POLICIES:
        errors.append(field.not_supported(path, policy, _POLICIES))
    errors += _health_check(spec)
    policy, path = spec.get("internalTrafficPolicy"), "spec.internalTrafficPolicy"
    if policy is None:
        if spec.get("type") in ("NodePort", "LoadBalancer", "ClusterIP"):
            errors.append(field.required(path))
    elif policy not in _POLICIES:
        errors.append(field.not_supported(path, policy, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        errors.append(field.not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
    return errors


def _health_check(spec: dict[str, Any]) -> list[FieldError]:
    port, path = spec.get("healthCheckNodePort") or 0, "spec.healthCheckNodePort"
    if not _needs_health_check(spec):
        if not port:
            return []
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        return [field.invalid(path, port, text)]
    if not port:
        return [field.required(path)]
    return [field.invalid(path, port, text) for text in is_valid_port_num(port)]


def validate_service_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    errors = validate_cluster_ip_change(spec, old_spec) + validate_family_change(spec, old_spec)
    if spec.get("type") == old_spec.get("type") == "LoadBalancer":
        value = spec.get("loadBalancerClass")
        if value != old_spec.get("loadBalancerClass"):
            errors.append(field.invalid("spec.loadBalancerClass", value, "may not change once set"))
    errors += _load_balancer_class(spec)
    port_changed = (spec.get("healthCheckNodePort") or 0) != (old_spec.get("healthCheckNodePort") or 0)
    if port_changed and _needs_health_check(spec) and _needs_health_check(old_spec):
        errors.append(field.forbidden("spec.healthCheckNodePort", "field is immutable"))
    return errors + validate_service(new, old)


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    spec = new.get("spec") or {}
    kind, external = spec.get("type"), spec.get("externalIPs") or []
    headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    warnings: list[str] = []
    if _HINTS in ((new.get("metadata") or {}).get("annotations") or {}):
        warnings.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    if spec.get("clusterIP") not in (None, "", "None"):
        for index, value in enumerate(spec.get("clusterIPs") or ()):
            warnings += ip_warnings(f"spec.clusterIPs[{index}]", value)
    if headless:
        if spec.get("loadBalancerIP"):
            warnings.append("spec.loadBalancerIP is ignored for headless services")
        if external:
            warnings.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity") != "None":
            warnings.append("spec.SessionAffinity is ignored for headless services")
    for index, value in enumerate(external):
        warnings += ip_warnings(f"spec.externalIPs[{index}]", value)
    if external and not headless and kind != "ExternalName":
        warnings.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec.get("loadBalancerIP"):
        warnings += ip_warnings("spec.loadBalancerIP", spec["loadBalancerIP"])
    for index, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        warnings += cidr_warnings(f"spec.loadBalancerSourceRanges[{index}]", value)
    if kind == "ExternalName" and external:
        warnings.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if kind != "ExternalName" and spec.get("externalName"):
        warnings.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        warnings.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return warnings


VALIDATE: dict[str, Checks] = {
    "services": (validate_service, validate_service_update, validate_load_balancer_status),
}
WARNINGS: dict[str, WarningsCheck] = {"services": _warnings}
