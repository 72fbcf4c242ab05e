"""The volumes of a pod: names and the types in everyday use.

Types that no longer work in a cluster of this version are in `legacy_volumes`. Counterparts:
ValidateVolumes, validateVolumeSource and the per-type functions in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain
from minikctl.apiserver.validation.pod.checks import Errors, local_path, no_backsteps, problems
from minikctl.apiserver.validation.pod.containers import check_pull_policy
from minikctl.apiserver.validation.pod.env import VOLUME_FIELDS, check_field_ref, check_resource_ref
from minikctl.apiserver.validation.pod.mounts import Volumes

Source = dict[str, Any]

_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = (
    *("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
)
_ONE_TYPE = "may not specify more than 1 volume type"
_DRIVER_LIMIT = 63

# Upstream's order of looking at the types.
_ORDER = (
    *("emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi"),
    *("glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc"),
    *("flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk"),
    *("storageos", "projected", "scaleIO", "csi", "ephemeral", "image"),
)
_TYPES = frozenset(_ORDER)
# Upstream's slips of the pen in paths are part of the messages.
_FORBIDDEN_NAMES = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
_PATH_NAMES = {"gcePersistentDisk": "persistentDisk"}


def check_volumes(volumes: list[Source], meta: Source | None, path: str, errors: Errors) -> Volumes:
    """Check all volumes; return the good ones by name, for the mounts. `meta` is that of a pod, not of a template."""
    pod_name = (meta or {}).get("name") or ""
    claims = (
        {f"{pod_name}-{v.get('name', '')}" for v in volumes if v.get("ephemeral") is not None} if pod_name else set()
    )
    good: Volumes = {}
    for index, volume in enumerate(volumes):
        at, name = f"{path}[{index}]", volume.get("name", "")
        before = len(errors)
        _check_source(volume, meta, at, errors)
        if not name:
            errors.append(field.required(f"{at}.name"))
        else:
            for text in is_dns1123_label(name):
                errors.append(field.invalid(f"{at}.name", name, text))
        if name in good:
            errors.append(field.duplicate(f"{at}.name", name))
        if len(errors) == before:
            good[name] = volume
        if claims:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim in claims:
                text = "must not reference a PVC that gets created for an ephemeral volume"
                errors.append(field.invalid(f"{at}.persistentVolumeClaim.claimName", claim, text))
    return good


def _check_source(volume: Source, meta: Source | None, path: str, errors: Errors) -> None:
    kinds = [key for key, value in volume.items() if value is not None and key in _TYPES]
    if not kinds:
        errors.append(field.required(path, "must specify a volume type"))
        return
    if len(kinds) > 1:
        kinds.sort(key=_ORDER.index)
    kind = kinds[0]
    source = volume[kind]
    if kind == "ephemeral":
        _check_ephemeral(source, volume.get("name", ""), (meta or {}).get("name") or "", path, errors)
    elif kind == "image":
        _check_image(source, meta is not None, f"{path}.image", errors)
    else:
        at = f"{path}.{_PATH_NAMES.get(kind, kind)}"
        check = _CHECKS.get(kind)
        if check is None:
            check = import_module("minikctl.apiserver.validation.pod.legacy_volumes").CHECKS[kind]
        check(source, at, errors)
    for position, each in enumerate(kinds):
        if position:
            errors.append(field.forbidden(f"{path}.{_FORBIDDEN_NAMES.get(each, each)}", _ONE_TYPE))
        if each == "iscsi":
            _check_iscsi_name(volume["iscsi"], volume.get("name", ""), path, errors)


def _check_iscsi_name(source: Source, name: str, path: str, errors: Errors) -> None:
    if source.get("initiatorName") is not None and len(f"{name}:{source.get('targetPortal', '')}") > 64:
        text = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if"
            " iscsi.initiatorName is specified."
        )
        errors.append(field.invalid(f"{path}.name", name, text))


def _check_mode(mode: int | None, path: str, errors: Errors) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        errors.append(field.invalid(path, mode, _MODE_TEXT))


def _check_empty_dir(source: Source, path: str, errors: Errors) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(limit).nanos < 0:
        errors.append(field.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _check_host_path(source: Source, path: str, errors: Errors) -> None:
    target = source.get("path", "")
    if not target:
        errors.append(field.required(f"{path}.path"))
        return
    no_backsteps(target, f"{path}.path", errors)
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        errors.append(field.not_supported(f"{path}.type", kind, _HOST_PATH_TYPES))


def _check_nfs(source: Source, path: str, errors: Errors) -> None:
    if not source.get("server"):
        errors.append(field.required(f"{path}.server"))
    target = source.get("path", "")
    if not target:
        errors.append(field.required(f"{path}.path"))
    if not target.startswith("/"):
        errors.append(field.invalid(f"{path}.path", target, "must be an absolute path"))


def _check_claim(source: Source, path: str, errors: Errors) -> None:
    if not source.get("claimName"):
        errors.append(field.required(f"{path}.claimName"))


def _check_image(source: Source, in_pod: bool, path: str, errors: Errors) -> None:
    """A template may leave the image to whoever makes pods of it."""
    if in_pod and not source.get("reference"):
        errors.append(field.required(f"{path}.reference"))
    check_pull_policy(source.get("pullPolicy", ""), f"{path}.pullPolicy", errors)


def _check_items(items: list[Source] | None, path: str, errors: Errors) -> None:
    for index, item in enumerate(items or ()):
        _check_item(item, f"{path}[{index}]", errors)


def _check_item(item: Source, path: str, errors: Errors) -> None:
    if not item.get("key"):
        errors.append(field.required(f"{path}.key"))
    target = item.get("path", "")
    if not target:
        errors.append(field.required(f"{path}.path"))
    local_path(target, f"{path}.path", errors)
    _check_mode(item.get("mode"), f"{path}.mode", errors)


def _check_secret(source: Source, path: str, errors: Errors) -> None:
    if not source.get("secretName"):
        errors.append(field.required(f"{path}.secretName"))
    _check_mode(source.get("defaultMode"), f"{path}.defaultMode", errors)
    _check_items(source.get("items"), f"{path}.items", errors)


def _check_config_map(source: Source, path: str, errors: Errors) -> None:
    if not source.get("name"):
        errors.append(field.required(f"{path}.name"))
    _check_mode(source.get("defaultMode"), f"{path}.defaultMode", errors)
    _check_items(source.get("items"), f"{path}.items", errors)


def _check_downward_api(source: Source, path: str, errors: Errors) -> None:
    _check_mode(source.get("defaultMode"), f"{path}.defaultMode", errors)
    for file in source.get("items") or ():
        _check_downward_file(file, path, errors)


def _check_downward_file(file: Source, path: str, errors: Errors) -> None:
    target = file.get("path", "")
    if not target:
        errors.append(field.required(f"{path}.path"))
    local_path(target, f"{path}.path", errors)
    if file.get("fieldRef") is not None:
        check_field_ref(file["fieldRef"], VOLUME_FIELDS, f"{path}.fieldRef", errors)
        if file.get("resourceFieldRef") is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(field.invalid(path, "resource", text))
    elif file.get("resourceFieldRef") is not None:
        check_resource_ref(file["resourceFieldRef"], f"{path}.resourceFieldRef", errors, volume=True)
    else:
        errors.append(field.required(path, "one of fieldRef and resourceFieldRef is required"))
    _check_mode(file.get("mode"), f"{path}.mode", errors)


def check_driver(driver: str, path: str, errors: Errors) -> None:
    """The name of a CSI driver."""
    if not driver:
        errors.append(field.required(path))
        return
    if len(driver) > _DRIVER_LIMIT:
        errors.append(field.too_long(path, _DRIVER_LIMIT))
    for text in is_dns1123_subdomain(driver.lower()):
        errors.append(field.invalid(path, driver, text))


def _check_csi(source: Source, path: str, errors: Errors) -> None:
    check_driver(source.get("driver", ""), f"{path}.driver", errors)
    secret = source.get("nodePublishSecretRef")
    if secret is not None:
        name = secret.get("name", "")
        if not name:
            errors.append(field.required(f"{path}.nodePublishSecretRef.name"))
        else:
            problems(is_dns1123_subdomain, name, f"{path}.name", errors)


def _check_ephemeral(source: Source, name: str, pod_name: str, path: str, errors: Errors) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        errors.append(field.required(f"{path}.ephemeral.volumeClaimTemplate"))
    else:
        from minikctl.apiserver.validation.pod.claims import check_claim_template

        check_claim_template(template, f"{path}.ephemeral.volumeClaimTemplate", errors)
    if pod_name and name:
        claim = f"{pod_name}-{name}"
        for text in is_dns1123_subdomain(claim):
            errors.append(field.invalid(f"{path}.name", name, f"PVC name {field.quote(claim)}: {text}"))


def _check_projected(source: Source, path: str, errors: Errors) -> None:
    _check_mode(source.get("defaultMode"), f"{path}.defaultMode", errors)
    taken: set[str] = set()
    for index, projection in enumerate(source.get("sources") or ()):
        at = f"{path}.sources[{index}]"
        found = 0
        for kind in ("secret", "configMap"):
            part = projection.get(kind)
            if part is not None:
                found += 1
                _check_projected_items(part, taken, f"{at}.{kind}", path, errors)
        if projection.get("downwardAPI") is not None:
            found += 1
            for file in projection["downwardAPI"].get("items") or ():
                _check_downward_file(file, f"{at}.downwardAPI", errors)
                take_path(file.get("path", ""), None, taken, path, errors)
        if projection.get("serviceAccountToken") is not None:
            found += 1
            _check_token(projection["serviceAccountToken"], f"{at}.serviceAccountToken", path, errors)
        for kind in ("clusterTrustBundle", "podCertificate"):
            if projection.get(kind) is not None:
                found += 1
                certificates = import_module("minikctl.apiserver.validation.pod.projected_certificates")
                certificates.CHECKS[kind](projection[kind], taken, f"{at}.{kind}", path, errors)
        if found > 1:
            errors.append(field.forbidden(at, "may not specify more than 1 volume type per source"))


def _check_projected_items(part: Source, taken: set[str], path: str, volume: str, errors: Errors) -> None:
    name = part.get("name", "")
    if not name:
        errors.append(field.required(f"{path}.name"))
    for index, item in enumerate(part.get("items") or ()):
        _check_item(item, f"{path}.items[{index}]", errors)
        take_path(item.get("path", ""), name, taken, volume, errors)


def take_path(target: str, shown: str | None, taken: set[str], path: str, errors: Errors) -> None:
    """Each file of a projected volume has its own path."""
    if not target:
        return
    if target in taken:
        errors.append(field.invalid(path, target if shown is None else shown, "conflicting duplicate paths"))
    taken.add(target)


def _check_token(token: Source, path: str, volume: str, errors: Errors) -> None:
    seconds = token.get("expirationSeconds", 0)
    if seconds < 600:
        text = "may not specify a duration less than 10 minutes"
        errors.append(field.invalid(f"{path}.expirationSeconds", seconds, text))
    if seconds > 1 << 32:
        text = "may not specify a duration larger than 2^32 seconds"
        errors.append(field.invalid(f"{path}.expirationSeconds", seconds, text))
    target = token.get("path", "")
    if not target:
        errors.append(field.required(f"{volume}.path"))
    else:
        local_path(target, f"{volume}.path", errors)


_CHECKS: dict[str, Callable[[Source, str, Errors], None]] = {
    "emptyDir": _check_empty_dir,
    "hostPath": _check_host_path,
    "secret": _check_secret,
    "nfs": _check_nfs,
    "persistentVolumeClaim": _check_claim,
    "downwardAPI": _check_downward_api,
    "configMap": _check_config_map,
    "projected": _check_projected,
    "csi": _check_csi,
}
