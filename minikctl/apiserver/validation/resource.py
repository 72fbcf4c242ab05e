"""Validation of resource.k8s.io: claims, claim templates and device classes. Slices have their own module."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, quote
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck, deviceshapes
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.devices import (
    by_name,
    each,
    itself,
    validate_binding,
    validate_fully_qualified_name,
    validate_label,
    validate_pool_name,
)
from minikctl.apiserver.validation.devicestatus import validate_device_statuses, validate_uid
from minikctl.apiserver.validation.devicetolerations import validate_toleration
from minikctl.apiserver.validation.expressions import device_expression
from minikctl.apiserver.validation.metadata import IMMUTABLE, validate_annotations, validate_labels
from minikctl.apiserver.validation.names import is_dns1123_subdomain
from minikctl.apiserver.validation.resourceslices import VALIDATE_SLICES
from minikctl.apiserver.validation.selectors import validate_node_selector

_MAX = 32
_MAX_SUB_REQUESTS = 8
_MAX_RESERVED = 256
_MAX_EXPRESSION = 10 * 1024
_MAX_PARAMETERS = 10 * 1024
_BAD_REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
_ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
_SOURCES = ["FromClaim", "FromClass"]
# What a template's metadata must not have, by its names in JSON and (where capitals do not make it) in Go.
_UNSET_META = {"name": "", "generateName": "", "namespace": "", "selfLink": "", "uid": "UID"}
_UNSET_META |= {"resourceVersion": "", "generation": "", "creationTimestamp": "", "deletionTimestamp": ""}
_UNSET_META |= {"deletionGracePeriodSeconds": "", "ownerReferences": "", "finalizers": "", "managedFields": ""}


def _request_names(requests: list[Any]) -> dict[str, set[str]]:
    """The names that references may use: of requests, and of the alternatives of each."""
    return {
        (item or {}).get("name") or "": {sub.get("name") or "" for sub in (item or {}).get("firstAvailable") or ()}
        for item in requests
    }


def _device_claim(devices: dict[str, Any], path: str) -> list[FieldError]:
    requests = devices.get("requests") or []
    names = _request_names(requests)

    def reference(name: Any, at: str) -> list[FieldError]:
        return _reference(name, at, names)

    def constraint(item: Any, at: str) -> list[FieldError]:
        errors = each(item.get("requests"), _MAX, f"{at}.requests", reference, itself)
        for key in ("matchAttribute", "distinctAttribute"):
            if item.get(key) is not None:
                return errors + validate_fully_qualified_name(item[key], f"{at}.{key}")
        text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
        return [*errors, field.required(at, text)]

    def config(item: Any, at: str) -> list[FieldError]:
        errors = each(item.get("requests"), _MAX, f"{at}.requests", reference, itself)
        return errors + _configuration(item, at)

    errors = each(requests, _MAX, f"{path}.requests", _request, by_name)
    errors += each(devices.get("constraints"), _MAX, f"{path}.constraints", constraint)
    return errors + each(devices.get("config"), _MAX, f"{path}.config", config)


def _request(request: dict[str, Any], path: str) -> list[FieldError]:
    errors = validate_label(request.get("name") or "", f"{path}.name")
    exactly, choices = request.get("exactly"), request.get("firstAvailable") or []
    if exactly is None and not choices:
        return [*errors, field.required(path, _ONE_KIND)]
    if exactly is not None and choices:
        return [*errors, field.invalid(path, None, f"{_ONE_KIND}, but multiple fields are set")]
    if exactly is not None:
        return errors + _exact(exactly, f"{path}.exactly")

    def choice(item: Any, at: str) -> list[FieldError]:
        return validate_label(item.get("name") or "", f"{at}.name") + _exact(item, at)

    return errors + each(choices, _MAX_SUB_REQUESTS, f"{path}.firstAvailable", choice, by_name)


def _exact(request: dict[str, Any], path: str) -> list[FieldError]:
    name, at = request.get("deviceClassName") or "", f"{path}.deviceClassName"
    if name:
        errors = [field.invalid(at, name, text) for text in is_dns1123_subdomain(name)]
    else:
        errors = [field.required(at)]
    errors += each(request.get("selectors"), _MAX, f"{path}.selectors", _selector)
    mode, count = request.get("allocationMode") or "", request.get("count") or 0
    if mode == "All":
        if count:
            text = "must not be specified when allocationMode is 'All'"
            errors.append(field.invalid(f"{path}.count", count, text))
    elif mode == "ExactCount":
        if count <= 0:
            errors.append(field.invalid(f"{path}.count", count, "must be greater than zero"))
    else:
        errors.append(field.not_supported(f"{path}.allocationMode", mode, ["All", "ExactCount"]))
    for index, toleration in enumerate(request.get("tolerations") or ()):
        errors += validate_toleration(toleration or {}, f"{path}.tolerations[{index}]")
    return errors


def _selector(selector: dict[str, Any], path: str) -> list[FieldError]:
    cel = selector.get("cel")
    if cel is None:
        return [field.required(f"{path}.cel")]
    expression, at = cel.get("expression") or "", f"{path}.cel.expression"
    if len(expression.encode()) > _MAX_EXPRESSION:
        return [field.too_long(at, _MAX_EXPRESSION)]
    return device_expression(expression, at)


def _reference(name: str, path: str, names: dict[str, set[str]]) -> list[FieldError]:
    segments = name.split("/")
    if len(segments) > 2:
        return [field.invalid(path, name, _BAD_REFERENCE)]
    errors = [problem for segment in segments for problem in validate_label(segment, path)]
    known = segments[0] in names and (len(segments) == 1 or segments[1] in names[segments[0]])
    return errors if known else [*errors, field.invalid(path, name, _BAD_REFERENCE)]


def _configuration(config: dict[str, Any], path: str) -> list[FieldError]:
    opaque = config.get("opaque")
    path = f"{path}.opaque"
    if opaque is None:
        return [field.required(path)]
    errors = validate_driver_name(opaque.get("driver") or "", f"{path}.driver")
    return errors + _raw(opaque.get("parameters"), f"{path}.parameters")


def _raw(value: Any, path: str) -> list[FieldError]:
    """A driver's own data: a JSON object that is not too large."""
    if value is None:
        return [field.required(path)]
    if len(field.go_json(value)) > _MAX_PARAMETERS:
        return [field.too_long(path, _MAX_PARAMETERS)]
    if not isinstance(value, dict):
        return [field.invalid(path, "<value omitted>", "must be a valid JSON object")]
    return []


