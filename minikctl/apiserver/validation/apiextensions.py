"""Validation of CustomResourceDefinitions: names, versions, conversion and what may change.

What their schemas must be like is in crdschema.py. As upstream does, a schema that all versions share
is looked at once, under `spec.validation`.
"""

from __future__ import annotations

import json
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apimachinery.textformats import unknown_formats
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.crdcolumns import (
    validate_columns,
    validate_selectable_fields,
    validate_subresources,
)
from minikctl.apiserver.validation.crdschema import validate_root, validate_schema
from minikctl.apiserver.validation.crdstructs import version_struct
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import is_dns1035_label, is_dns1123_subdomain
from minikctl.apiserver.validation.webhooks import validate_bundle, validate_client_config, validate_review_versions

_APPROVAL = "api-approved.kubernetes.io"
_APPROVAL_TEXT = f'protected groups must have approval annotation "{_APPROVAL}"'
_APPROVAL_LINK = "see https://github.com/kubernetes/enhancements/pull/1111"
_MIXED_CASE = "may have mixed case, but should otherwise match: "


class _Shared:
    """What all versions have in common, and is therefore said of the spec and not of each version.

    `keys` are those of a version that its struct then lacks.
    """

    __slots__ = ("columns", "fields", "keys", "schema", "subresources")

    def __init__(self, versions: list[Obj]) -> None:
        keys: set[str] = set()
        for key in ("schema", "subresources", "additionalPrinterColumns", "selectableFields"):
            if all(version.get(key) == versions[0].get(key) for version in versions):
                keys.add(key)
        if "schema" not in keys:  # Fields are told of the spec only where the schema they are in is.
            keys.discard("selectableFields")
        self.keys = frozenset(keys)
        first = {key: versions[0].get(key) for key in keys} if versions else {}
        self.schema = first.get("schema")
        self.subresources = first.get("subresources")
        self.columns = first.get("additionalPrinterColumns")
        self.fields = first.get("selectableFields")


def _create(obj: Obj) -> list[FieldError]:
    spec, meta = obj.get("spec") or {}, obj.get("metadata") or {}
    errors: list[FieldError] = []
    wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
    for key in ("generateName", "name"):
        if meta.get(key) and meta[key] != wanted:
            errors.append(field.invalid(f"metadata.{key}", meta[key], 'must be spec.names.plural+"."+spec.group'))
    errors += _spec(spec, None, False) + _status(obj)
    errors += _approval(obj, None)
    if spec.get("preserveUnknownFields"):
        errors.append(_preserve_unknown())
    return errors


def _preserve_unknown() -> FieldError:
    text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    return field.invalid("spec.preserveUnknownFields", True, text)


def _spec(spec: dict[str, Any], old: dict[str, Any] | None, strict: bool) -> list[FieldError]:
    """`strict`: the webhook's caBundle must be a good one."""
    errors = _group(spec.get("group") or "")
    scope = spec.get("scope") or ""
    if not scope:
        errors.append(field.required("spec.scope"))
    elif scope not in ("Cluster", "Namespaced"):
        errors.append(field.not_supported("spec.scope", scope, ["Cluster", "Namespaced"]))
    versions = spec.get("versions") or []
    shared = _Shared(versions)
    for index, version in enumerate(versions):
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            errors.append(field.required(f"spec.versions[{index}].schema.openAPIV3Schema"))
    if spec.get("preserveUnknownFields") and any(_has_defaults(version.get("schema")) for version in versions):
        text = "must be false in order to use defaults in the schema"
        errors.append(field.invalid("spec.preserveUnknownFields", True, text))
    for index, version in enumerate(versions):
        errors += _version(version, f"spec.versions[{index}]", shared, old)
    errors += _version_list(versions, shared)
    names = spec.get("names") or {}
    for key in ("plural", "singular", "kind", "listKind"):
        if not names.get(key):
            errors.append(field.required(f"spec.names.{key}"))
    errors += _names(names, "spec.names")
    if shared.schema is not None:
        has_status = any((version.get("subresources") or {}).get("status") is not None for version in versions)
        schema = (shared.schema or {}).get("openAPIV3Schema")
        errors += _schema(schema, "spec.validation.openAPIV3Schema", has_status, old)
    errors += validate_subresources(shared.subresources, "spec.subresources")
    errors += validate_columns(shared.columns, "spec.additionalPrinterColumns")
    if shared.fields:
        schema = (shared.schema or {}).get("openAPIV3Schema")
        errors += _selectable(shared.fields, schema, "spec.selectableFields", "validations.schema is included")
    conversion = spec.get("conversion")
    if spec.get("preserveUnknownFields") and conversion and conversion.get("strategy") != "None":
        text = "must be None if spec.preserveUnknownFields is true"
        errors.append(field.invalid("spec.conversion.strategy", conversion.get("strategy") or "", text))
    return errors + _conversion(conversion, strict)


