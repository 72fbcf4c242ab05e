"""Rules of object metadata that hold for every kind, and the name rule of each kind.

Runs on every write, before the rules of the kind. Counterparts: apimachinery's
`pkg/api/validation/objectmeta.go`, `apis/meta/v1/validation`, apiserver's `registry/rest/create.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import names
from minikctl.apiserver.validation.addresses import canonical_ip, is_valid_cidr, is_valid_ip
from minikctl.apiserver.validation.names import (
    NameCheck,
    is_c_identifier,
    is_config_map_key,
    is_dns1035_label,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_dns1123_subdomain_with_underscore,
    is_env_var_name,
    is_http_header_name,
    is_in_range,
    is_path_segment,
    is_qualified_name,
    is_relaxed_env_var_name,
    is_valid_group_id,
    is_valid_label_value,
    is_valid_percent,
    is_valid_port_name,
    is_valid_port_num,
    is_valid_user_id,
    is_wildcard_dns1123_subdomain,
)

__all__ = [
    "is_c_identifier",
    "is_config_map_key",
    "is_dns1035_label",
    "is_dns1123_label",
    "is_dns1123_subdomain",
    "is_dns1123_subdomain_with_underscore",
    "is_env_var_name",
    "is_http_header_name",
    "is_in_range",
    "is_path_segment",
    "is_qualified_name",
    "is_relaxed_env_var_name",
    "is_valid_cidr",
    "is_valid_group_id",
    "is_valid_ip",
    "is_valid_label_value",
    "is_valid_percent",
    "is_valid_port_name",
    "is_valid_port_num",
    "is_valid_user_id",
    "is_wildcard_dns1123_subdomain",
    "name_check",
    "validate_annotations",
    "validate_immutable",
    "validate_labels",
    "validate_object_meta",
    "validate_object_meta_update",
]

_ANNOTATIONS_LIMIT = 256 * 1024
_MANAGER_LIMIT = 128
_SUBRESOURCE_LIMIT = 256
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
IMMUTABLE = "field is immutable"


def _ip_address_name(name: str, prefix: bool) -> list[str]:
    return [error.detail for error in canonical_ip("", name)]


_NAME_CHECKS: dict[str, NameCheck] = {
    "namespaces": names.label_name,
    "services": names.label_name,
    "statefulsets.apps": names.label_name,
    "roles.rbac.authorization.k8s.io": names.path_segment_name,
    "rolebindings.rbac.authorization.k8s.io": names.path_segment_name,
    "clusterroles.rbac.authorization.k8s.io": names.path_segment_name,
    "clusterrolebindings.rbac.authorization.k8s.io": names.path_segment_name,
    "poddisruptionbudgets.policy": names.path_segment_name,
    "certificatesigningrequests.certificates.k8s.io": names.path_segment_name,
    "events": names.path_segment_name,
    "apiservices.apiregistration.k8s.io": names.path_segment_name,
    "ipaddresses.networking.k8s.io": _ip_address_name,
}


def name_check(resource_key: str) -> NameCheck:
    """The rule for names of this kind; DNS subdomains unless the kind is special."""
    return _NAME_CHECKS.get(resource_key, names.subdomain_name)


def validate_object_meta(
    meta: dict[str, Any], namespaced: bool, check: NameCheck, path: str = "metadata"
) -> list[FieldError]:
    """Everything about metadata on creation; a generated name is already filled in."""
    errors: list[FieldError] = []
    generate_name = meta.get("generateName")
    if generate_name:
        errors += [field.invalid(f"{path}.generateName", generate_name, text) for text in check(generate_name, True)]
    name = meta.get("name")
    if not name:
        errors.append(field.required(f"{path}.name", "name or generateName is required"))
    else:
        errors += [field.invalid(f"{path}.name", name, text) for text in check(name, False)]
    errors += _validate_namespace(meta.get("namespace") or "", namespaced, path)
    errors += _validate_rest(meta, path)
    return errors


def _validate_namespace(namespace: str, namespaced: bool, path: str) -> list[FieldError]:
    if not namespaced:
        return [field.forbidden(f"{path}.namespace", "not allowed on this type")] if namespace else []
    if not namespace:
        return [field.required(f"{path}.namespace")]
    return [field.invalid(f"{path}.namespace", namespace, text) for text in is_dns1123_label(namespace)]


def _validate_rest(meta: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if (meta.get("generation") or 0) < 0:
        errors.append(field.invalid(f"{path}.generation", meta["generation"], "must be greater than or equal to 0"))
    if meta.get("labels"):
        errors += validate_labels(meta["labels"], f"{path}.labels")
    if meta.get("annotations"):
        errors += validate_annotations(meta["annotations"], f"{path}.annotations")
    if meta.get("ownerReferences"):
        errors += validate_owner_references(meta["ownerReferences"], f"{path}.ownerReferences")
    if meta.get("finalizers"):
        errors += validate_finalizers(meta["finalizers"], f"{path}.finalizers")
    if meta.get("managedFields"):
        errors += validate_managed_fields(meta["managedFields"], f"{path}.managedFields")
    return errors


def validate_object_meta_update(new: dict[str, Any], old: dict[str, Any], path: str = "metadata") -> list[FieldError]:
    """The rules that hold at any time, then what an update may not do to metadata."""
    errors: list[FieldError] = []
    if old.get("deletionTimestamp"):
        errors += _no_new_finalizers(new.get("finalizers") or [], old.get("finalizers") or [], f"{path}.finalizers")
    if not new.get("resourceVersion"):
        errors.append(field.invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (new.get("generation") or 0) < (old.get("generation") or 0):
        errors.append(field.invalid(f"{path}.generation", new.get("generation") or 0, "must not be decremented"))
    for key in ("name", "namespace", "uid"):
        if (new.get(key) or "") != (old.get(key) or ""):
            errors.append(field.invalid(f"{path}.{key}", new.get(key) or "", IMMUTABLE))
    for key in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if new.get(key) != old.get(key):
            errors.append(field.invalid(f"{path}.{key}", new.get(key), IMMUTABLE))
    return _validate_rest(new, path) + errors


def _no_new_finalizers(new: list[str], old: list[str], path: str) -> list[FieldError]:
    extra = sorted(set(new).difference(old))
    if not extra:
        return []
    text = "no new finalizers can be added if the object is being deleted, found new finalizers "
    return [field.forbidden(path, text + names.quoted_list(extra))]


def validate_labels(labels: dict[str, str] | None, path: str) -> list[FieldError]:
    """Keys are qualified names, values label values."""
    errors: list[FieldError] = []
    for key, value in (labels or {}).items():
        problems = is_qualified_name(key)
        if problems:
            errors += [field.invalid(path, key, text) for text in problems]
        problems = is_valid_label_value(value)
        if problems:
            errors += [field.invalid(path, value, text) for text in problems]
    return errors


def validate_annotations(annotations: dict[str, str] | None, path: str) -> list[FieldError]:
    """Keys are qualified names in any case; the whole may not exceed 256 KiB."""
    errors: list[FieldError] = []
    size = 0
    for key, value in (annotations or {}).items():
        problems = is_qualified_name(key.lower())
        if problems:
            errors += [field.invalid(path, key, text) for text in problems]
        size += len(key) + len(value)
    if size > _ANNOTATIONS_LIMIT // 4:
        size = sum(len(key.encode()) + len(value.encode()) for key, value in (annotations or {}).items())
        if size > _ANNOTATIONS_LIMIT:
            errors.append(field.too_long(path, _ANNOTATIONS_LIMIT))
    return errors


def validate_owner_references(references: list[Obj], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ""
    for reference in references:
        errors += _validate_owner_reference(reference, path)
        if reference.get("controller"):
            current = f"{reference.get('kind', '')}/{reference.get('name', '')}"
            if controller:
                text = (
                    "Only one reference can have Controller set to true."
                    f' Found "true" in references for {controller} and {current}'
                )
                errors.append(field.invalid(path, [_owner_struct(item) for item in references], text))
            else:
                controller = current
    return errors


def _owner_struct(reference: Obj) -> Struct:
    shown = Struct({key: reference.get(key, "") for key in ("apiVersion", "kind", "name", "uid")})
    shown.update(
        {key: reference[key] for key in ("controller", "blockOwnerDeletion") if reference.get(key) is not None}
    )
    return shown


def _validate_owner_reference(reference: Obj, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    api_version = reference.get("apiVersion") or ""
    # A text with more than one slash has no group and version at all.
    version = "" if api_version.count("/") > 1 else api_version.rpartition("/")[2]
    if not version:
        errors.append(field.invalid(f"{path}.apiVersion", api_version, "version must not be empty"))
    for key in ("kind", "name", "uid"):
        if not reference.get(key):
            errors.append(field.invalid(f"{path}.{key}", "", "must not be empty"))
    if api_version == "v1" and reference.get("kind") == "Event":
        text = "/v1, Kind=Event is disallowed from being an owner"
        errors.append(field.invalid(path, _owner_struct(reference), text))
    return errors


def validate_finalizers(finalizers: list[str], path: str) -> list[FieldError]:
    """Each is a qualified name; orphaning and foreground deletion exclude each other."""
    errors: list[FieldError] = []
    for finalizer in finalizers:
        errors += validate_finalizer_name(finalizer, path)
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        errors.append(field.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
    return errors


def validate_finalizer_name(finalizer: str, path: str) -> list[FieldError]:
    return [field.invalid(path, finalizer, text) for text in is_qualified_name(finalizer)]


def validate_standard_finalizers(finalizers: list[str] | None, path: str) -> list[FieldError]:
    """Of most built-in kinds also: a finalizer without a domain is one of Kubernetes' own."""
    text = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        field.invalid(f"{path}[{index}]", name, text)
        for index, name in enumerate(finalizers or ())
        if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def validate_managed_fields(entries: list[Obj], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        at = f"{path}[{index}]"
        operation = entry.get("operation") or ""
        if operation not in ("Apply", "Update"):
            errors.append(field.invalid(f"{at}.operation", operation, "must be `Apply` or `Update`"))
        fields_type = entry.get("fieldsType") or ""
        if fields_type and fields_type != "FieldsV1":
            errors.append(field.invalid(f"{at}.fieldsType", fields_type, "must be `FieldsV1`"))
        errors += validate_field_manager(entry.get("manager") or "", f"{at}.manager")
        if len(entry.get("subresource") or "") > _SUBRESOURCE_LIMIT:
            errors.append(field.too_long(f"{at}.subresource", _SUBRESOURCE_LIMIT))
    return errors


def validate_field_manager(manager: str, path: str) -> list[FieldError]:
    """Also the rule for the fieldManager parameter of a request."""
    if manager.isascii() and manager.isprintable() and len(manager) <= _MANAGER_LIMIT:
        return []
    errors: list[FieldError] = []
    if len(manager.encode()) > _MANAGER_LIMIT:
        errors.append(field.too_long(path, _MANAGER_LIMIT))
    for index, char in enumerate(manager):
        if not char.isprintable():
            shown = quote(char)[1:-1].replace("'", "\\'")
            code = f"U+{ord(char):04X}"
            text = f"invalid character {code}" if not shown else f"invalid character {code} (at position {index})"
            errors.append(field.invalid(path, manager, text))
    return errors


def validate_immutable(new: Any, old: Any, path: str) -> list[FieldError]:
    """The field must not change; empty and absent are the same."""
    if new == old or (not new and not old and new is not False and old is not False and new != 0 and old != 0):
        return []
    return [field.invalid(path, new, IMMUTABLE)]
