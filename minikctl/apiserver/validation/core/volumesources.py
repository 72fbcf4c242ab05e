"""Validation of the storage behind a PersistentVolume: exactly one source, with what it needs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain, is_in_range

_Source = dict[str, Any]
_Check = Callable[[_Source, str], list[FieldError]]
_LONG_TARGET = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if"
    " iscsi.initiatorName is specified."
)
_ISCSI_FORMAT = "must be valid format"
_HOST_PATH_TYPES = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
]


def validate_sources(spec: dict[str, Any], volume: str) -> list[FieldError]:
    """One volume type, and that one well-formed; `volume` is the name of the volume."""
    errors: list[FieldError] = []
    found = 0
    for key, check in _CHECKS.items():
        source = spec.get(key)
        if source is None:
            continue
        # Upstream spells these two differently in messages.
        shown = {"gcePersistentDisk": "persistentDisk"}.get(key, key)
        if found and key != "flexVolume":
            text = "may not specify more than 1 volume type"
            errors.append(field.forbidden("spec.cephFS" if key == "cephfs" else f"spec.{key}", text))
            continue
        found += 1
        errors += _iscsi(source, "spec.iscsi", volume) if key == "iscsi" else check(source, f"spec.{shown}")
        if key == "local" and spec.get("nodeAffinity") is None:
            errors.append(field.required("spec.nodeAffinity", "Local volume requires node affinity"))
    if not found:
        errors.append(field.required("spec", "must specify a volume type"))
    path = (spec.get("hostPath") or {}).get("path")
    if path and posixpath.normpath(path) in ("/", "//") and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(field.forbidden("spec.persistentVolumeReclaimPolicy", text))
    return errors


def _needs(*names: str) -> _Check:
    def check(source: _Source, path: str) -> list[FieldError]:
        return [field.required(f"{path}.{name}") for name in names if not source.get(name)]

    return check


def _no_backsteps(value: str, path: str) -> list[FieldError]:
    return [field.invalid(path, value, "must not contain '..'")] if ".." in value.split("/") else []


def _host_path(source: _Source, path: str) -> list[FieldError]:
    if not source.get("path"):
        return [field.required(f"{path}.path")]
    errors = _no_backsteps(source["path"], f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        errors.append(field.not_supported(f"{path}.type", kind, _HOST_PATH_TYPES))
    return errors


def _nfs(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("server", "path")(source, path)
    if not (source.get("path") or "").startswith("/"):
        errors.append(field.invalid(f"{path}.path", source.get("path") or "", "must be an absolute path"))
    return errors


def _as_in_pods(kind: str) -> _Check:
    """A type whose rules are the same in pods, or begin so."""

    def check(source: _Source, path: str) -> list[FieldError]:
        from minikctl.apiserver.validation.pod.legacy_volumes import CHECKS

        errors: list[FieldError] = []
        CHECKS[kind](source, path, errors)
        return errors

    return check


def _glusterfs(source: _Source, path: str) -> list[FieldError]:
    errors = _as_in_pods("glusterfs")(source, path)
    namespace = source.get("endpointsNamespace")
    if namespace is None:
        return errors
    path = f"{path}.endpointsNamespace"
    if not namespace:
        text = "if the endpointnamespace is set, it must be a valid namespace name"
        return [*errors, field.invalid(path, namespace, text)]
    return errors + [field.invalid(path, namespace, text) for text in is_dns1123_label(namespace)]


def _iscsi(source: _Source, path: str, volume: str = "") -> list[FieldError]:
    """Like the type of pods, in words of its own; volume and portal together are the name of an interface."""
    from minikctl.apiserver.validation.pod.legacy_volumes import is_iscsi_name

    errors = _needs("targetPortal")(source, path)
    portal, initiator = source.get("targetPortal") or "", source.get("initiatorName")
    if initiator is not None and len(f"{volume}:{portal}") > 64:
        errors.append(field.invalid(f"{path}.targetportal", portal, _LONG_TARGET))
    name, lun = source.get("iqn") or "", source.get("lun") or 0
    if not name:
        errors.append(field.required(f"{path}.iqn"))
    elif not is_iscsi_name(name):
        errors.append(field.invalid(f"{path}.iqn", name, _ISCSI_FORMAT))
    errors += [field.invalid(f"{path}.lun", lun, text) for text in is_in_range(lun, 0, 255)]
    secret = source.get("secretRef")
    if secret is None and (source.get("chapAuthDiscovery") or source.get("chapAuthSession")):
        errors.append(field.required(f"{path}.secretRef"))
    if secret is not None and not secret.get("name"):
        errors.append(field.required(f"{path}.secretRef.name"))
    if initiator is not None and not is_iscsi_name(initiator):
        errors.append(field.invalid(f"{path}.initiatorname", initiator, _ISCSI_FORMAT))
    return errors


def _azure_file(source: _Source, path: str) -> list[FieldError]:
    errors = _as_in_pods("azureFile")(source, path)
    if source.get("secretNamespace") == "":
        errors.append(field.required(f"{path}.secretNamespace"))
    return errors


def _local(source: _Source, path: str) -> list[FieldError]:
    if not source.get("path"):
        return [field.required(f"{path}.path")]
    return _no_backsteps(source["path"], f"{path}.path")


def _secret_reference(source: _Source, path: str) -> list[FieldError]:
    reference = source.get("secretRef")
    if reference is None:
        return []
    return [field.required(f"{path}.secretRef.{key}") for key in ("name", "namespace") if not reference.get(key)]


def _cinder(source: _Source, path: str) -> list[FieldError]:
    return _needs("volumeID")(source, path) + _secret_reference(source, path)


def _storageos(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("volumeName")(source, path)
    for key in ("volumeName", "volumeNamespace"):
        value = source.get(key)
        if value:
            errors += [field.invalid(f"{path}.{key}", value, text) for text in is_dns1123_label(value)]
    return errors + _secret_reference(source, path)


def validate_driver_name(name: str, path: str) -> list[FieldError]:
    """The name of a CSI driver."""
    if not name:
        return [field.required(path)]
    errors = [field.too_long(path, 63)] if len(name) > 63 else []
    return errors + [field.invalid(path, name, text) for text in is_dns1123_subdomain(name.lower())]


def _csi(source: _Source, path: str) -> list[FieldError]:
    errors = validate_driver_name(source.get("driver") or "", f"{path}.driver")
    errors += _needs("volumeHandle")(source, path)
    for key in (
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ):
        if source.get(key) is not None:
            errors += _csi_secret(source[key], f"{path}.{key}")
    return errors


def _csi_secret(reference: _Source, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, check in (("name", is_dns1123_subdomain), ("namespace", is_dns1123_label)):
        value = reference.get(key) or ""
        if not value:
            errors.append(field.required(f"{path}.{key}"))
        else:
            errors += [field.invalid(f"{path}.{key}", value, text) for text in check(value)]
    return errors


# In upstream's order.
_CHECKS: dict[str, _Check] = {
    "hostPath": _host_path,
    "gcePersistentDisk": _as_in_pods("gcePersistentDisk"),
    "awsElasticBlockStore": _as_in_pods("awsElasticBlockStore"),
    "glusterfs": _glusterfs,
    "flocker": _as_in_pods("flocker"),
    "nfs": _nfs,
    "rbd": _as_in_pods("rbd"),
    "quobyte": _as_in_pods("quobyte"),
    "cephfs": _as_in_pods("cephfs"),
    "iscsi": _iscsi,
    "cinder": _cinder,
    "fc": _as_in_pods("fc"),
    "flexVolume": _as_in_pods("flexVolume"),
    "azureFile": _azure_file,
    "vsphereVolume": _as_in_pods("vsphereVolume"),
    "photonPersistentDisk": _as_in_pods("photonPersistentDisk"),
    "portworxVolume": _as_in_pods("portworxVolume"),
    "azureDisk": _as_in_pods("azureDisk"),
    "scaleIO": _as_in_pods("scaleIO"),
    "local": _local,
    "storageos": _storageos,
    "csi": _csi,
}
