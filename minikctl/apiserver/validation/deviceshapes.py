"""Claims and devices as Go prints the structs of resource.k8s.io where they are a bad value.

Upstream prints its internal types: Go's field names, in the order of `pkg/apis/resource/types.go`, every field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.field import Struct

Shape = Callable[[Any], Any]


def _text(value: Any) -> Any:
    return value or ""


def _count(value: Any) -> Any:
    return value or 0


def _pointer(value: Any) -> Any:
    """A pointer, or a list or map of plain values: null where it is not there."""
    return value


def _raw(value: Any) -> Any:
    """A driver's own data, written as it came."""
    if isinstance(value, dict):
        return Struct({key: _raw(item) for key, item in value.items()})
    return [_raw(item) for item in value] if isinstance(value, list) else value


def _fields(*fields: tuple[str, Shape]) -> Shape:
    """A struct; each field under its Go name, which is that of JSON in capitals unless a dash parts the two."""

    def shape(value: Any) -> Any:
        found = Struct()
        for name, inner in fields:
            key, _, go_name = name.partition("-")
            found[go_name or key[0].upper() + key[1:]] = inner((value or {}).get(key))
        return found

    return shape


def _optional(inner: Shape) -> Shape:
    return lambda value: None if value is None else inner(value)


def _list(inner: Shape) -> Shape:
    return lambda value: None if value is None else [inner(item) for item in value]


_SELECTORS = _list(_fields(("cel-CEL", _optional(_fields(("expression", _text))))))
_TOLERATIONS = _list(
    _fields(("key", _text), ("operator", _text), ("value", _text), ("effect", _text), ("tolerationSeconds", _pointer))
)
_CAPACITY = _optional(_fields(("requests", _pointer)))
_OPAQUE = ("opaque", _optional(_fields(("driver", _text), ("parameters", _raw))))
_ASKED = (("deviceClassName", _text), ("selectors", _SELECTORS), ("allocationMode", _text), ("count", _count))
_EXACTLY = _fields(*_ASKED, ("adminAccess", _pointer), ("tolerations", _TOLERATIONS), ("capacity", _CAPACITY))
_CHOICE = _fields(("name", _text), *_ASKED, ("tolerations", _TOLERATIONS), ("capacity", _CAPACITY))
_REQUEST = _fields(("name", _text), ("exactly", _optional(_EXACTLY)), ("firstAvailable", _list(_CHOICE)))
_CONSTRAINT = _fields(("requests", _pointer), ("matchAttribute", _pointer), ("distinctAttribute", _pointer))
_CLAIM_CONFIG = _fields(("requests", _pointer), _OPAQUE)

claim_spec = _fields(
    (
        "devices",
        _fields(("requests", _list(_REQUEST)), ("constraints", _list(_CONSTRAINT)), ("config", _list(_CLAIM_CONFIG))),
    )
)

_TERMS = _list(_fields(("key", _text), ("operator", _text), ("values", _pointer)))
node_selector_terms = _list(_fields(("matchExpressions", _TERMS), ("matchFields", _TERMS)))
_RESULT = _fields(
    *((name, _text) for name in ("request", "driver", "pool", "device")),
    ("adminAccess", _pointer),
    ("tolerations", _TOLERATIONS),
    *((name, _pointer) for name in ("bindingConditions", "bindingFailureConditions", "shareID", "consumedCapacity")),
)
_ALLOCATED_CONFIG = _fields(("source", _text), ("requests", _pointer), _OPAQUE)

allocation = _fields(
    ("devices", _fields(("results", _list(_RESULT)), ("config", _list(_ALLOCATED_CONFIG)))),
    ("nodeSelector", _optional(_fields(("nodeSelectorTerms", node_selector_terms)))),
    ("allocationTimestamp", _pointer),
)

_KINDS = ("Int", "Bool", "String", "Version")
attribute = _fields(
    *((f"{kind.lower()}-{kind}Value", _pointer) for kind in _KINDS),
    *((f"{kind.lower()}s-{kind}Values", _pointer) for kind in _KINDS),
)

_META = ("name", "generateName", "namespace", "uid", "resourceVersion", "labels", "annotations", "finalizers")


def template_spec(value: dict[str, Any]) -> Struct:
    """A template's spec: the metadata is embedded, under its own names and only as far as it is there."""
    meta = value.get("metadata") or {}
    shown = Struct({name: meta[name] for name in _META if meta.get(name)})
    shown["Spec"] = claim_spec(value.get("spec"))
    return shown
