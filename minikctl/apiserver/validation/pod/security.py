"""Security contexts of pods and containers.

Counterparts: ValidateSecurityContext, validatePodSpecSecurityContext and what they call in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import Struct
from minikctl.apiserver.validation.names import is_valid_group_id, is_valid_user_id
from minikctl.apiserver.validation.pod.checks import Errors, containers_with_paths, descending_path

_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_APPARMOR_PATH_LIMIT = 4095
_SYSCTL_LIMIT = 253
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = f"^({_SYSCTL_SEGMENT}[\\./])*{_SYSCTL_SEGMENT}$"
_IPC_SYSCTLS = frozenset(["kernel.sem"])
_IPC_PREFIXES = ("kernel.shm", "kernel.msg", "fs.mqueue.")


def check_container_security(context: dict[str, Any], host_users: bool, path: str, errors: Errors) -> None:
    """The `securityContext` of a container."""
    _check_id(context, "runAsUser", path, errors)
    _check_id(context, "runAsGroup", path, errors)
    proc_mount = context.get("procMount")
    if proc_mount is not None:
        if proc_mount not in ("Default", "Unmasked"):
            errors.append(field.not_supported(f"{path}.procMount", proc_mount, ("Default", "Unmasked")))
        if host_users and proc_mount == "Unmasked":
            text = "`hostUsers` must be false to use `Unmasked`"
            errors.append(field.invalid(f"{path}.procMount", proc_mount, text))
    if context.get("seccompProfile") is not None:
        _check_seccomp(context["seccompProfile"], f"{path}.seccompProfile", errors)
    if context.get("allowPrivilegeEscalation") is False:
        _check_escalation(context, path, errors)
    if context.get("windowsOptions") is not None:
        _check_windows_options(context["windowsOptions"], f"{path}.windowsOptions", errors)
    if context.get("appArmorProfile") is not None:
        _check_apparmor(context["appArmorProfile"], f"{path}.appArmorProfile", errors)


def _check_escalation(context: dict[str, Any], path: str, errors: Errors) -> None:
    if context.get("privileged"):
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(field.invalid(path, _context_struct(context), text))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(field.invalid(path, _context_struct(context), text))


def _context_struct(context: dict[str, Any]) -> Struct:
    from minikctl.apiserver.validation.pod.gostruct import struct_of

    return struct_of("SecurityContext", context)


def _profile_struct(profile: dict[str, Any] | None) -> Struct | None:
    if profile is None:
        return None
    return Struct(Type=profile.get("type", ""), LocalhostProfile=profile.get("localhostProfile"))


def _check_id(context: dict[str, Any], key: str, path: str, errors: Errors) -> None:
    value = context.get(key)
    if value is not None:
        check = is_valid_user_id if key == "runAsUser" else is_valid_group_id
        for text in check(value):
            errors.append(field.invalid(f"{path}.{key}", value, text))


def _check_seccomp(profile: dict[str, Any], path: str, errors: Errors) -> None:
    kind, file = profile.get("type", ""), profile.get("localhostProfile")
    if not kind:
        errors.append(field.required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in _PROFILE_TYPES:
        errors.append(field.not_supported(f"{path}.type", kind, _PROFILE_TYPES))
    if kind == "Localhost":
        if file is None:
            text = "must be set when seccomp type is Localhost"
            errors.append(field.required(f"{path}.localhostProfile", text))
        else:
            descending_path(file, f"{path}.localhostProfile", errors)
    elif file is not None:
        text = "can only be set when seccomp type is Localhost"
        errors.append(field.invalid(f"{path}.localhostProfile", _profile_struct(profile), text))


def _check_apparmor(profile: dict[str, Any], path: str, errors: Errors) -> None:
    kind, name = profile.get("type", ""), profile.get("localhostProfile")
    at = f"{path}.localhostProfile"
    if kind == "Localhost":
        if not name:
            errors.append(field.required(at, "must be set when AppArmor type is Localhost"))
            return
        if name.strip() != name:
            errors.append(field.invalid(at, name, "must not be padded with whitespace"))
        if len(name.encode()) > _APPARMOR_PATH_LIMIT:
            errors.append(field.too_long(at, _APPARMOR_PATH_LIMIT))
    elif kind in _PROFILE_TYPES:
        if name is not None:
            errors.append(field.invalid(at, name, "can only be set when AppArmor type is Localhost"))
    elif not kind:
        errors.append(field.required(f"{path}.type", "type is required when appArmorProfile is set"))
    else:
        errors.append(field.not_supported(f"{path}.type", kind, _PROFILE_TYPES))


def check_pod_security(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """The `securityContext` of a pod, with the host namespaces beside it."""
    context = spec.get("securityContext") or {}
    at = f"{path}.securityContext"
    _check_id(context, "fsGroup", at, errors)
    _check_id(context, "runAsUser", at, errors)
    _check_id(context, "runAsGroup", at, errors)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        for text in is_valid_group_id(group):
            errors.append(field.invalid(f"{at}.supplementalGroups[{index}]", group, text))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(field.invalid(f"{at}.shareProcessNamespace", True, text))
    if context.get("sysctls"):
        _check_sysctls(context["sysctls"], spec, f"{at}.sysctls", errors)
    _one_of(context, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), at, errors)
    if context.get("seccompProfile") is not None:
        _check_seccomp(context["seccompProfile"], f"{at}.seccompProfile", errors)
    if context.get("windowsOptions") is not None:
        _check_windows_options(context["windowsOptions"], f"{at}.windowsOptions", errors)
    if context.get("appArmorProfile") is not None:
        _check_apparmor(context["appArmorProfile"], f"{at}.appArmorProfile", errors)
    _one_of(context, "supplementalGroupsPolicy", ("Merge", "Strict"), at, errors)
    _one_of(context, "seLinuxChangePolicy", ("MountOption", "Recursive"), at, errors)


def _one_of(context: dict[str, Any], key: str, supported: tuple[str, ...], path: str, errors: Errors) -> None:
    value = context.get(key)
    if value is not None and value not in supported:
        errors.append(field.not_supported(f"{path}.{key}", value, supported))


def _check_sysctls(sysctls: list[dict[str, Any]], spec: dict[str, Any], path: str, errors: Errors) -> None:
    import re

    names = set()
    for index, sysctl in enumerate(sysctls):
        name, at = sysctl.get("name", ""), f"{path}[{index}].name"
        if not name:
            errors.append(field.required(at))
        elif len(name) > _SYSCTL_LIMIT or not re.match(_SYSCTL, name):
            text = f"must have at most {_SYSCTL_LIMIT} characters and match regex {_SYSCTL}"
            errors.append(field.invalid(at, name, text))
        elif name in names:
            errors.append(field.duplicate(at, name))
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            errors.append(field.invalid(at, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and (dotted in _IPC_SYSCTLS or dotted.startswith(_IPC_PREFIXES)):
            errors.append(field.invalid(at, name, "may not be specified when 'hostIPC' is true"))
        names.add(name)


def check_host_users(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """A pod in its own user namespace cannot share other namespaces of the host."""
    if spec.get("hostUsers") is not False:
        return
    for key, name in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            errors.append(field.forbidden(f"{path}.{name}", "when `hostUsers` is false"))
    for container, at in containers_with_paths(spec, path):
        if container.get("volumeDevices"):
            errors.append(field.forbidden(f"{at}.volumeDevices", "when `hostUsers` is false"))


def _check_windows_options(options: dict[str, Any], path: str, errors: Errors) -> None:
    from minikctl.apiserver.validation.pod.windows import check_windows_options

    check_windows_options(options, path, errors)
