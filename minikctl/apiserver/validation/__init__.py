"""Validation: the rules an object must satisfy before it is stored, kind by kind.

The registry calls `create`, `update` and `status_update` after defaulting and mutating admission.
Metadata is checked here for every kind, so the modules behind the table look at the rest only. Each
module exports VALIDATE, resource key -> (create, update, status_update or None), and may export
WARNINGS, resource key -> function(new, old or None). Counterparts: `pkg/apis/*/validation` and the
Validate* methods of the strategies in `pkg/registry`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import names
from minikctl.apiserver.validation.metadata import (
    name_check,
    validate_object_meta,
    validate_object_meta_update,
    validate_standard_finalizers,
)

CreateCheck = Callable[[Obj], "list[FieldError]"]
UpdateCheck = Callable[[Obj, Obj], "list[FieldError]"]
Checks = tuple[CreateCheck, UpdateCheck, UpdateCheck | None]
WarningsCheck = Callable[[Obj, Obj | None], "list[str]"]

_GROUP_MODULES = {
    "apps": "apps",
    "batch": "batch",
    "autoscaling": "autoscaling",
    "policy": "policy",
    "networking.k8s.io": "networking",
    "storage.k8s.io": "storage",
    "rbac.authorization.k8s.io": "rbac",
    "scheduling.k8s.io": "scheduling",
    "discovery.k8s.io": "discovery",
    "coordination.k8s.io": "coordination",
    "certificates.k8s.io": "certificates",
    "admissionregistration.k8s.io": "admissionregistration",
    "apiextensions.k8s.io": "apiextensions",
    "apiregistration.k8s.io": "apiregistration",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "node.k8s.io": "node",
    "events.k8s.io": "events",
    "resource.k8s.io": "resource",
    "internal.apiserver.k8s.io": "storageversions",
    "storagemigration.k8s.io": "storageversions",
}

_CORE_MODULES = {
    "pods": "pod",
    "podtemplates": "pod",
    "replicationcontrollers": "apps",
    "events": "events",
    "persistentvolumes": "core.volumes",
    "persistentvolumeclaims": "core.volumes",
    "services": "core.services",
    "endpoints": "core.endpoints",
    "nodes": "core.nodes",
    "resourcequotas": "core.quota",
    "limitranges": "core.quota",
    "namespaces": "core.simple",
    "configmaps": "core.simple",
    "secrets": "core.simple",
    "serviceaccounts": "core.simple",
}

# Kinds some of whose subresources have rules of their own: the module with SUBRESOURCES.
_WITH_SUBRESOURCES = {
    "pods": "pod",
    "namespaces": "core.simple",
    "certificatesigningrequests.certificates.k8s.io": "certificates",
}

# Groups whose kinds are checked with the rules of metadata that custom kinds have, too.
_ANY_FINALIZERS = frozenset(
    {"coordination.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"}
)

CLUSTER_SCOPED = frozenset(
    {
        "namespaces",
        "nodes",
        "persistentvolumes",
        "componentstatuses",
        "clusterroles.rbac.authorization.k8s.io",
        "clusterrolebindings.rbac.authorization.k8s.io",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
        "ingressclasses.networking.k8s.io",
        "ipaddresses.networking.k8s.io",
        "servicecidrs.networking.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "runtimeclasses.node.k8s.io",
        "certificatesigningrequests.certificates.k8s.io",
        "clustertrustbundles.certificates.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "apiservices.apiregistration.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourceslices.resource.k8s.io",
        "devicetaintrules.resource.k8s.io",
        "storageversions.internal.apiserver.k8s.io",
        "storageversionmigrations.storagemigration.k8s.io",
    }
)


def _module_name(resource_key: str) -> str | None:
    plural, _, group = resource_key.partition(".")
    return _GROUP_MODULES.get(group) if group else _CORE_MODULES.get(plural)


@lru_cache(maxsize=256)
def checks_of(resource_key: str) -> Checks | None:
    """The kind's own checks; None where there are only those of metadata."""
    name = _module_name(resource_key)
    if name is None:
        return None
    table: dict[str, Checks] = import_module(f"{__name__}.{name}").VALIDATE
    return table.get(resource_key)


def create(resource_key: str, obj: Obj) -> list[FieldError]:
    """Every complaint about a new object, in upstream's order; defaults and name are filled in."""
    meta = obj.get("metadata") or {}
    errors = validate_object_meta(meta, _namespaced(resource_key, obj), name_check(resource_key))
    errors += _standard_finalizers(resource_key, meta)
    checks = checks_of(resource_key)
    return errors + checks[0](obj) if checks else errors


def update(resource_key: str, new: Obj, old: Obj, subresource: str = "") -> list[FieldError]:
    """Every complaint about replacing `old` by `new`, through a subresource with its own rules where there are such."""
    errors = _update_metadata(resource_key, new, old)
    if subresource and resource_key in _WITH_SUBRESOURCES:
        module = import_module(f"{__name__}.{_WITH_SUBRESOURCES[resource_key]}")
        special: dict[str, UpdateCheck] = module.SUBRESOURCES
        if subresource in special:
            return errors + special[subresource](new, old)
    checks = checks_of(resource_key)
    return errors + checks[1](new, old) if checks else errors


def status_update(resource_key: str, new: Obj, old: Obj) -> list[FieldError]:
    """Every complaint about an update through the status subresource."""
    errors = _update_metadata(resource_key, new, old)
    checks = checks_of(resource_key)
    return errors + checks[2](new, old) if checks and checks[2] else errors


def warnings(resource_key: str, new: Obj, old: Obj | None = None) -> list[str]:
    """What the server says about a valid object (the texts of `Warning:` lines)."""
    check = _warnings_of(resource_key)
    return check(new, old) if check else []


@lru_cache(maxsize=256)
def _warnings_of(resource_key: str) -> WarningsCheck | None:
    name = _module_name(resource_key)
    if name is None:
        return None
    table: dict[str, WarningsCheck] = getattr(import_module(f"{__name__}.{name}"), "WARNINGS", {})
    return table.get(resource_key)


def _namespaced(resource_key: str, obj: Obj) -> bool:
    if resource_key in CLUSTER_SCOPED:
        return False
    # Custom resources come in both scopes; the request has already fixed which.
    known = _module_name(resource_key) is not None
    return known or bool((obj.get("metadata") or {}).get("namespace"))


def _update_metadata(resource_key: str, new: Obj, old: Obj) -> list[FieldError]:
    new_meta, old_meta = new.get("metadata") or {}, old.get("metadata") or {}
    errors = validate_object_meta_update(new_meta, old_meta)
    if new_meta.get("name") != old_meta.get("name") or new_meta.get("namespace") != old_meta.get("namespace"):
        # Only then can the name be wrong, and only as a path segment.
        namespaced = _namespaced(resource_key, old)
        errors = validate_object_meta(new_meta, namespaced, names.path_segment_name) + errors
    return errors + _standard_finalizers(resource_key, new_meta)


def _standard_finalizers(resource_key: str, meta: Obj) -> list[FieldError]:
    finalizers = meta.get("finalizers")
    if not finalizers or resource_key.partition(".")[2] in _ANY_FINALIZERS or _module_name(resource_key) is None:
        return []
    return validate_standard_finalizers(finalizers, "metadata.finalizers")
