"""Validation of the storage behind a PersistentVolume: exactly one source, with what it needs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain

_Source = dict[str, Any]
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


def validate_sources(spec: dict[str, Any]) -> list[FieldError]:
    """One volume type, and that one well-formed."""
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
        errors += check(source, f"spec.{shown}")
        if key == "local" and spec.get("nodeAffinity") is None:
            errors.append(field.required("spec.nodeAffinity", "Local volume requires node affinity"))
    if not found:
        errors.append(field.required("spec", "must specify a volume type"))
    path = (spec.get("hostPath") or {}).get("path")
    if path and posixpath.normpath(path) in ("/", "//") and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(field.forbidden("spec.persistentVolumeReclaimPolicy", text))
    return errors


def _needs(*names: str) -> Callable[[_Source, str], list[FieldError]]:
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


def _disk(key: str) -> Callable[[_Source, str], list[FieldError]]:
    def check(source: _Source, path: str) -> list[FieldError]:
        errors = _needs(key)(source, path)
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            errors.append(field.invalid(f"{path}.partition", partition, "must be between 0 and 255, inclusive"))
        return errors

    return check


def _nfs(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("server", "path")(source, path)
    if not (source.get("path") or "").startswith("/"):
        errors.append(field.invalid(f"{path}.path", source.get("path") or "", "must be an absolute path"))
    return errors


def _flocker(source: _Source, path: str) -> list[FieldError]:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    errors: list[FieldError] = []
    if not name and not uuid:
        errors.append(field.required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(field.invalid(path, "resource", text))
    if "/" in name:
        errors.append(field.invalid(f"{path}.datasetName", name, "must not contain '/'"))
    return errors


def _quobyte(source: _Source, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    registry = source.get("registry") or ""
    if not registry:
        errors.append(
            field.required(f"{path}.registry", "must be a host:port pair or multiple pairs separated by commas")
        )
    elif any(":" not in pair or len(pair) >= 65 for pair in registry.split(",")):
        text = "must be a host:port pair or multiple pairs separated by commas"
        errors.append(field.invalid(f"{path}.registry", registry, text))
    return errors + _needs("volume")(source, path)


def _iscsi(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("targetPortal", "iqn")(source, path)
    iqn = source.get("iqn") or ""
    if iqn and not iqn.startswith(("iqn", "eui", "naa")):
        errors.append(field.invalid(f"{path}.iqn", iqn, "must be valid format starting with iqn, eui, or naa"))
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        errors.append(field.invalid(f"{path}.lun", lun, "must be between 0 and 255, inclusive"))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and not source.get("secretRef"):
        errors.append(field.required(f"{path}.secretRef"))
    return errors


def _fc(source: _Source, path: str) -> list[FieldError]:
    names, wwids, lun = source.get("targetWWNs"), source.get("wwids"), source.get("lun")
    errors: list[FieldError] = []
    if not names and not wwids:
        errors.append(field.required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if names and wwids:
        text = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(field.invalid(f"{path}.targetWWNs", names, text))
    if names:
        if lun is None:
            errors.append(field.required(f"{path}.lun", "lun is required if targetWWNs is specified"))
        elif not 0 <= lun <= 255:
            errors.append(field.invalid(f"{path}.lun", lun, "must be between 0 and 255, inclusive"))
    return errors


def _flex(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("driver")(source, path)
    for key in source.get("options") or ():
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(field.invalid(f"{path}.options[{key}]", key, text))
    return errors


def _azure_file(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("secretName", "shareName")(source, path)
    if source.get("secretNamespace") == "":
        errors.append(field.required(f"{path}.secretNamespace"))
    return errors


def _azure_disk(source: _Source, path: str) -> list[FieldError]:
    errors = _needs("diskName", "diskURI")(source, path)
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI") or ""
    if caching is not None and caching not in ("None", "ReadOnly", "ReadWrite"):
        errors.append(field.not_supported(f"{path}.cachingMode", caching, ["None", "ReadOnly", "ReadWrite"]))
    if kind is not None and kind not in ("Dedicated", "Managed", "Shared"):
        errors.append(field.not_supported(f"{path}.kind", kind, ["Dedicated", "Managed", "Shared"]))
    managed = (
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
    )
    wanted = managed[0] if kind == "Managed" else managed[1]
    if kind is not None and not uri.startswith(wanted.partition("{")[0]):
        errors.append(field.not_supported(f"{path}.diskURI", uri, [wanted]))
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
    errors = [] if name else [field.required(path)]
    if len(name) > 63:
        errors.append(field.too_long(path, 63))
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
_CHECKS: dict[str, Callable[[_Source, str], list[FieldError]]] = {
    "hostPath": _host_path,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "nfs": _nfs,
    "rbd": _needs("monitors", "image"),
    "quobyte": _quobyte,
    "cephfs": _needs("monitors"),
    "iscsi": _iscsi,
    "cinder": _cinder,
    "fc": _fc,
    "flexVolume": _flex,
    "azureFile": _azure_file,
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "local": _local,
    "storageos": _storageos,
    "csi": _csi,
}
