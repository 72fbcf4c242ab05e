"""Validation of Ingresses."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.addresses import ip_for_legacy_field, parse_ip
from minikctl.apiserver.validation.names import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_path_segment,
    is_valid_port_name,
    is_valid_port_num,
    is_wildcard_dns1123_subdomain,
    subdomain_name,
)

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")


def _host_problems(host: str) -> list[str]:
    return is_wildcard_dns1123_subdomain(host) if "*" in host else is_dns1123_subdomain(host)


def _spec(spec: dict[str, Any], lax_secrets: bool = False, lax_wildcards: bool = False) -> list[FieldError]:
    errors: list[FieldError] = []
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        text = "either `defaultBackend` or `rules` must be specified"
        errors.append(field.invalid("spec", spec.get("rules"), text))
    if backend is not None:
        errors += _backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        errors += _rule(rule or {}, f"spec.rules[{index}]", lax_wildcards)
    for index, tls in enumerate(spec.get("tls") or ()):
        errors += _tls(tls or {}, f"spec.tls[{index}]", lax_secrets)
    name = spec.get("ingressClassName")
    if name is not None:
        errors += [field.invalid("spec.ingressClassName", name, text) for text in subdomain_name(name, False)]
    return errors


def _tls(tls: dict[str, Any], path: str, lax_secrets: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, host in enumerate(tls.get("hosts") or ()):
        errors += [field.invalid(f"{path}.hosts[{index}]", host, text) for text in _host_problems(host)]
    name = tls.get("secretName")
    if name and not lax_secrets:
        errors += [field.invalid(f"{path}.secretName", name, text) for text in subdomain_name(name, False)]
    return errors


def _rule(rule: dict[str, Any], path: str, lax_wildcards: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    host = rule.get("host") or ""
    if host:
        if parse_ip(host) is not None:
            errors.append(field.invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        errors += [field.invalid(f"{path}.host", host, text) for text in _host_problems(host)]
    http = rule.get("http")
    if http is None or ("*" in host and lax_wildcards):
        return errors
    return errors + _http(http, f"{path}.http")


def _http(http: dict[str, Any], path: str) -> list[FieldError]:
    paths = http.get("paths") or []
    errors = [] if paths else [field.required(f"{path}.paths")]
    for index, item in enumerate(paths):
        errors += _path(item or {}, f"{path}.paths[{index}]")
    return errors


def _path(item: dict[str, Any], path: str) -> list[FieldError]:
    kind, value = item.get("pathType"), item.get("path") or ""
    if kind is None:
        return [field.required(f"{path}.pathType", "pathType must be specified")]
    at = f"{path}.path"
    errors: list[FieldError] = []
    if kind in ("Exact", "Prefix"):
        if not value.startswith("/"):
            errors.append(field.invalid(at, value, "must be an absolute path"))
        for text in _BAD_SEQUENCES:
            if text in value:
                errors.append(field.invalid(at, value, f"must not contain '{text}'"))
        for text in _BAD_SUFFIXES:
            if value.endswith(text):
                errors.append(field.invalid(at, value, f"cannot end with '{text}'"))
    elif kind == "ImplementationSpecific":
        if value and not value.startswith("/"):
            errors.append(field.invalid(at, value, "must be an absolute path"))
    else:
        errors.append(field.not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    return errors + _backend(item.get("backend") or {}, f"{path}.backend")


def _backend(backend: dict[str, Any], path: str) -> list[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [field.invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _resource(resource, f"{path}.resource")
    if service is None:
        return [field.invalid(path, "", "resource or service backend is required")]
    name = service.get("name") or ""
    if name:
        errors = [field.invalid(f"{path}.service.name", name, text) for text in is_dns1123_label(name)]
    else:
        errors = [field.required(f"{path}.service.name")]
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        errors.append(field.invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        at, name = f"{path}.service.port.name", port["name"]
        errors += [field.invalid(at, name, text) for text in is_valid_port_name(name)]
    elif port.get("number"):
        at, number = f"{path}.service.port.number", port["number"]
        errors += [field.invalid(at, number, text) for text in is_valid_port_num(number)]
    else:
        errors.append(field.required(path, "port name or number is required"))
    return errors


def _resource(resource: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if resource.get("apiGroup") is not None:
        group = resource["apiGroup"]
        errors += [field.invalid(f"{path}.apiGroup", group, text) for text in is_dns1123_subdomain(group)]
    for key in ("kind", "name"):
        value = resource.get(key) or ""
        if not value:
            errors.append(field.required(f"{path}.{key}", f"{key} is required"))
        else:
            errors += [field.invalid(f"{path}.{key}", value, text) for text in is_path_segment(value)]
    return errors


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _spec(spec)
    annotation = ((obj.get("metadata") or {}).get("annotations") or {}).get(_CLASS_ANNOTATION)
    name = spec.get("ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        text = "must match `ingressClassName` when both are specified"
        errors.append(field.invalid(f"annotations.{_CLASS_ANNOTATION}", annotation, text))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    spec = old.get("spec") or {}
    lax_secrets = any(
        subdomain_name(tls["secretName"], False) for tls in spec.get("tls") or () if tls.get("secretName")
    )
    lax_wildcards = any(
        _http(rule["http"], "")
        for rule in spec.get("rules") or ()
        if "*" in (rule.get("host") or "") and rule.get("http") is not None
    )
    return _spec(new.get("spec") or {}, lax_secrets, lax_wildcards)


def _status(new: Obj, old: Obj) -> list[FieldError]:
    known = [item["ip"] for item in _ingresses(old) if item.get("ip")]
    errors: list[FieldError] = []
    for index, item in enumerate(_ingresses(new)):
        path = f"status.loadBalancer.ingress[{index}]"
        if item.get("ip"):
            errors += ip_for_legacy_field(f"{path}.ip", item["ip"], known)
        name = item.get("hostname")
        if name:
            errors += [field.invalid(f"{path}.hostname", name, text) for text in is_dns1123_subdomain(name)]
            if parse_ip(name) is not None:
                errors.append(field.invalid(f"{path}.hostname", name, "must be a DNS name, not an IP address"))
    return errors


def _ingresses(obj: Obj) -> list[dict[str, Any]]:
    return ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def ingress_warnings(new: Obj, old: Obj | None) -> list[str]:
    """The class annotation is deprecated; said on creation only."""
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    if old is None and _CLASS_ANNOTATION in annotations:
        return [f"annotation \"{_CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"]
    return []


VALIDATE_INGRESS: Checks = (_create, _update, _status)
