"""Validation of Namespaces, ConfigMaps, Secrets and ServiceAccounts."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, UpdateCheck, WarningsCheck
from minikctl.apiserver.validation.core.contents import decoded_size, docker_config_problem, key_pair_problem
from minikctl.apiserver.validation.metadata import validate_finalizer_name, validate_immutable
from minikctl.apiserver.validation.names import is_config_map_key

_SIZE_LIMIT = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def validate_namespace(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    for finalizer in (obj.get("spec") or {}).get("finalizers") or ():
        errors += _finalizer(finalizer, "spec.finalizers")
    return errors


def _finalizer(name: str, path: str) -> list[FieldError]:
    errors = validate_finalizer_name(name, path)
    if "/" not in name and name not in ("kubernetes", "orphan", "foregroundDeletion"):
        text = "name is neither a standard finalizer name nor is it fully qualified"
        errors.append(field.invalid(path, name, text))
    return errors


def _namespace_update(new: Obj, old: Obj) -> list[FieldError]:
    return []


def _namespace_finalize(new: Obj, old: Obj) -> list[FieldError]:
    finalizers = (new.get("spec") or {}).get("finalizers") or ()
    return [error for index, name in enumerate(finalizers) for error in _finalizer(name, f"spec.finalizers[{index}]")]


def _namespace_status(new: Obj, old: Obj) -> list[FieldError]:
    phase = (new.get("status") or {}).get("phase") or ""
    if not new["metadata"].get("deletionTimestamp"):
        if phase != "Active":
            return [field.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")]
    elif phase != "Terminating":
        return [field.invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")]
    return []


def validate_config_map(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    size = 0
    for key, value in data.items():
        errors += [field.invalid(f"data[{key}]", key, text) for text in is_config_map_key(key)]
        if key in binary:
            errors.append(field.invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(value) if value.isascii() else len(value.encode())
    for key, value in binary.items():
        errors += [field.invalid(f"binaryData[{key}]", key, text) for text in is_config_map_key(key)]
        size += decoded_size(value)
    if size > _SIZE_LIMIT:
        errors.append(field.too_long("[]", _SIZE_LIMIT))
    return errors


def _config_map_update(new: Obj, old: Obj) -> list[FieldError]:
    return _frozen(new, old, ("data", "binaryData")) + validate_config_map(new)


def _frozen(new: Obj, old: Obj, fields: tuple[str, ...]) -> list[FieldError]:
    if not old.get("immutable"):
        return []
    errors = [] if new.get("immutable") else [field.forbidden("immutable", _FROZEN)]
    return errors + [field.forbidden(key, _FROZEN) for key in fields if (new.get(key) or {}) != (old.get(key) or {})]


def validate_secret(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    data = obj.get("data") or {}
    size = 0
    for key, value in data.items():
        errors += [field.invalid(f"data[{key}]", key, text) for text in is_config_map_key(key)]
        size += decoded_size(value)
    if size > _SIZE_LIMIT:
        errors.append(field.too_long("data", _SIZE_LIMIT))
    return errors + _secret_type(obj.get("type") or "", data, obj.get("metadata") or {})


def _secret_type(kind: str, data: dict[str, Any], meta: dict[str, Any]) -> list[FieldError]:
    if kind == "kubernetes.io/service-account-token":
        if not (meta.get("annotations") or {}).get(_ACCOUNT_NAME):
            return [field.required(f"metadata.annotations[{_ACCOUNT_NAME}]")]
    elif kind == "kubernetes.io/dockercfg":
        return _docker_config(data, ".dockercfg")
    elif kind == "kubernetes.io/dockerconfigjson":
        return _docker_config(data, ".dockerconfigjson")
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            return [field.required("data[username]"), field.required("data[password]")]
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            return [field.required("data[ssh-privatekey]")]
    elif kind == "kubernetes.io/tls":
        return [field.required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _docker_config(data: dict[str, Any], key: str) -> list[FieldError]:
    if key not in data:
        return [field.required(f"data[{key}]")]
    problem = docker_config_problem(data[key])
    return [field.invalid(f"data[{key}]", "<secret contents redacted>", problem)] if problem else []


def _secret_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = validate_immutable(new.get("type") or "", old.get("type") or "", "type")
    return errors + _frozen(new, old, ("data",)) + validate_secret(new)


def _secret_warnings(new: Obj, old: Obj | None) -> list[str]:
    if new.get("type") != "kubernetes.io/tls":
        return []
    data = new.get("data") or {}
    problem = key_pair_problem(data.get("tls.crt") or "", data.get("tls.key") or "")
    return [problem] if problem else []


def _account_warnings(new: Obj, old: Obj | None) -> list[str]:
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    before = ((old or {}).get("metadata") or {}).get("annotations") or {}
    if _MOUNTABLE not in annotations or _MOUNTABLE in before:
        return []
    text = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
    return [f"metadata.annotations[{_MOUNTABLE}]: {text}"]


def _nothing(obj: Obj) -> list[FieldError]:
    return []


VALIDATE: dict[str, Checks] = {
    "namespaces": (validate_namespace, _namespace_update, _namespace_status),
    "configmaps": (validate_config_map, _config_map_update, None),
    "secrets": (validate_secret, _secret_update, None),
    "serviceaccounts": (_nothing, lambda new, old: [], None),
}
SUBRESOURCES: dict[str, UpdateCheck] = {"finalize": _namespace_finalize}
WARNINGS: dict[str, WarningsCheck] = {"secrets": _secret_warnings, "serviceaccounts": _account_warnings}
