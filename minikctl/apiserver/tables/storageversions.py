"""Rows of StorageVersions and their migrations."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import Obj, age, define, name

_SHOWN = 3


def _storage_version(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    servers = status.get("storageVersions") or []
    text = ",".join(f"{one.get('apiServerID', '')}={one.get('encodingVersion', '')}" for one in servers[:_SHOWN])
    if len(servers) > _SHOWN:
        text += f" + {len(servers) - _SHOWN} more..."
    return [name(obj), status.get("commonEncodingVersion", "<unset>"), text, age(obj, now)]


def _migration(obj: Obj, now: float) -> list[Any]:
    resource = obj["spec"].get("resource") or {}
    group = resource.get("group", "")
    shown = f"{resource.get('resource', '')}.{group}" if group else resource.get("resource", "")
    return [name(obj), shown, age(obj, now)]


TABLES = {
    "storageversions.internal.apiserver.k8s.io": (
        define("Name", "CommonEncodingVersion", "StorageVersions", "Age"),
        _storage_version,
    ),
    "storageversionmigrations.storagemigration.k8s.io": (define("Name", "Resource", "Age"), _migration),
}