def _claim(obj: Obj) -> list[FieldError]:
    return _device_claim((obj.get("spec") or {}).get("devices") or {}, "spec.devices")


def _claim_update(new: Obj, old: Obj) -> list[FieldError]:
    if new.get("spec") == old.get("spec"):
        return []
    return [field.invalid("spec", deviceshapes.claim_spec(new.get("spec")), IMMUTABLE)]


def _claim_status(new: Obj, old: Obj) -> list[FieldError]:
    status, before = new.get("status") or {}, old.get("status") or {}
    reserved, path = status.get("reservedFor") or [], "status.reservedFor"
    errors = each(reserved, _MAX_RESERVED, path, _consumer, lambda item: item.get("uid") or "")
    errors += validate_device_statuses(status)
    allocation, old_allocation = status.get("allocation"), before.get("allocation")
    if reserved and allocation is None:
        errors.append(field.forbidden(path, "may not be specified when `allocated` is not set"))
    added = [item for item in reserved if item not in (before.get("reservedFor") or [])]
    if added and allocation is not None and new["metadata"].get("deletionTimestamp"):
        text = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        errors.append(field.forbidden(path, text))
    if allocation is not None and old_allocation is not None:
        if allocation != old_allocation:
            errors.append(field.invalid("status.allocation", deviceshapes.allocation(allocation), IMMUTABLE))
    elif allocation is not None:
        errors += _allocation(allocation, (new.get("spec") or {}).get("devices") or {})
    return errors


