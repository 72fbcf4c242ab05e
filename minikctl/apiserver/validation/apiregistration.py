"""Validation of APIServices."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.core.contents import decoded_size
from minikctl.apiserver.validation.names import is_dns1035_label, is_dns1123_subdomain, is_valid_port_num


def _create(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    name, wanted = (obj.get("metadata") or {}).get("name") or "", f"{version}.{group}"
    errors: list[FieldError] = []
    if name and name != wanted:
        text = f'must be `spec.version+"."+spec.group`: {quote(wanted)}'
        errors.append(field.invalid("metadata.name", name, text))
    if not group and version != "v1":
        text = "only v1 may have an empty group and it better be legacy kube"
        errors.append(field.required("spec.group", text))
    if group:
        errors += [field.invalid("spec.group", group, text) for text in is_dns1123_subdomain(group)]
    errors += [field.invalid("spec.version", version, text) for text in is_dns1035_label(version)]
    for key, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(key) or 0
        if not 0 < value <= limit:
            errors.append(field.invalid(f"spec.{key}", value, f"must be positive and less than {limit}"))
    return errors + _service(spec)


def _service(spec: dict[str, Any]) -> list[FieldError]:
    bundle, insecure = spec.get("caBundle") or "", bool(spec.get("insecureSkipTLSVerify"))
    service = spec.get("service")
    errors: list[FieldError] = []
    path = "spec.insecureSkipTLSVerify"
    if service is None:
        if bundle:
            text = "local APIServices may not have a caBundle"
            errors.append(field.invalid("spec.caBundle", f"{decoded_size(bundle)} bytes", text))
        if insecure:
            errors.append(field.invalid(path, True, "local APIServices may not have insecureSkipTLSVerify"))
        return errors
    errors += [field.required(f"spec.service.{key}") for key in ("namespace", "name") if not service.get(key)]
    port = service.get("port")
    if port is not None:
        for text in is_valid_port_num(port):
            errors.append(field.invalid("spec.service.port", port, f"port is not valid: {text}"))
    if insecure and bundle:
        errors.append(field.invalid(path, True, "may not be true if caBundle is present"))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _create(new)


def _status(new: Obj, old: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, condition in enumerate((new.get("status") or {}).get("conditions") or ()):
        value = condition.get("status") or ""
        if value not in ("True", "False", "Unknown"):
            path = f"status.conditions[{index}].status"
            errors.append(field.not_supported(path, value, ["True", "False", "Unknown"]))
    return errors


VALIDATE: dict[str, Checks] = {"apiservices.apiregistration.k8s.io": (_create, _update, _status)}
