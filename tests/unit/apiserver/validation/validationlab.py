"""Objects as the server sees them when it validates: defaulted, with the metadata every stored object has."""

from __future__ import annotations

import copy
from typing import Any

from minikctl.apiserver import defaults, validation


def made(key: str, api_version: str, name: str = "x", **fields: Any) -> dict[str, Any]:
    meta = {"name": name, "resourceVersion": "1"}
    if key not in validation.CLUSTER_SCOPED:
        meta["namespace"] = "demo"
    obj = {"apiVersion": api_version, "kind": "Thing", "metadata": meta, **copy.deepcopy(fields)}
    defaults.apply(key, api_version.rpartition("/")[2], obj)
    return obj


def refused(key: str, api_version: str, name: str = "x", **fields: Any) -> list[str]:
    """What is said about a new object."""
    obj = made(key, api_version, name, **fields)
    return [str(error) for error in validation.create(key, obj)]


def changed(key: str, obj: dict[str, Any], **fields: Any) -> list[str]:
    """What is said about an update that replaces these fields."""
    return [str(error) for error in validation.update(key, {**obj, **fields}, obj)]


def status_changed(key: str, obj: dict[str, Any], **status: Any) -> list[str]:
    """What is said about an update of the status."""
    return [str(error) for error in validation.status_update(key, {**obj, "status": status}, obj)]