def _consumer(consumer: dict[str, Any], path: str) -> list[FieldError]:
    return [field.required(f"{path}.{key}") for key in ("resource", "name", "uid") if not consumer.get(key)]


def _allocation(allocation: dict[str, Any], devices: dict[str, Any]) -> list[FieldError]:
    names = _request_names(devices.get("requests") or [])

    def result(item: Any, at: str) -> list[FieldError]:
        errors = _reference(item.get("request") or "", f"{at}.request", names)
        errors += validate_driver_name(item.get("driver") or "", f"{at}.driver")
        errors += validate_pool_name(item.get("pool") or "", f"{at}.pool")
        errors += validate_label(item.get("device") or "", f"{at}.device") + validate_binding(item, at)
        share = item.get("shareID")
        return errors + validate_uid(share, f"{at}.shareID") if share is not None else errors

    def config(item: Any, at: str) -> list[FieldError]:
        source = item.get("source") or ""
        errors: list[FieldError] = []
        if not source:
            errors.append(field.required(f"{at}.source"))
        elif source not in _SOURCES:
            errors.append(field.not_supported(f"{at}.source", source, _SOURCES))
        requests = item.get("requests")
        errors += each(requests, _MAX, f"{at}.requests", lambda name, a: _reference(name, a, names), itself)
        return errors + _configuration(item, at)

    path, given = "status.allocation", allocation.get("devices") or {}
    errors = each(given.get("results"), _MAX, f"{path}.devices.results", result)
    errors += each(given.get("config"), 2 * _MAX, f"{path}.devices.config", config)
    if allocation.get("nodeSelector") is not None:
        errors += validate_node_selector(allocation["nodeSelector"], f"{path}.nodeSelector")
    return errors


def _template(obj: Obj) -> list[FieldError]:
    inner = obj.get("spec") or {}
    meta = inner.get("metadata") or {}
    errors = validate_annotations(meta.get("annotations"), "spec.metadata.annotations")
    errors += validate_labels(meta.get("labels"), "spec.metadata.labels")
    for key, name in _UNSET_META.items():
        if meta.get(key):
            errors.append(field.forbidden(f"spec.metadata.{name or key[0].upper() + key[1:]}", "cannot be set"))
    return errors + _device_claim((inner.get("spec") or {}).get("devices") or {}, "spec.spec.devices")


def _template_update(new: Obj, old: Obj) -> list[FieldError]:
    if new.get("spec") == old.get("spec"):
        return []
    return [field.invalid("spec", deviceshapes.template_spec(new.get("spec") or {}), IMMUTABLE)]


def _device_class(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = each(spec.get("selectors"), _MAX, "spec.selectors", _selector)
    errors += each(spec.get("config"), _MAX, "spec.config", _configuration)
    name = spec.get("extendedResourceName")
    if name is not None:
        from minikctl.apiserver.validation.quantities import is_extended

        if not is_extended(name):
            text = "must be a valid extended resource name"
            errors.append(field.invalid("spec.extendedResourceName", name, text))
    return errors


def _driver_warnings(new: Obj, old: Obj | None) -> list[str]:
    driver = (new.get("spec") or {}).get("driver") or ""
    if driver == driver.lower():
        return []
    return [f"spec.driver: driver names should be lowercase; {quote(driver)} contains uppercase characters"]


VALIDATE: dict[str, Checks] = {
    "resourceclaims.resource.k8s.io": (_claim, _claim_update, _claim_status),
    "resourceclaimtemplates.resource.k8s.io": (_template, _template_update, None),
    "deviceclasses.resource.k8s.io": (_device_class, lambda new, old: _device_class(new), None),
    **VALIDATE_SLICES,
}
WARNINGS: dict[str, WarningsCheck] = {"resourceslices.resource.k8s.io": _driver_warnings}
