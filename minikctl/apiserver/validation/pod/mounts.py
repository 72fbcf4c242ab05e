"""Volume mounts and block devices of containers.

Counterparts: ValidateVolumeMounts and ValidateVolumeDevices in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.pod.checks import Errors, descending_path

Volumes = dict[str, dict[str, Any]]

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def check_mounts(container: dict[str, Any], volumes: Volumes, path: str, errors: Errors) -> None:
    """The `volumeMounts` of a container; `volumes` are the valid volumes of the pod by name."""
    devices = {device.get("name", ""): device.get("devicePath", "") for device in container.get("volumeDevices") or ()}
    seen = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(field.required(f"{path}[{index}].name"))
        if name not in volumes:
            errors.append(field.not_found(f"{path}[{index}].name", name))
        if not target:
            errors.append(field.required(f"{path}[{index}].mountPath"))
        if target in seen:
            errors.append(field.invalid(f"{path}[{index}].mountPath", target, "must be unique"))
        seen.add(target)
        if devices:
            if name in devices:
                errors.append(field.invalid(f"{path}[{index}].name", name, "must not already exist in volumeDevices"))
            if target in devices.values():
                text = "must not already exist as a path in volumeDevices"
                errors.append(field.invalid(f"{path}[{index}].mountPath", target, text))
        if len(mount) > 2:
            _check_options(mount, container, index, path, errors)


def _check_options(mount: dict[str, Any], container: dict[str, Any], index: int, path: str, errors: Errors) -> None:
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        descending_path(sub_path, f"{path}.subPath", errors)
    if expression:
        if sub_path:
            text = "subPathExpr and subPath are mutually exclusive"
            errors.append(field.invalid(f"{path}[{index}].subPathExpr", expression, text))
        descending_path(expression, f"{path}.subPathExpr", errors)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        _check_propagation(propagation, container, f"{path}.mountPropagation", errors)
    recursive = mount.get("recursiveReadOnly")
    if recursive is not None:
        _check_recursive(recursive, mount, f"{path}.recursiveReadOnly", errors)


def _check_propagation(propagation: str, container: dict[str, Any], path: str, errors: Errors) -> None:
    if propagation not in _PROPAGATIONS:
        errors.append(field.not_supported(path, propagation, _PROPAGATIONS))
    privileged = (container.get("securityContext") or {}).get("privileged")
    if propagation == "Bidirectional" and not privileged:
        text = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(field.forbidden(path, text))


def _check_recursive(recursive: str, mount: dict[str, Any], path: str, errors: Errors) -> None:
    if recursive not in _RECURSIVE:
        errors.append(field.not_supported(path, recursive, _RECURSIVE))
    elif recursive != "Disabled":
        if not mount.get("readOnly"):
            errors.append(field.forbidden(path, "may only be specified when readOnly is true"))
        if mount.get("mountPropagation") not in (None, "None"):
            text = "may only be specified when mountPropagation is None or not specified"
            errors.append(field.forbidden(path, text))


def check_devices(container: dict[str, Any], volumes: Volumes, path: str, errors: Errors) -> None:
    """The `volumeDevices` of a container: claims used as raw blocks."""
    mounts = {mount.get("name", ""): mount.get("mountPath", "") for mount in container.get("volumeMounts") or ()}
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        name, target = device.get("name", ""), device.get("devicePath", "")
        at_name, at_path = f"{path}[{index}].name", f"{path}[{index}].devicePath"
        _check_device_name(name, name in names, volumes, at_name, errors)
        if not target:
            errors.append(field.required(at_path))
        if target in paths:
            errors.append(field.invalid(at_path, target, "must be unique"))
        if ".." in target.split("/"):
            errors.append(field.invalid(at_path, target, "can not contain backsteps ('..')"))
        else:
            paths.add(target)
        if name in mounts:
            errors.append(field.invalid(at_name, name, "must not already exist in volumeMounts"))
        if target in mounts.values():
            errors.append(field.invalid(at_path, target, "must not already exist as a path in volumeMounts"))
        if name:
            names.add(name)


def _check_device_name(name: str, repeated: bool, volumes: Volumes, path: str, errors: Errors) -> None:
    if not name:
        errors.append(field.required(path))
    if repeated:
        errors.append(field.invalid(path, name, "must be unique"))
    volume = volumes.get(name)
    if volume is None:
        errors.append(field.not_found(path, name))
    elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
        text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        errors.append(field.invalid(path, name, text))
