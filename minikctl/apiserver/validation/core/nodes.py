"""Validation of Nodes."""

from __future__ import annotations

import re
from typing import Any

from minikctl.apimachinery import field, typedjson
from minikctl.apimachinery.field import FieldError, Struct, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.addresses import cidr_for_legacy_field, cidr_warnings, is_ipv6_cidr, parse_cidr
from minikctl.apiserver.validation.names import is_valid_label_value
from minikctl.apiserver.validation.quantities import NOT_POSITIVE, validate_amount
from minikctl.apiserver.validation.selectors import validate_label_name

_CIDR_CHANGE = 'node updates may not change podCIDR except from "" to valid'
_TAINTS = "scheduler.alpha.kubernetes.io/taints"
_READ_TAINTS = typedjson.many(
    typedjson.struct(
        "core.Taint",
        key=typedjson.string,
        value=typedjson.string,
        effect=typedjson.named_string("core.TaintEffect"),
        timeAdded=typedjson.moment,
    )
)
_FEATURE_LIMIT = 253
_FEATURE_FORM = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or"
    " MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)
_PROVIDER_CHANGE = 'node updates may not change providerID except from "" to valid'


def validate_taints(taints: list[Obj], path: str) -> list[FieldError]:
    """Keys, values and effects; each (key, effect) pair once."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        at = f"{path}[{index}]"
        key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
        errors += validate_label_name(key, f"{at}.key")
        problems = is_valid_label_value(value)
        if problems:
            errors.append(field.invalid(f"{at}.value", value, ";".join(problems)))
        errors += _effect(effect, f"{at}.effect")
        if (key, effect) in seen:
            shown = Struct(Key=key, Value=value, Effect=effect, TimeAdded=taint.get("timeAdded"))
            error = field.duplicate(at, shown)
            error.detail = "taints must be unique by key and effect pair"
            errors.append(error)
        seen.add((key, effect))
    return errors


def _effect(effect: str, path: str) -> list[FieldError]:
    if not effect:
        return [field.required(path)]
    if effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
        return [field.not_supported(path, effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"])]
    return []


def _resources(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    status = obj.get("status") or {}
    for part in ("capacity", "allocatable"):
        for name, value in (status.get(part) or {}).items():
            errors += validate_amount(name, value, f"status.{part}.{name}")
    return errors


def _annotated_taints(obj: Obj) -> list[FieldError]:
    """The annotation taints were kept in once is still checked."""
    text = ((obj.get("metadata") or {}).get("annotations") or {}).get(_TAINTS)
    if not text:
        return []
    try:
        taints = typedjson.read(text, _READ_TAINTS)
    except ValueError as error:
        return [field.invalid("metadata.annotations", _TAINTS, str(error))]
    return validate_taints(taints, f"metadata.annotations.{_TAINTS}")


def _swap(obj: Obj) -> list[FieldError]:
    swap = ((obj.get("status") or {}).get("nodeInfo") or {}).get("swap") or {}
    capacity = swap.get("capacity")
    if capacity is None or capacity > 0:
        return []
    return [field.invalid("metadata.nodeSwapStatus.capacity", capacity, NOT_POSITIVE)]


def _pod_cidrs(cidrs: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, value in enumerate(cidrs):
        errors += cidr_for_legacy_field(f"spec.podCIDRs[{index}]", value)
    if len(cidrs) < 2:
        return errors
    if bad := next((value for value in cidrs if parse_cidr(value) is None), ""):
        text = f"failed to parse cidr value:{quote(bad)} with error:invalid CIDR address: {bad}"
        text = f"invalid PodCIDRs. failed to check with dual stack with error:{text}"
        errors.append(FieldError("InternalError", "spec.podCIDRs", detail=text))
    if bad or len(cidrs) > 2 or len({is_ipv6_cidr(value) for value in cidrs}) < 2:
        errors.append(field.invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"))
    return errors


def validate_node(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _annotated_taints(obj) + validate_taints(spec.get("taints") or [], "metadata.taints")
    errors += _resources(obj) + _swap(obj) + _declared_features((obj.get("status") or {}).get("declaredFeatures") or [])
    return errors + _pod_cidrs(spec.get("podCIDRs") or [])


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return validate_node(new) + validate_node_change(new, old)


def validate_node_change(new: Obj, old: Obj) -> list[FieldError]:
    """What an update may not do; of a status update these are all the rules."""
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    status = new.get("status") or {}
    errors = _annotated_taints(new) + _resources(new) + _declared_features(status.get("declaredFeatures") or [])
    errors += _addresses(status.get("addresses") or [])
    cidrs, old_cidrs = spec.get("podCIDRs") or [], old_spec.get("podCIDRs") or []
    if old_cidrs:
        same_length = len(cidrs) == len(old_cidrs)
        changed = [i for i, old_cidr in enumerate(old_cidrs) if old_cidr != cidrs[i]] if same_length else [0]
        errors += [field.forbidden("spec.podCIDRs", _CIDR_CHANGE) for _ in changed]
    if old_spec.get("providerID") and old_spec["providerID"] != spec.get("providerID"):
        errors.append(field.forbidden("spec.providerID", _PROVIDER_CHANGE))
    errors += validate_taints(spec.get("taints") or [], "metadata.taints")
    if (spec.get("externalID") or "") != (old_spec.get("externalID") or ""):
        errors.append(field.forbidden("spec.externalID", "may not be updated"))
    return errors


def _declared_features(features: list[str]) -> list[FieldError]:
    """What a kubelet says it can: well-formed names, sorted, each once."""
    errors = []
    for index, name in enumerate(features):
        at = f"status.declaredFeatures[{index}]"
        if len(name.encode()) > _FEATURE_LIMIT:
            text = f"invalid feature name {quote(name)}: must be no more than {_FEATURE_LIMIT} characters"
            errors.append(field.invalid(at, name, text))
        elif not re.fullmatch("[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*", name):
            errors.append(field.invalid(at, name, f"invalid feature name {quote(name)}: {_FEATURE_FORM}"))
        if index + 1 < len(features) and features[index + 1] <= name:
            following, at = features[index + 1], f"status.declaredFeatures[{index + 1}]"
            if following == name:
                errors.append(field.duplicate(at, following))
            else:
                errors.append(field.invalid(at, following, "list must be sorted alphabetically"))
    return errors


def _addresses(addresses: list[Obj]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[Any, Any]] = set()
    for index, item in enumerate(addresses):
        key = (item.get("type") or "", item.get("address") or "")
        if key in seen:
            errors.append(field.duplicate(f"status.addresses[{index}]", Struct(Type=key[0], Address=key[1])))
        seen.add(key)
    return errors


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    spec = new.get("spec") or {}
    warnings = []
    if spec.get("externalID"):
        warnings.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, value in enumerate(spec.get("podCIDRs") or ()):
        warnings += cidr_warnings(f"spec.podCIDRs[{index}]", value)
    return warnings


VALIDATE: dict[str, Checks] = {"nodes": (validate_node, _update, validate_node_change)}
WARNINGS: dict[str, WarningsCheck] = {"nodes": _warnings}
