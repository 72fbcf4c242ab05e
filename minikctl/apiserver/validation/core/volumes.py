"""Validation of PersistentVolumes and PersistentVolumeClaims.

`validate_claim_spec` also serves claim templates (StatefulSets, generic ephemeral volumes).
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.core.volumesources import validate_sources
from minikctl.apiserver.validation.core.volumewarnings import claim_warnings, volume_warnings
from minikctl.apiserver.validation.differences import go_struct, struct_diff
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import is_dns1123_subdomain, is_qualified_name, label_name, subdomain_name
from minikctl.apiserver.validation.quantities import is_native, validate_amount, validate_basic, validate_positive
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_selector, validate_node_selector

_ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
_RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"]
_VOLUME_MODES = ["Block", "Filesystem"]
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_RESIZE_STATUSES = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
]
_SOURCE_CHANGE = "spec.persistentvolumesource is immutable after creation"
_CLAIM_CHANGE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_NOT_INLINE = "may not be specified in the context of inline volumes"
NOT_SOURCES = frozenset(
    {
        "capacity",
        "accessModes",
        "claimRef",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "mountOptions",
        "volumeMode",
        "nodeAffinity",
        "volumeAttributesClassName",
    }
)
_BETA_TO_GA = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


def _access_modes(modes: list[str], path: str) -> list[FieldError]:
    errors = [field.not_supported(path, mode, _ACCESS_MODES) for mode in modes if mode not in _ACCESS_MODES]
    others = [mode for mode in modes if mode in _ACCESS_MODES and mode != "ReadWriteOncePod"]
    if "ReadWriteOncePod" in modes and others:
        errors.append(field.forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def _class_name(name: str | None, path: str) -> list[FieldError]:
    return [field.invalid(path, name, text) for text in subdomain_name(name, False)] if name else []


def validate_volume(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _modes(spec) + _capacity(spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM_POLICIES:
        errors.append(field.not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required") is None:
            text = "must specify required node constraints"
            errors.append(field.required("spec.nodeAffinity.required", text))
        else:
            errors += validate_node_selector(affinity["required"], "spec.nodeAffinity.required")
    errors += validate_sources(spec, obj["metadata"].get("name") or "")
    errors += _class_name(spec.get("storageClassName"), "spec.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        errors.append(field.not_supported("spec.volumeMode", mode, _VOLUME_MODES))
    return errors + _attributes_class(spec)


def validate_inline_volume(spec: dict[str, Any], path: str) -> list[FieldError]:
    """The spec of a volume within an attachment: less of it may be said there."""
    errors = [field.forbidden(f"spec.{name}", _NOT_INLINE) for name in ("claimRef", "capacity") if spec.get(name)]
    if spec.get("csi") is None:
        errors.append(field.required("spec.csi", "has to be specified in the context of inline volumes"))
    errors += _modes(spec)
    if (spec.get("persistentVolumeReclaimPolicy") or "Retain") != "Retain":
        text = "may only be Retain in the context of inline volumes"
        errors.append(field.forbidden("spec.persistentVolumeReclaimPolicy", text))
    if spec.get("nodeAffinity") is not None:
        errors.append(field.forbidden("spec.nodeAffinity", _NOT_INLINE))
    errors += validate_sources(spec, "")
    if spec.get("storageClassName"):
        errors.append(field.forbidden("spec.storageClassName", _NOT_INLINE))
    if spec.get("volumeMode") not in (None, "Filesystem"):
        text = "may not specify volumeMode other than Filesystem in the context of inline volumes"
        errors.append(field.forbidden("spec.volumeMode", text))
    errors += _attributes_class(spec)
    for error in errors:
        error.field = path + error.field.removeprefix("spec")
    return errors


def _modes(spec: dict[str, Any]) -> list[FieldError]:
    modes = spec.get("accessModes") or []
    return _access_modes(modes, "spec.accessModes") if modes else [field.required("spec.accessModes")]


def _capacity(capacity: dict[str, Any]) -> list[FieldError]:
    errors = [] if capacity else [field.required("spec.capacity")]
    if list(capacity) != ["storage"]:
        errors.append(field.not_supported("spec.capacity", capacity or None, ["storage"]))
    for name, value in capacity.items():
        path = f"spec.capacity[{name}]"
        errors += validate_basic(value, path) + validate_positive(value, path)
    return errors


def _attributes_class(spec: dict[str, Any]) -> list[FieldError]:
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return []
    path = "spec.volumeAttributesClassName"
    errors = _class_name(name, path) if name else [field.required(path, "an empty string is disallowed")]
    if not spec.get("csi"):
        text = "has to be specified when using volumeAttributesClassName"
        errors.append(field.required("spec.csi", text))
    return errors


def _volume_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = validate_volume(new)
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    source = {key: value for key, value in spec.items() if key not in NOT_SOURCES}
    old_source = {key: value for key, value in old_spec.items() if key not in NOT_SOURCES}
    if "csi" in source and "csi" in old_source and not (old_source["csi"] or {}).get("controllerExpandSecretRef"):
        source["csi"] = {k: v for k, v in source["csi"].items() if k != "controllerExpandSecretRef"}
    if source != old_source:
        from minikctl.apiserver.validation.pod.gostruct import struct_of

        before, after = (struct_of("PersistentVolumeSource", which) for which in (old_source, source))
        diff = struct_diff(before, after)
        errors.append(field.forbidden("spec.persistentvolumesource", f"{_SOURCE_CHANGE}\n{diff}"))
    errors += validate_immutable(spec.get("volumeMode"), old_spec.get("volumeMode"), "volumeMode")
    if old_spec.get("nodeAffinity") is not None:
        errors += _affinity_change(spec.get("nodeAffinity"), old_spec["nodeAffinity"])
    if old_spec.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        text = "update from non-nil value to nil is forbidden"
        errors.append(field.forbidden("spec.volumeAttributesClassName", text))
    return errors


def _affinity_change(new: Any, old: Any) -> list[FieldError]:
    """Node affinity stays, but a beta topology label may become its successor."""
    if new == old or _with_ga_keys(old) == new:
        return []
    from minikctl.apiserver.validation.pod.gostruct import struct_of

    shown = new and struct_of("VolumeAffinity", new)
    return [field.invalid("nodeAffinity", shown, "field is immutable, except for updating from beta label to GA")]


def _with_ga_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_ga_keys(item) for item in value]
    if isinstance(value, dict):
        return {k: _BETA_TO_GA.get(v, v) if k == "key" else _with_ga_keys(v) for k, v in value.items()}
    return value


def _no_rules(new: Obj, old: Obj) -> list[FieldError]:
    return []


def validate_claim_spec(spec: dict[str, Any], path: str, old_spec: dict[str, Any] | None = None) -> list[FieldError]:
    """The spec of a claim or claim template."""
    errors: list[FieldError] = []
    modes = spec.get("accessModes") or []
    if not modes:
        errors.append(field.required(f"{path}.accessModes", "at least 1 access mode is required"))
    errors += validate_label_selector(spec.get("selector"), f"{path}.selector")
    errors += _access_modes(modes, f"{path}.accessModes")
    errors += _request(spec, f"{path}.resources[storage]")
    errors += _class_name(spec.get("storageClassName"), f"{path}.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        errors.append(field.not_supported(f"{path}.volumeMode", mode, _VOLUME_MODES))
    errors += _data_sources(spec, path, old_spec or {})
    return errors + _class_name(spec.get("volumeAttributesClassName"), f"{path}.volumeAttributesClassName")


def _request(spec: dict[str, Any], path: str) -> list[FieldError]:
    value = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if value is None:
        return [field.required(path)]
    return validate_positive(value, path) or validate_amount("storage", value, path)


def _data_sources(spec: dict[str, Any], path: str, old_spec: dict[str, Any]) -> list[FieldError]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    # A group that was stored before is not looked at again.
    lax = any((old_spec.get(key) or {}).get("apiGroup") is not None for key in ("dataSource", "dataSourceRef"))
    errors: list[FieldError] = []
    if source is not None:
        errors += _data_source(source, f"{path}.dataSource", lax)
    if reference is not None:
        errors += _data_source(reference, f"{path}.dataSourceRef", lax)
    if source is None or reference is None:
        return errors
    if reference.get("namespace"):
        text = "may not be specified when dataSourceRef.namespace is specified"
        errors.append(field.invalid(path, f"{path}.dataSource", text))
    elif any(source.get(key) != reference.get(key) for key in ("apiGroup", "kind", "name")):
        errors.append(field.invalid(path, f"{path}.dataSource", "must match dataSourceRef"))
    return errors


def _data_source(source: dict[str, Any], path: str, lax: bool) -> list[FieldError]:
    errors = [field.required(f"{path}.{key}") for key in ("name", "kind") if not source.get(key)]
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(field.invalid(path, kind, text))
    if group and not lax:
        errors += [field.invalid(f"{path}.apiGroup", group, text) for text in is_dns1123_subdomain(group)]
    namespace = source.get("namespace")
    if namespace:
        errors += [field.invalid(f"{path}.namespace", namespace, text) for text in label_name(namespace, False)]
    return errors


def _claim_create(obj: Obj) -> list[FieldError]:
    return validate_claim_spec(obj.get("spec") or {}, "spec")


def _claim_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    errors = validate_claim_spec(spec, "spec", old_spec)
    compared, old_compared = dict(spec), dict(old_spec)
    if not old_spec.get("volumeName"):
        old_compared["volumeName"] = spec.get("volumeName")
    errors += _class_change(new, old, compared)
    if (new.get("status") or {}).get("phase") == "Bound":
        _excuse_bound(compared, old_spec)
    before, after = _claim_struct(old_compared), _claim_struct(compared)
    if before != after:
        errors.append(field.forbidden("spec", f"{_CLAIM_CHANGE}\n{struct_diff(before, after)}"))
    size, old_size = _storage(spec.get("resources"), "requests"), _storage(old_spec.get("resources"), "requests")
    if quantity.compare(size, old_size) < 0 and quantity.compare(size, _storage(old.get("status"), "capacity")) <= 0:
        text = "field can not be less than status.capacity"
        errors.append(field.forbidden("spec.resources.requests.storage", text))
    errors += validate_immutable(spec.get("volumeMode"), old_spec.get("volumeMode"), "volumeMode")
    return errors + _attributes_class_change(spec, old)


def _storage(holder: Any, part: str) -> Any:
    return ((holder or {}).get(part) or {}).get("storage") or "0"


def _class_change(new: Obj, old: Obj, compared: dict[str, Any]) -> list[FieldError]:
    """A class may be set once, or move from the old annotation into the field."""
    annotation = (new["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION)
    old_annotation = (old["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION)
    name, old_name = compared.get("storageClassName"), (old.get("spec") or {}).get("storageClassName")
    if old_name is None and name is not None and old_annotation in (None, name):
        compared["storageClassName"] = None
    if old_annotation is not None and old_name is None and name == old_annotation and annotation in (None, name):
        return []
    if (annotation or "") != (old_annotation or ""):
        path = f"metadata.annotations.{_CLASS_ANNOTATION}"
        return [field.invalid(path, annotation or "", "field is immutable")]
    return []


def _excuse_bound(compared: dict[str, Any], old_spec: dict[str, Any]) -> None:
    """Bound claims may grow and change their attributes class."""
    resources = compared.get("resources") or {}
    if resources.get("requests") is not None:
        requests = {**resources["requests"], "storage": _storage(old_spec.get("resources"), "requests")}
        compared["resources"] = {**resources, "requests": requests}
    compared["volumeAttributesClassName"] = old_spec.get("volumeAttributesClassName")


def _claim_struct(spec: dict[str, Any]) -> Struct:
    resources = spec.get("resources") or {}
    return Struct(
        AccessModes=spec.get("accessModes") or None,
        Selector=selector_struct(spec.get("selector")),
        Resources=Struct(Limits=_amounts(resources.get("limits")), Requests=_amounts(resources.get("requests"))),
        VolumeName=spec.get("volumeName") or "",
        StorageClassName=spec.get("storageClassName"),
        VolumeMode=spec.get("volumeMode"),
        DataSource=_reference_struct(spec.get("dataSource"), "apiGroup", "kind", "name"),
        DataSourceRef=_reference_struct(spec.get("dataSourceRef"), "apiGroup", "kind", "name", "namespace"),
        VolumeAttributesClassName=spec.get("volumeAttributesClassName"),
    )


def _amounts(amounts: dict[str, Any] | None) -> dict[str, str] | None:
    return {name: quantity.canonical(value) for name, value in amounts.items()} if amounts else None


def _reference_struct(reference: Any, *names: str) -> Struct | None:
    shown = go_struct(reference, *names)
    if shown is not None:
        shown = Struct({"APIGroup" if key == "ApiGroup" else key: value for key, value in shown.items()})
    return shown


def _attributes_class_change(spec: dict[str, Any], old: Obj) -> list[FieldError]:
    """A class that is in effect may be changed, but not given up."""
    name = spec.get("volumeAttributesClassName")
    current = (old.get("status") or {}).get("currentVolumeAttributesClassName")
    if name or current is None or name == (old.get("spec") or {}).get("volumeAttributesClassName"):
        return []
    text = "empty string" if name == "" else "nil"
    text = f"update to {text} is forbidden when status.currentVolumeAttributesClassName is not nil"
    return [field.forbidden("spec.volumeAttributesClassName", text)]


def _claim_status(new: Obj, old: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    if not (new.get("spec") or {}).get("accessModes"):
        errors.append(field.required("Spec.accessModes"))
    status = new.get("status") or {}
    for name, value in (status.get("capacity") or {}).items():
        errors += validate_basic(value, f"status.capacity[{name}]")
    for name, value in (status.get("allocatedResourceStatuses") or {}).items():
        errors += _resource_key(name, "status.allocatedResourceStatuses")
        if value not in _RESIZE_STATUSES:
            errors.append(field.not_supported("status.allocatedResourceStatuses", name, _RESIZE_STATUSES))
    for name, value in (status.get("allocatedResources") or {}).items():
        path = "status.allocatedResources"
        errors += (
            _resource_key(name, path)
            or validate_basic(value, f"{path}[{name}]")
            or validate_amount("storage", value, f"{path}[{name}]")
        )
    return errors


def _resource_key(name: str, path: str) -> list[FieldError]:
    problems = is_qualified_name(name)
    if problems:
        return [field.invalid(path, name, text) for text in problems]
    return [field.not_supported(path, name, ["storage"])] if is_native(name) and name != "storage" else []


VALIDATE: dict[str, Checks] = {
    "persistentvolumes": (validate_volume, _volume_update, _no_rules),
    "persistentvolumeclaims": (_claim_create, _claim_update, _claim_status),
}
WARNINGS: dict[str, WarningsCheck] = {
    "persistentvolumes": volume_warnings,
    "persistentvolumeclaims": claim_warnings,
}
