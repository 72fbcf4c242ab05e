"""Environment variables of containers: names, sources, references to fields and resources.

Counterparts: ValidateEnv, ValidateEnvFrom and what they call in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apiserver.validation.names import (
    is_config_map_key,
    is_dns1123_subdomain,
    is_relaxed_env_var_name,
    subdomain_name,
)
from minikctl.apiserver.validation.pod.checks import Errors, dns_label, no_backsteps, problems, qualified_name

_ENV_FIELDS = frozenset(
    [
        *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
        *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
    ]
)
VOLUME_FIELDS = frozenset(
    ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"]
)
_SELECTABLE_FIELDS = (
    _ENV_FIELDS | VOLUME_FIELDS | {"spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"}
)
_RESOURCES = frozenset(
    [f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")]
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_UNITS = frozenset(["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"])
_UNITS_TEXT = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the"
_ONE_OF = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"


def check_env(variables: list[dict[str, Any]], path: str, errors: Errors) -> None:
    """The `env` of a container."""
    for index, variable in enumerate(variables):
        name = variable.get("name", "")
        if not name:
            errors.append(field.required(f"{path}[{index}].name"))
        elif not (name.isidentifier() and name.isascii()):
            problems(is_relaxed_env_var_name, name, f"{path}[{index}].name", errors)
        source = variable.get("valueFrom")
        if source is not None:
            _check_source(variable, source, f"{path}[{index}].valueFrom", errors)


def _check_source(variable: dict[str, Any], source: dict[str, Any], path: str, errors: Errors) -> None:
    found = 0
    if source.get("fieldRef") is not None:
        found += 1
        check_field_ref(source["fieldRef"], _ENV_FIELDS, f"{path}.fieldRef", errors)
    if source.get("resourceFieldRef") is not None:
        found += 1
        check_resource_ref(source["resourceFieldRef"], f"{path}.resourceFieldRef", errors, volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if source.get(key) is not None:
            found += 1
            _check_key_ref(source[key], f"{path}.{key}", errors)
    if source.get("fileKeyRef") is not None:
        found += 1
        _check_file_ref(source["fileKeyRef"], f"{path}.fileKeyRef", errors)
    if not found:
        errors.append(field.invalid(path, "", _ONE_OF))
    elif variable.get("value"):
        errors.append(field.invalid(path, "", "may not be specified when `value` is not empty"))
    elif found > 1:
        errors.append(field.invalid(path, "", "may not have more than one field specified at a time"))


def _check_key_ref(reference: dict[str, Any], path: str, errors: Errors) -> None:
    problems(is_dns1123_subdomain, reference.get("name") or "", f"{path}.name", errors)
    key = reference.get("key")
    if not key:
        errors.append(field.required(f"{path}.key"))
    else:
        problems(is_config_map_key, key, f"{path}.key", errors)


def _check_file_ref(reference: dict[str, Any], path: str, errors: Errors) -> None:
    key = reference.get("key")
    if not key:
        errors.append(field.required(f"{path}.key"))
    else:
        problems(is_relaxed_env_var_name, key, f"{path}.key", errors)
    volume = reference.get("volumeName")
    if not volume:
        errors.append(field.required(f"{path}.volumeName"))
    else:
        dns_label(volume, f"{path}.volumeName", errors)
    file = reference.get("path")
    if not file:
        errors.append(field.required(f"{path}.path"))
    else:
        no_backsteps(file, f"{path}.path", errors)


def _split_subscript(text: str) -> tuple[str, str] | None:
    """`metadata.labels['key']` taken apart; None for a plain path."""
    if not text.endswith("']"):
        return None
    name, bracket, key = text[:-2].partition("['")
    return (name, key) if bracket and name else None


def _unselectable(version: str, text: str) -> str:
    """Why the downward API knows no such field; empty if it does."""
    if version != "v1":
        return f"unsupported pod version: {version}"
    subscripted = _split_subscript(text)
    if subscripted is not None:
        if subscripted[0] in ("metadata.annotations", "metadata.labels"):
            return ""
        return f"field label does not support subscript: {text}"
    return "" if text in _SELECTABLE_FIELDS else f"field label not supported: {text}"


def check_field_ref(reference: dict[str, Any], allowed: frozenset[str], path: str, errors: Errors) -> None:
    """A reference to a field of the pod, in variables or in downward API volumes."""
    version, text = reference.get("apiVersion", ""), reference.get("fieldPath", "")
    if not version:
        errors.append(field.required(f"{path}.apiVersion"))
        return
    if not text:
        errors.append(field.required(f"{path}.fieldPath"))
        return
    reason = _unselectable(version, text)
    if reason:
        errors.append(field.invalid(f"{path}.fieldPath", text, f"error converting fieldPath: {reason}"))
        return
    subscripted = _split_subscript(text)
    if subscripted is not None:
        name, key = subscripted
        qualified_name(key.lower() if name == "metadata.annotations" else key, path, errors)
        return
    text = "spec.nodeName" if text == "spec.host" else text
    if text not in allowed:
        errors.append(field.not_supported(f"{path}.fieldPath", text, sorted(allowed)))


def check_resource_ref(reference: dict[str, Any], path: str, errors: Errors, volume: bool) -> None:
    """A reference to a container's request or limit."""
    name = reference.get("resource", "")
    if volume and not reference.get("containerName"):
        errors.append(field.required(f"{path}.containerName"))
    elif not name:
        errors.append(field.required(f"{path}.resource"))
    elif name not in _RESOURCES and not name.startswith(_HUGE_PAGES):
        errors.append(field.not_supported(f"{path}.resource", name, sorted(_RESOURCES)))
    divisor = quantity.canonical(reference.get("divisor"))
    if divisor == "0":
        return
    path = f"{path}.divisor"
    if name in ("limits.cpu", "requests.cpu"):
        if divisor not in ("1m", "1"):
            text = "only divisor's values 1m and 1 are supported with the cpu resource"
            errors.append(field.invalid(path, name, text))
    elif divisor not in _UNITS:
        kind = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(name.partition(".")[2])
        if kind is None and name.startswith(_HUGE_PAGES):
            kind = "hugepages"
        if kind is not None:
            errors.append(field.invalid(path, name, f"{_UNITS_TEXT} {kind} resource"))


