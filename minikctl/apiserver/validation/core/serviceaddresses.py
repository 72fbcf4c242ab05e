"""The address fields of Services: cluster IPs, families and their policy, and what may change in them."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, is_ipv6, parse_ip
from minikctl.apiserver.validation.names import is_dns1123_subdomain

_FAMILIES = ["IPv4", "IPv6"]
_FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"]
_FIXED = "may not change once set"


def is_headless(spec: dict[str, Any]) -> bool:
    return spec.get("clusterIPs") == ["None"]


def validate_cluster_ips(obj: Obj, old: Obj | None = None) -> list[FieldError]:
    """clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy together."""
    spec = obj.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return []
    errors = _in_step(spec) + _families(spec)
    ips, bad = spec.get("clusterIPs") or [], False
    known = ((old or {}).get("spec") or {}).get("clusterIPs") or ()
    for index, value in enumerate(ips):
        if index == 0 and value == "None":
            if len(ips) > 1:
                bad = True
                errors.append(field.invalid("spec.clusterIPs", ips, "'None' must be the first and only value"))
            continue
        problems = ip_for_legacy_field(f"spec.clusterIPs[{index}]", value, known)
        bad = bad or bool(problems)
        errors += problems
    if len(ips) > 2:
        errors.append(field.invalid("spec.clusterIPs", ips, "may only hold up to 2 values"))
    return errors if bad else errors + _dual_stack(spec, ips)


def _in_step(spec: dict[str, Any]) -> list[FieldError]:
    ip, ips = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if not ip:
        if not ips:
            return []
        return [field.invalid("spec.clusterIPs", ips, "must be empty when `clusterIP` is not specified")]
    if not ips:
        return [field.required("spec.clusterIPs")]
    if ips[0] != ip:
        return [field.invalid("spec.clusterIPs", ips, "first value must match `clusterIP`")]
    return []


def _families(spec: dict[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            errors.append(field.not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES))
        if family in families[:index]:
            errors.append(field.duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        errors.append(field.not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    return errors


def _dual_stack(spec: dict[str, Any], ips: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(ips) > 1 and len({is_ipv6(value) for value in ips}) < 2:
        text = "may specify no more than one IP for each IP family"
        errors.append(field.invalid("spec.clusterIPs", ips, text))
    if is_headless(spec):
        return errors
    for index, (value, family) in enumerate(zip(ips, spec.get("ipFamilies") or (), strict=False)):
        if family in _FAMILIES and (family == "IPv6") != is_ipv6(value):
            text = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(field.invalid(f"spec.clusterIPs[{index}]", value, text))
    return errors


def validate_cluster_ip_change(spec: dict[str, Any], old_spec: dict[str, Any]) -> list[FieldError]:
    """Addresses stay; a second one may come and go."""
    if "ExternalName" in (spec.get("type"), old_spec.get("type")):
        return []
    if is_headless(spec) and is_headless(old_spec):
        return []
    ips, old = spec.get("clusterIPs") or [], old_spec.get("clusterIPs") or []
    if len(ips) == len(old):
        return [
            field.invalid(f"spec.clusterIPs[{index}]", ips, _FIXED)
            for index, value in enumerate(old)
            if value != ips[index]
        ]
    errors: list[FieldError] = []
    if len(old) > len(ips):
        if not ips:
            errors.append(field.invalid("spec.clusterIPs[0]", ips or None, "primary clusterIP can not be unset"))
        elif ips[0] != old[0]:
            errors.append(field.invalid("spec.clusterIPs[0]", ips, _FIXED))
        if len(ips) == 1:
            errors += _single_stack(spec, "must be set to 'SingleStack' when releasing the secondary clusterIP")
    elif old and ips[0] != old[0]:
        errors.append(field.invalid("spec.clusterIPs[0]", ips, _FIXED))
    return errors


def _single_stack(spec: dict[str, Any], text: str) -> list[FieldError]:
    policy = spec.get("ipFamilyPolicy")
    return [] if policy == "SingleStack" else [field.invalid("spec.ipFamilyPolicy", policy, text)]


def validate_family_change(spec: dict[str, Any], old_spec: dict[str, Any]) -> list[FieldError]:
    """The first family stays; a second one may come and go."""
    if "ExternalName" in (spec.get("type"), old_spec.get("type")):
        return []
    if is_headless(spec) or is_headless(old_spec):
        return []
    families, old = spec.get("ipFamilies") or [], old_spec.get("ipFamilies") or []
    path = "spec.ipFamilies[0]"
    if len(families) == len(old):
        changed = [index for index, value in enumerate(old) if value != families[index]]
        return [field.invalid(path, families, _FIXED) for _ in changed]
    errors: list[FieldError] = []
    ips = spec.get("clusterIPs") or None
    if len(old) > len(families) and not ips:
        errors.append(field.invalid(path, families or None, "primary ipFamily can not be unset"))
    if old and families and families[0] != old[0]:
        errors.append(field.invalid(path, ips, _FIXED))
    if len(old) > len(families) == 1:
        errors += _single_stack(spec, "must be set to 'SingleStack' when releasing the secondary ipFamily")
    return errors


def validate_load_balancer_status(new: Obj, old: Obj) -> list[FieldError]:
    """What a load balancer reports through the status subresource."""
    ingress = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    path = "status.loadBalancer.ingress"
    if ingress and (new.get("spec") or {}).get("type") != "LoadBalancer":
        return [field.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    old_ingress = ((old.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    known = [item["ip"] for item in old_ingress if item.get("ip")]
    errors: list[FieldError] = []
    for index, item in enumerate(ingress):
        errors += _ingress(item, f"{path}[{index}]", known)
    return errors


def _ingress(item: dict[str, Any], path: str, known: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    mode = item.get("ipMode")
    if item.get("ip"):
        errors += ip_for_legacy_field(f"{path}.ip", item["ip"], known)
        if mode is None:
            errors.append(field.required(f"{path}.ipMode", "must be specified when `ip` is set"))
        elif mode not in ("Proxy", "VIP"):
            errors.append(field.not_supported(f"{path}.ipMode", mode, ["Proxy", "VIP"]))
    elif mode is not None:
        errors.append(field.forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
    name = item.get("hostname")
    if name:
        errors += [field.invalid(f"{path}.hostname", name, text) for text in is_dns1123_subdomain(name)]
        if parse_ip(name) is not None:
            errors.append(field.invalid(f"{path}.hostname", name, "must be a DNS name, not an IP address"))
    return errors
