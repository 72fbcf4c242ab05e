"""Validation of Events. Both groups store the core form, so both are checked in it.

Counterpart of `pkg/apis/core/validation/events.go`: requests to events.k8s.io meet the stricter rules.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.metadata import validate_immutable
from minikctl.apiserver.validation.names import is_dns1123_subdomain, is_qualified_name, subdomain_name

_TEXT_LIMIT = 128
_NOTE_LIMIT = 1024
_UNSET = ("firstTimestamp", "lastTimestamp", "count")
_MISMATCH = "does not match event.namespace"
# In upstream's order; the reason is compared twice there.
_FIXED = ("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "reason", "type")
_FIXED_LATE = ("action", "related", "reportingComponent", "reportingInstance")
# Those that are structs, and how Go calls their types.
_STRUCTS = {"involvedObject": "Object", "related": "Object", "source": "EventSource"}


def _legacy(obj: Obj, controller: str) -> list[FieldError]:
    """What every event must satisfy; `controller` is how the request's version calls the reporting component."""
    namespace = (obj.get("metadata") or {}).get("namespace") or ""
    involved = (obj.get("involvedObject") or {}).get("namespace") or ""
    path, errors = "involvedObject.namespace", []
    if not obj.get("eventTime"):
        if (involved and involved != namespace) or (not involved and namespace not in ("", "default")):
            errors.append(field.invalid(path, involved, _MISMATCH))
    else:
        if not involved and namespace not in ("default", "kube-system"):
            errors.append(field.invalid(path, involved, _MISMATCH))
        errors += _reporter(obj, controller)
    return errors + [field.invalid("namespace", namespace, text) for text in is_dns1123_subdomain(namespace)]


def _reporter(obj: Obj, controller: str) -> list[FieldError]:
    name = obj.get("reportingComponent") or ""
    errors = [] if name else [field.required(controller)]
    errors += [field.invalid(controller, name, text) for text in is_qualified_name(name)]
    for key in ("reportingInstance", "action", "reason"):
        value = obj.get(key) or ""
        if not value:
            errors.append(field.required(key))
        if len(value.encode()) > _TEXT_LIMIT:
            errors.append(field.invalid(key, "", f"can have at most {_TEXT_LIMIT} characters"))
    if len((obj.get("message") or "").encode()) > _NOTE_LIMIT:
        errors.append(field.invalid("message", "", f"can have at most {_NOTE_LIMIT} characters"))
    return errors


def _series(obj: Obj) -> list[FieldError]:
    series = obj.get("series")
    if series is None:
        return []
    errors: list[FieldError] = []
    if (series.get("count") or 0) < 2:
        errors.append(field.invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(field.required("series.lastObservedTime"))
    return errors


def _core(obj: Obj) -> list[FieldError]:
    return _legacy(obj, "reportingComponent")


def _core_update(new: Obj, old: Obj) -> list[FieldError]:
    return _core(new)


def _strict(obj: Obj) -> list[FieldError]:
    errors = _legacy(obj, "reportingController")
    name = (obj.get("metadata") or {}).get("name") or ""
    errors += [field.invalid("metadata.name", name, text) for text in subdomain_name(name, False)]
    errors += _series(obj)
    if not obj.get("eventTime"):
        errors.append(field.required("eventTime"))
    kind = obj.get("type") or ""
    if kind not in ("Normal", "Warning"):
        errors.append(field.invalid("type", "", f"has invalid value: {kind}"))
    errors += [field.invalid(key, "", "needs to be unset") for key in _UNSET if obj.get(key)]
    if any((obj.get("source") or {}).values()):
        errors.append(field.invalid("source", "", "needs to be unset"))
    return errors


def _strict_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = _legacy(new, "reportingController")
    if new.get("series") != old.get("series"):
        errors += _series(new)
    for key in (*_FIXED, "eventTime", *_FIXED_LATE):
        path = "reportingController" if key == "reportingComponent" else key
        errors += validate_immutable(_shown(new, key), _shown(old, key), path)
    return errors


def _shown(obj: Obj, key: str) -> Any:
    """A value as it is compared and printed."""
    value = obj.get(key) or None
    if key not in _STRUCTS or (value is None and key == "related"):
        return value
    from minikctl.apiserver.validation.pod.gostruct import struct_of

    return struct_of(_STRUCTS[key], value or {})


VALIDATE: dict[str, Checks] = {
    "events": (_core, _core_update, None),
    "events.events.k8s.io": (_strict, _strict_update, None),
}