def check_env_from(sources: list[dict[str, Any]], path: str, errors: Errors) -> None:
    """The `envFrom` of a container."""
    for index, source in enumerate(sources):
        at = f"{path}[{index}]"
        if source.get("prefix"):
            problems(is_relaxed_env_var_name, source["prefix"], f"{at}.prefix", errors)
        found = 0
        for key in ("configMapRef", "secretRef"):
            if source.get(key) is not None:
                found += 1
                name = source[key].get("name")
                if not name:
                    errors.append(field.required(f"{at}.{key}.name"))
                else:
                    for text in subdomain_name(name, True):
                        errors.append(field.invalid(f"{at}.{key}.name", name, text))
        if not found:
            errors.append(field.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif found > 1:
            errors.append(field.invalid(path, "", "may not have more than one field specified at a time"))


def check_file_refs(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """Variables read from files: the volume must be an emptyDir of the pod."""
    from minikctl.apiserver.validation.pod.checks import containers_with_paths

    volumes: dict[str, dict[str, Any]] | None = None
    for container, at in containers_with_paths(spec, path):
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            if volumes is None:
                volumes = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
            name = reference.get("volumeName", "")
            where = f"{at}.env[{index}].valueFrom.fileKeyRef.volumeName"
            if name not in volumes:
                errors.append(field.not_found(where, name))
            elif volumes[name].get("emptyDir") is None:
                errors.append(field.invalid(where, name, "referenced volume must be of type emptyDir"))
