"""Validation of StorageVersions (`apis/apiserverinternal`) and their migrations (`apis/storagemigration`)."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks

_FORM = "name must be in the form of <group>.<resource>"


def _storage_version(obj: Obj) -> list[FieldError]:
    name = obj["metadata"].get("name", "")
    return [] if "." in name else [field.invalid("metadata.name", name, _FORM)]


def _storage_version_update(new: Obj, old: Obj) -> list[FieldError]:
    return _storage_version(new)


def _migration(obj: Obj) -> list[FieldError]:
    if ((obj.get("spec") or {}).get("resource") or {}).get("resource"):
        return []
    return [field.required("spec.resource.resource", "resource is required")]


def _migration_update(new: Obj, old: Obj) -> list[FieldError]:
    asked, before = ((obj.get("spec") or {}).get("resource") or {} for obj in (new, old))
    return [
        field.invalid(f"spec.resource.{part}", asked.get(part, ""), "field is immutable")
        for part in ("group", "resource")
        if asked.get(part, "") != before.get(part, "")
    ]


VALIDATE: dict[str, Checks] = {
    "storageversions.internal.apiserver.k8s.io": (_storage_version, _storage_version_update, None),
    "storageversionmigrations.storagemigration.k8s.io": (_migration, _migration_update, None),
}
