"""Volume types that pods may still name, though no node of this version mounts most of them.

Imported only when a pod has one. Counterparts: the per-type functions in `pkg/apis/core/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.names import inclusive_range
from minikctl.apiserver.validation.pod.checks import Errors, descending_path, dns_label

Source = dict[str, Any]

_IQN = re.compile(r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$")
_EUI = re.compile(r"^eui.[a-zA-Z0-9]{16}$")
_NAA = re.compile(r"^naa.[a-zA-Z0-9]{32}$")
_HOST_PORTS = "must be a host:port pair or multiple pairs separated by commas"
_MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def _required(*keys: str) -> Callable[[Source, str, Errors], None]:
    """A type whose only rule is that some fields are set."""

    def check(source: Source, path: str, errors: Errors) -> None:
        for key in keys:
            if not source.get(key):
                errors.append(field.required(f"{path}.{key}"))

    return check


def _disk(key: str) -> Callable[[Source, str, Errors], None]:
    def check(source: Source, path: str, errors: Errors) -> None:
        if not source.get(key):
            errors.append(field.required(f"{path}.{key}"))
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            errors.append(field.invalid(f"{path}.partition", partition, inclusive_range(1, 255)))

    return check


def _git_repo(source: Source, path: str, errors: Errors) -> None:
    if not source.get("repository"):
        errors.append(field.required(f"{path}.repository"))
    descending_path(source.get("directory") or "", f"{path}.directory", errors)


def _check_lun(lun: int, path: str, errors: Errors) -> None:
    if not 0 <= lun <= 255:
        errors.append(field.invalid(path, lun, inclusive_range(0, 255)))


def is_iscsi_name(name: str) -> bool:
    """Whether it is a name of one of the three formats there are."""
    return name.startswith(("iqn", "eui", "naa")) and _matches_iscsi(name)


def _matches_iscsi(name: str) -> bool:
    if name.startswith("iqn"):
        return _IQN.search(name) is not None
    return (_EUI if name.startswith("eui") else _NAA).match(name) is not None


def _iscsi(source: Source, path: str, errors: Errors) -> None:
    if not source.get("targetPortal"):
        errors.append(field.required(f"{path}.targetPortal"))
    names = [("iqn", source.get("iqn") or "")]
    if not names[0][1]:
        errors.append(field.required(f"{path}.iqn"))
        names = []
    _check_iscsi_names(names, path, errors)
    _check_lun(source.get("lun") or 0, f"{path}.lun", errors)
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        errors.append(field.required(f"{path}.secretRef"))
    if source.get("initiatorName") is not None:
        _check_iscsi_names([("initiatorname", source["initiatorName"])], path, errors)


def _check_iscsi_names(names: list[tuple[str, str]], path: str, errors: Errors) -> None:
    for key, name in names:
        if not name.startswith(("iqn", "eui", "naa")):
            text = "must be valid format starting with iqn, eui, or naa"
            errors.append(field.invalid(f"{path}.{key}", name, text))
        elif not _matches_iscsi(name):
            errors.append(field.invalid(f"{path}.{key}", name, "must be valid format"))


def _flocker(source: Source, path: str, errors: Errors) -> None:
    name, uid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not name and not uid:
        errors.append(field.required(path, "one of datasetName and datasetUUID is required"))
    if name and uid:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(field.invalid(path, "resource", text))
    if "/" in name:
        errors.append(field.invalid(f"{path}.datasetName", name, "must not contain '/'"))


def _secret_ref(source: Source, path: str, errors: Errors) -> None:
    if source.get("secretRef") is not None and not source["secretRef"].get("name"):
        errors.append(field.required(f"{path}.secretRef.name"))


def _cinder(source: Source, path: str, errors: Errors) -> None:
    if not source.get("volumeID"):
        errors.append(field.required(f"{path}.volumeID"))
    _secret_ref(source, path, errors)


def _quobyte(source: Source, path: str, errors: Errors) -> None:
    registry = source.get("registry") or ""
    if not registry:
        errors.append(field.required(f"{path}.registry", _HOST_PORTS))
    elif len(source.get("tenant") or "") >= 65:
        text = "must be a UUID and may not exceed a length of 64 characters"
        errors.append(field.required(f"{path}.tenant", text))
    else:
        for pair in registry.split(","):
            if ":" not in pair or (pair.count(":") > 1 and not pair.startswith("[")):
                errors.append(field.invalid(f"{path}.registry", registry, _HOST_PORTS))
    if not source.get("volume"):
        errors.append(field.required(f"{path}.volume"))


def _fc(source: Source, path: str, errors: Errors) -> None:
    names, ids = source.get("targetWWNs") or [], source.get("wwids") or []
    if not names and not ids:
        text = "must specify either targetWWNs or wwids, but not both"
        errors.append(field.required(f"{path}.targetWWNs", text))
    if names and ids:
        text = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(field.invalid(f"{path}.targetWWNs", names, text))
    if names:
        if source.get("lun") is None:
            errors.append(field.required(f"{path}.lun", "lun is required if targetWWNs is specified"))
        else:
            _check_lun(source["lun"], f"{path}.lun", errors)


def _flex(source: Source, path: str, errors: Errors) -> None:
    if not source.get("driver"):
        errors.append(field.required(f"{path}.driver"))
    for key in source.get("options") or ():
        namespace = "." + key.partition("/")[0].lower()
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(field.invalid(f"{path}.options[{key}]", key, text))


def _azure_disk(source: Source, path: str, errors: Errors) -> None:
    uri, kind, caching = source.get("diskURI") or "", source.get("kind"), source.get("cachingMode")
    if not source.get("diskName"):
        errors.append(field.required(f"{path}.diskName"))
    if not uri:
        errors.append(field.required(f"{path}.diskURI"))
    if caching is not None and caching not in ("None", "ReadOnly", "ReadWrite"):
        errors.append(field.not_supported(f"{path}.cachingMode", caching, ("None", "ReadOnly", "ReadWrite")))
    if kind is not None and kind not in ("Dedicated", "Managed", "Shared"):
        errors.append(field.not_supported(f"{path}.kind", kind, ("Dedicated", "Managed", "Shared")))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(field.not_supported(f"{path}.diskURI", uri, (_MANAGED_DISK,)))
    if kind is not None and kind != "Managed" and not uri.startswith("https://"):
        errors.append(field.not_supported(f"{path}.diskURI", uri, (_BLOB_DISK,)))


def _storage_os(source: Source, path: str, errors: Errors) -> None:
    if not source.get("volumeName"):
        errors.append(field.required(f"{path}.volumeName"))
    else:
        dns_label(source["volumeName"], f"{path}.volumeName", errors)
    if source.get("volumeNamespace"):
        dns_label(source["volumeNamespace"], f"{path}.volumeNamespace", errors)
    _secret_ref(source, path, errors)


CHECKS: dict[str, Callable[[Source, str, Errors], None]] = {
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "iscsi": _iscsi,
    "glusterfs": _required("endpoints", "path"),
    "flocker": _flocker,
    "rbd": _required("monitors", "image"),
    "cinder": _cinder,
    "cephfs": _required("monitors"),
    "quobyte": _quobyte,
    "fc": _fc,
    "flexVolume": _flex,
    "azureFile": _required("secretName", "shareName"),
    "vsphereVolume": _required("volumePath"),
    "photonPersistentDisk": _required("pdID"),
    "portworxVolume": _required("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "scaleIO": _required("gateway", "system", "volumeName"),
}