def _has_defaults(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(_has_defaults(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    children = [value for key, value in schema.items() if key not in ("default", "enum", "example")]
    return schema.get("default") is not None or any(_has_defaults(child) for child in children)


def _group(group: str) -> list[FieldError]:
    if not group:
        return [field.required("spec.group")]
    problems = is_dns1123_subdomain(group)
    if problems:
        return [field.invalid("spec.group", group, ",".join(problems))]
    if "." not in group:
        return [field.invalid("spec.group", group, "should be a domain with at least one dot")]
    return []


def _schema(schema: Obj | None, path: str, has_status: bool, old: dict[str, Any] | None) -> list[FieldError]:
    """Problems of a schema; of one that is there already only what a status subresource newly forbids."""
    if schema is None:
        return []
    return (
        validate_root(schema, path, has_status) if _stored(schema, old) else validate_schema(schema, path, has_status)
    )


def _selectable(fields: list[Obj], schema: Obj | None, path: str, wanted: str) -> list[FieldError]:
    if schema is None:
        return [field.invalid(path, "", f"may only be set when {wanted}")]
    return validate_selectable_fields(fields, schema, path)


def _stored(schema: dict[str, Any], old: dict[str, Any] | None) -> bool:
    """Whether the schema was accepted before: an older release may have been laxer."""
    return any(
        (version.get("schema") or {}).get("openAPIV3Schema") == schema for version in (old or {}).get("versions") or ()
    )


def _version(version: Obj, path: str, shared: _Shared, old: dict[str, Any] | None) -> list[FieldError]:
    name = version.get("name") or ""
    problems = is_dns1035_label(name)
    errors = [field.invalid(f"{path}.name", name, ",".join(problems))] if problems else []
    warning = version.get("deprecationWarning")
    if warning is not None:
        errors += _deprecation(bool(version.get("deprecated")), warning, f"{path}.deprecationWarning")
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if shared.schema is None:
        has_status = (version.get("subresources") or {}).get("status") is not None
        errors += _schema(schema, f"{path}.schema.openAPIV3Schema", has_status, old)
    if shared.subresources is None:
        errors += validate_subresources(version.get("subresources"), f"{path}.subresources")
    if shared.columns is None:
        errors += validate_columns(version.get("additionalPrinterColumns"), f"{path}.additionalPrinterColumns")
    if not shared.fields and version.get("selectableFields"):
        wanted = "`version.schema.openAPIV3Schema` is not included"  # as upstream words it
        errors += _selectable(version["selectableFields"], schema, f"{path}.selectableFields", wanted)
    return errors


def _deprecation(deprecated: bool, warning: str, path: str) -> list[FieldError]:
    if not deprecated:
        return [field.invalid(path, warning, "can only be set for deprecated versions")]
    errors: list[FieldError] = []
    if len(warning.encode()) > 256:
        errors.append(field.invalid(path, warning, "must be <= 256 characters long"))
    if not warning:
        errors.append(field.invalid(path, warning, "must not be an empty string"))
    for index, char in enumerate(warning):
        if not char.isprintable():
            at = len(warning[:index].encode())
            text = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
            errors.append(field.invalid(path, warning, text))
            break
    return errors


def _version_list(versions: list[Obj], shared: _Shared) -> list[FieldError]:
    names = [version.get("name") or "" for version in versions]
    shown = [version_struct(version, shared.keys) for version in versions] or None
    errors: list[FieldError] = []
    if len(set(names)) < len(names):
        errors.append(field.invalid("spec.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        errors.append(field.invalid("spec.versions", shown, text))
    # The internal kind repeats the first version's name, and so the complaint about it.
    problems = is_dns1035_label(names[0]) if names and names[0] else []
    if problems:
        errors.append(field.invalid("spec.version", names[0], ",".join(problems)))
    return errors


def _names(names: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, prefix in (("plural", ""), ("singular", ""), ("kind", _MIXED_CASE), ("listKind", _MIXED_CASE)):
        name = names.get(key) or ""
        problems = is_dns1035_label(name.lower() if prefix else name) if name else []
        if problems:
            errors.append(field.invalid(f"{path}.{key}", name, prefix + ",".join(problems)))
    errors += _labels(names.get("shortNames") or [], f"{path}.shortNames")
    if names.get("kind") and names["kind"] == names.get("listKind"):
        text = "kind and listKind may not be the same"
        errors.append(field.invalid(f"{path}.listKind", names["listKind"], text))
    return errors + _labels(names.get("categories") or [], f"{path}.categories")


def _labels(values: list[str], path: str) -> list[FieldError]:
    return [
        field.invalid(f"{path}[{index}]", value, ",".join(is_dns1035_label(value)))
        for index, value in enumerate(values)
        if is_dns1035_label(value)
    ]


def _conversion(conversion: dict[str, Any] | None, strict: bool) -> list[FieldError]:
    if conversion is None:
        return []
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook")
    path = "spec.conversion"
    if not strategy:
        errors = [field.required(f"{path}.strategy")]
    elif strategy not in ("None", "Webhook"):
        errors = [field.not_supported(f"{path}.strategy", strategy, ["None", "Webhook"])]
    else:
        errors = []
    config, versions = (webhook or {}).get("clientConfig"), (webhook or {}).get("conversionReviewVersions") or []
    if strategy != "Webhook":
        text = "should not be set when strategy is not set to Webhook"
        if config is not None:
            errors.append(field.forbidden(f"{path}.webhookClientConfig", text))
        if versions:
            errors.append(field.forbidden(f"{path}.conversionReviewVersions", text))
        return errors
    if config is None:
        text = "required when strategy is set to Webhook"
        errors.append(field.required(f"{path}.webhookClientConfig", text))
    else:
        errors += validate_client_config(config, f"{path}.webhookClientConfig")
        if strict and config.get("caBundle"):
            errors += validate_bundle(config["caBundle"], f"{path}.webhookClientConfig.caBundle")
    return errors + validate_review_versions(versions, f"{path}.conversionReviewVersions")


def _status(obj: Obj) -> list[FieldError]:
    status, versions = obj.get("status") or {}, (obj.get("spec") or {}).get("versions") or []
    errors = _accepted(status)
    stored, path = status.get("storedVersions") or [], "status.storedVersions"
    if not stored:
        return [*errors, field.invalid(path, None, "must have at least one stored version")]
    names = [version.get("name") for version in versions]
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            text = f"must have the storage version {version.get('name') or ''}"
            errors.append(field.invalid(path, stored, text))
    for index, name in enumerate(stored):
        if name not in names:
            text = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in"
                " spec.versions until a storage migration ensures no data remains persisted in"
                f" {name} and removes {name} from status.storedVersions"
            )
            errors.append(field.invalid(f"{path}[{index}]", name, text))
    return errors


def _accepted(status: dict[str, Any]) -> list[FieldError]:
    names = status.get("acceptedNames") or {}
    return _names(names, "status.acceptedNames") if any(names.values()) else []


def is_protected(group: str) -> bool:
    """Whether the group is the Kubernetes project's own, whose definitions need an approval."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def approval_state(obj: Obj) -> tuple[str, str]:
    """("approved", "bypassed", "missing" or "invalid", the words for it) of a protected group's definition."""
    value = ((obj.get("metadata") or {}).get("annotations") or {}).get(_APPROVAL, "")
    if not value:
        return "missing", f"{_APPROVAL_TEXT}, {_APPROVAL_LINK}"
    if value.startswith("unapproved"):
        return "bypassed", f"not approved: {json.dumps(value, ensure_ascii=False)}"
    scheme, separator, rest = value.partition("://")
    if scheme and separator and rest.partition("/")[0]:
        return "approved", f"approved in {value}"
    return "invalid", f'{_APPROVAL_TEXT} with either a URL or a reason starting with "unapproved", {_APPROVAL_LINK}'


def _approval(new: Obj, old: Obj | None) -> list[FieldError]:
    if not is_protected((new.get("spec") or {}).get("group") or ""):
        return []
    state, text = approval_state(new)
    if old is not None and approval_state(old)[0] == state:
        return []
    path = f"metadata.annotations[{_APPROVAL}]"
    if state == "invalid":
        return [field.invalid(path, new["metadata"]["annotations"][_APPROVAL], text)]
    return [field.required(path, text)] if state == "missing" else []


def _established(obj: Obj) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == "Established" and item.get("status") == "True" for item in conditions)


def _has_bad_bundle(spec: dict[str, Any]) -> bool:
    config = ((spec.get("conversion") or {}).get("webhook") or {}).get("clientConfig") or {}
    return bool(config.get("caBundle")) and bool(validate_bundle(config["caBundle"], ""))


def _update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _spec(spec, before, _established(old) and not _has_bad_bundle(before))
    names, names_before = spec.get("names") or {}, before.get("names") or {}
    if _established(old):
        errors += validate_immutable(spec.get("scope"), before.get("scope"), "spec.scope")
        errors += validate_immutable(names.get("kind"), names_before.get("kind"), "spec.names.kind")
    errors += validate_immutable(spec.get("group"), before.get("group"), "spec.group")
    errors += validate_immutable(names.get("plural"), names_before.get("plural"), "spec.names.plural")
    errors += _status(new) + _approval(new, old)
    if spec.get("preserveUnknownFields") and not before.get("preserveUnknownFields"):
        errors.append(_preserve_unknown())
    return errors


def _status_update(new: Obj, old: Obj) -> list[FieldError]:
    """Of stored versions nothing is asked here: a storage migration takes old ones out."""
    return _accepted(new.get("status") or {})


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    """Formats that the server does not know, told once when they come up."""
    known = set(_unknown_formats(old)) if old is not None else set()
    return [f'unrecognized format "{name}"' for name in _unknown_formats(new) if name not in known]


def _unknown_formats(crd: Obj) -> list[str]:
    versions = crd["spec"].get("versions") or []
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") or {} for version in versions]
    # A schema that all versions share is looked at once.
    shared = len(schemas) > 1 and all(schema == schemas[0] for schema in schemas)
    return [name for schema in (schemas[:1] if shared else schemas) for name in unknown_formats(schema)]


WARNINGS: dict[str, WarningsCheck] = {"customresourcedefinitions.apiextensions.k8s.io": _warnings}
VALIDATE: dict[str, Checks] = {"customresourcedefinitions.apiextensions.k8s.io": (_create, _update, _status_update)}
