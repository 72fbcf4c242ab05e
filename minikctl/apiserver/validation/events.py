"""Validation of Events, in the old form and in that of events.k8s.io."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import is_dns1123_subdomain, is_qualified_name, subdomain_name

_TEXT_LIMIT = 128
_NOTE_LIMIT = 1024
_FIXED = ("involvedObject", "reason", "type", "source", "firstTimestamp", "lastTimestamp", "count")


def _is_new_style(obj: Obj) -> bool:
    return (obj.get("apiVersion") or "").startswith("events.k8s.io/")


def _create(obj: Obj) -> list[FieldError]:
    errors = _namespace(obj)
    if obj.get("eventTime"):
        errors += _reporter(obj)
    if _is_new_style(obj):
        errors += _new_style(obj)
    return errors


def _namespace(obj: Obj) -> list[FieldError]:
    meta = obj.get("metadata") or {}
    namespace = meta.get("namespace") or ""
    involved = (obj.get("regarding") or obj.get("involvedObject") or {}).get("namespace") or ""
    errors: list[FieldError] = []
    if involved:
        if involved != namespace:
            errors.append(field.invalid("involvedObject.namespace", involved, "does not match event.namespace"))
    elif namespace not in ("", "default", "kube-system"):
        errors.append(field.invalid("involvedObject.namespace", involved, "does not match event.namespace"))
    errors += [field.invalid("namespace", namespace, text) for text in is_dns1123_subdomain(namespace)]
    return errors


def _reporter(obj: Obj) -> list[FieldError]:
    new_style = _is_new_style(obj)
    controller = "reportingController" if new_style else "reportingComponent"
    errors: list[FieldError] = []
    name, instance = obj.get(controller) or "", obj.get("reportingInstance") or ""
    if not name:
        errors.append(field.required("reportingController"))
    else:
        errors += [field.invalid("reportingController", name, text) for text in is_qualified_name(name)]
    for key, value in (("reportingInstance", instance), ("action", obj.get("action") or "")):
        if not value:
            errors.append(field.required(key))
        if len(value) > _TEXT_LIMIT:
            errors.append(field.invalid(key, "", f"can have at most {_TEXT_LIMIT} characters"))
    reason = obj.get("reason") or ""
    if not reason:
        errors.append(field.required("reason"))
    if len(reason) > _TEXT_LIMIT:
        errors.append(field.invalid("reason", "", f"can have at most {_TEXT_LIMIT} characters"))
    if len((obj.get("note") or obj.get("message") or "").encode()) > _NOTE_LIMIT:
        errors.append(field.invalid("message", "", f"can have at most {_NOTE_LIMIT} characters"))
    return errors


def _new_style(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    name = (obj.get("metadata") or {}).get("name") or ""
    errors += [field.invalid("metadata.name", name, text) for text in subdomain_name(name, False)]
    if not obj.get("eventTime"):
        errors.append(field.required("eventTime"))
        errors += _reporter(obj)
    kind = obj.get("type") or ""
    if kind not in ("Normal", "Warning"):
        errors.append(field.invalid("type", "", f"has invalid value: {kind}"))
    series = obj.get("series")
    if series is not None:
        if (series.get("count") or 0) < 2:
            errors.append(field.invalid("series.count", "", "should be at least 2"))
        if not series.get("lastObservedTime"):
            errors.append(field.required("series.lastObservedTime"))
    for key in ("deprecatedFirstTimestamp", "deprecatedLastTimestamp"):
        if obj.get(key):
            errors.append(
                field.invalid(key.replace("deprecatedF", "f").replace("deprecatedL", "l"), "", "needs to be unset")
            )
    if obj.get("deprecatedCount"):
        errors.append(field.invalid("count", "", "needs to be unset"))
    if any((obj.get("deprecatedSource") or {}).values()):
        errors.append(field.invalid("source", "", "needs to be unset"))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    if not _is_new_style(new):
        return _create(new)
    errors: list[FieldError] = []
    for key in (
        "eventTime",
        "reportingController",
        "reportingInstance",
        "action",
        "reason",
        "regarding",
        "note",
        "type",
    ):
        errors += validate_immutable(new.get(key), old.get(key), key)
    return errors


VALIDATE: dict[str, Checks] = {
    "events": (_create, _update, None),
    "events.events.k8s.io": (_create, _update, None),
}
