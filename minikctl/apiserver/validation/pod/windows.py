"""Rules that concern the operating system of a pod, most of them about Windows.

Rare, therefore imported only when a pod names its os or has Windows options. Counterparts: validateOS,
validateLinux, validateWindows, validateWindowsHostProcessPod in `pkg/apis/core/validation`.
"""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.names import is_dns1123_subdomain
from minikctl.apiserver.validation.pod.checks import Errors, containers_with_paths, problems

_SPEC_KIB_LIMIT = 64
_DOMAIN_LIMIT = 256
_USER_LIMIT = 104
_NETBIOS = r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}'
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_USER_WRONG = '"/\\:;|=,+*?<>@[]'
_NOT_ON_WINDOWS = "cannot be set for a windows pod"

# (path below the pod spec, where the value is): in upstream's order.
_POD_FIELDS = (
    ("securityContext.appArmorProfile", "appArmorProfile"),
    ("securityContext.seLinuxOptions", "seLinuxOptions"),
    ("hostUsers", ""),
    ("hostPID", ""),
    ("hostIPC", ""),
    ("securityContext.seccompProfile", "seccompProfile"),
    ("securityContext.fsGroup", "fsGroup"),
    ("securityContext.fsGroupChangePolicy", "fsGroupChangePolicy"),
    ("securityContext.sysctls", "sysctls"),
    ("shareProcessNamespace", ""),
    ("securityContext.runAsUser", "runAsUser"),
    ("securityContext.runAsGroup", "runAsGroup"),
    ("securityContext.supplementalGroups", "supplementalGroups"),
    ("securityContext.supplementalGroupsPolicy", "supplementalGroupsPolicy"),
    ("securityContext.seLinuxChangePolicy", "seLinuxChangePolicy"),
)
_CONTAINER_FIELDS = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem"),
    *("privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"),
)


def check_os(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """`spec.os`, and what the named system forbids."""
    name = spec["os"].get("name", "")
    if not name:
        errors.append(field.required(f"{path}.os.name"))
    elif name not in ("linux", "windows"):
        errors.append(field.not_supported(f"{path}.os", name, ("linux", "windows")))
    elif name == "linux":
        _check_linux(spec, path, errors)
    else:
        _check_windows(spec, path, errors)


def _check_linux(spec: dict[str, Any], path: str, errors: Errors) -> None:
    text = "windows options cannot be set for a linux pod"
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        errors.append(field.forbidden(f"{path}.securityContext.windowsOptions", text))
    for container, at in containers_with_paths(spec, path):
        if (container.get("securityContext") or {}).get("windowsOptions") is not None:
            errors.append(field.forbidden(f"{at}.securityContext.windowsOptions", text))


def _check_windows(spec: dict[str, Any], path: str, errors: Errors) -> None:
    context = spec.get("securityContext") or {}
    for where, key in _POD_FIELDS:
        value = context.get(key) if key else spec.get(where)
        unset = not value if where in ("hostPID", "hostIPC", "securityContext.sysctls") else value is None
        if not unset:
            errors.append(field.forbidden(f"{path}.{where}", _NOT_ON_WINDOWS))
    for container, at in containers_with_paths(spec, path):
        context = container.get("securityContext") or {}
        for key in _CONTAINER_FIELDS:
            if context.get(key) is not None:
                errors.append(field.forbidden(f"{at}.securityContext.{key}", _NOT_ON_WINDOWS))


def check_host_process(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """HostProcess containers: all or none, and with the host's network."""
    wanted = _host_process(spec)
    total = on_host = 0
    for container, at in containers_with_paths(spec, path):
        total += 1
        own = _host_process(container)
        if wanted is not None and own is not None and wanted != own:
            shown = "true" if wanted else "false"
            text = f"pod hostProcess value must be identical if both are specified, was {shown}"
            errors.append(field.invalid(f"{at}.securityContext.windowsOptions.hostProcess", own, text))
        if own or (own is None and wanted):
            on_host += 1
    if not on_host:
        return
    if on_host != total:
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(field.invalid(path, "", text))
    if not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(field.invalid(f"{path}.hostNetwork", False, text))


def _host_process(holder: dict[str, Any]) -> bool | None:
    options = (holder.get("securityContext") or {}).get("windowsOptions") or {}
    value: bool | None = options.get("hostProcess")
    return value


def check_windows_options(options: dict[str, Any], path: str, errors: Errors) -> None:
    """`windowsOptions` of a security context."""
    name = options.get("gmsaCredentialSpecName")
    if name is not None:
        problems(is_dns1123_subdomain, name, f"{path}.gmsaCredentialSpecName", errors)
    spec = options.get("gmsaCredentialSpec")
    if spec is not None:
        if not spec:
            text = "gmsaCredentialSpec cannot be an empty string"
            errors.append(field.invalid(f"{path}.gmsaCredentialSpec", spec, text))
        elif len(spec.encode()) > _SPEC_KIB_LIMIT * 1024:
            text = f"gmsaCredentialSpec size must be under {_SPEC_KIB_LIMIT} KiB"
            errors.append(field.invalid(f"{path}.gmsaCredentialSpec", spec, text))
    user = options.get("runAsUserName")
    if user is not None:
        for text in _user_problems(user):
            errors.append(field.invalid(f"{path}.runAsUserName", user, f"runAsUserName{text}"))


def _user_problems(name: str) -> list[str]:
    if not name:
        return [" cannot be an empty string"]
    if re.search(r"[\x00-\x1f\x7f]", name):
        return [" cannot contain control characters"]
    if name.count("\\") > 1:
        return [" cannot contain more than one backslash"]
    domain, backslash, user = name.rpartition("\\")
    found = []
    if len(domain.encode()) >= _DOMAIN_LIMIT:
        found.append(f"'s Domain length must be under {_DOMAIN_LIMIT} characters")
    dns = rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*"
    if backslash and not (re.fullmatch(_NETBIOS, domain) or re.fullmatch(dns, domain)):
        found.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        found.append("'s User cannot be empty")
    elif len(user.encode()) > _USER_LIMIT:
        found.append(f"'s User length must not be longer than {_USER_LIMIT} characters")
    if user and not user.strip(". "):
        found.append("'s User cannot contain only periods or spaces")
    if any(char in _USER_WRONG for char in user):
        found.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return found
