"""Defaults of the volumes of a pod, by volume type. Counterparts: as for pods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.images import default_pull_policy
from minikctl.apiserver.defaults.quantities import canonical_field, requirements

_TOKEN_SECONDS = 3600
_FILE_MODE = 0o644


def default_volume(volume: dict[str, Any]) -> None:
    """One volume; without any source it is an emptyDir."""
    sources = [key for key, value in volume.items() if key != "name" and value is not None]
    if not sources:
        volume["emptyDir"] = {}
        return
    for key in sources:
        default = _SOURCES.get(key)
        if default is not None:
            default(volume[key])


def default_claim_template(template: dict[str, Any]) -> None:
    """The claim of an ephemeral volume, or of a StatefulSet."""
    if template.get("metadata") is None:
        template["metadata"] = {}
    spec = template.get("spec")
    if spec is None:
        spec = template["spec"] = {}
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    if spec.get("resources") is None:
        spec["resources"] = {}
    else:
        requirements(spec["resources"])


def _file_mode(source: dict[str, Any]) -> None:
    if source.get("defaultMode") is None:
        source["defaultMode"] = _FILE_MODE


def _empty_dir(source: dict[str, Any]) -> None:
    canonical_field(source, "sizeLimit")


def _downward_items(source: dict[str, Any]) -> None:
    from minikctl.apiserver.defaults.pod import default_field_ref, default_resource_ref

    for item in source.get("items") or ():
        if item.get("fieldRef"):
            default_field_ref(item["fieldRef"])
        if item.get("resourceFieldRef"):
            default_resource_ref(item["resourceFieldRef"])


def _downward_api(source: dict[str, Any]) -> None:
    _file_mode(source)
    _downward_items(source)


def _projected(source: dict[str, Any]) -> None:
    _file_mode(source)
    for projection in source.get("sources") or ():
        if projection.get("downwardAPI"):
            _downward_items(projection["downwardAPI"])
        token = projection.get("serviceAccountToken")
        if token is not None and token.get("expirationSeconds") is None:
            token["expirationSeconds"] = _TOKEN_SECONDS


def _ephemeral(source: dict[str, Any]) -> None:
    if source.get("volumeClaimTemplate") is not None:
        default_claim_template(source["volumeClaimTemplate"])


def _image(source: dict[str, Any]) -> None:
    if not source.get("pullPolicy"):
        source["pullPolicy"] = default_pull_policy(source.get("reference", ""))


def _fixed(**values: Any) -> Callable[[dict[str, Any]], None]:
    """Constants for fields that are not set or empty."""

    def default(source: dict[str, Any]) -> None:
        for key, value in values.items():
            if source.get(key) is None or source[key] == "":
                source[key] = value

    return default


_SOURCES: dict[str, Callable[[dict[str, Any]], None]] = {
    "configMap": _file_mode,
    "secret": _file_mode,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "emptyDir": _empty_dir,
    "hostPath": _fixed(type=""),
    "ephemeral": _ephemeral,
    "image": _image,
    "iscsi": _fixed(iscsiInterface="default"),
    "rbd": _fixed(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "azureDisk": _fixed(cachingMode="ReadWrite", kind="Shared", fsType="ext4", readOnly=False),
    "scaleIO": _fixed(storageMode="ThinProvisioned", fsType="xfs"),
}
