"""Field selectors: which fields each kind may be selected by, and their values.

Counterpart of the field label conversion functions of each API group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource

_EVERY = ("metadata.name", "metadata.namespace")

_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ),
    "events.events.k8s.io": (
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
        "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase", "name"),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicationcontrollers": ("status.replicas",),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
    "resourceslices.resource.k8s.io": ("spec.nodeName", "spec.driver"),
}  # fmt: skip

_SPECIAL: dict[tuple[str, str], Callable[[Obj], str]] = {
    ("nodes", "spec.unschedulable"): lambda obj: _text(obj.get("spec", {}).get("unschedulable", False)),
    ("pods", "spec.hostNetwork"): lambda obj: _text(obj["spec"].get("hostNetwork", False)),
    ("pods", "status.podIPs"): lambda obj: ",".join(ip["ip"] for ip in obj.get("status", {}).get("podIPs") or ()),
    ("namespaces", "name"): lambda obj: str(obj["metadata"]["name"]),
    ("jobs.batch", "status.successful"): lambda obj: _text(obj.get("status", {}).get("succeeded", 0)),
    ("replicasets.apps", "status.replicas"): lambda obj: _text(obj.get("status", {}).get("replicas", 0)),
    ("replicationcontrollers", "status.replicas"): lambda obj: _text(obj.get("status", {}).get("replicas", 0)),
    ("events", "source"): lambda obj: str(
        (obj.get("source") or {}).get("component") or obj.get("reportingComponent", "")
    ),
}


class FieldFilter:
    """A compiled field selector. `exact` holds the fields that must equal one value."""

    __slots__ = ("_terms", "exact")

    def __init__(self, terms: list[tuple[Callable[[Obj], str], str, bool]], exact: dict[str, str]) -> None:
        self._terms = terms
        self.exact = exact

    def matches(self, obj: Obj) -> bool:
        return all((read(obj) == value) is wanted for read, value, wanted in self._terms)


def compile_selector(text: str, resource: Resource) -> FieldFilter:
    """Parse a field selector for a kind; BadRequest where a field cannot be selected by."""
    from minikctl.apimachinery import selectors

    try:
        parsed = selectors.parse_fields(text)
    except ValueError as error:
        raise errors.bad_request(str(error)) from None
    allowed = _EVERY + _FIELDS.get(resource.key, ()) + resource.selectable_fields
    if resource.custom and not resource.namespaced:
        allowed = ("metadata.name", *resource.selectable_fields)
    terms, exact = [], {}
    for name, negated, value in parsed.terms:
        if name not in allowed:
            raise errors.bad_request(_unsupported(name, resource))
        if not negated:
            exact[name] = value
        terms.append((_reader(resource.key, name), value, not negated))
    return FieldFilter(terms, exact)


def _unsupported(name: str, resource: Resource) -> str:
    if resource.custom:
        return f"field label not supported: {name}"
    if resource.key in _FIELDS and resource.group in ("", "batch", "events.k8s.io"):
        return (
            f"field label not supported: {name}"
            if resource.key != "jobs.batch"
            else f'field label "{name}" not supported for Job'
        )
    if resource.key in _FIELDS:
        return f'field label "{name}" not supported for {resource.kind}'
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _reader(resource_key: str, name: str) -> Callable[[Obj], str]:
    special = _SPECIAL.get((resource_key, name))
    if special:
        return special
    # Events are stored in the core group's form.
    stored = name.replace("regarding.", "involvedObject.") if resource_key == "events.events.k8s.io" else name
    steps = ("reportingComponent" if name == "reportingController" else stored).split(".")

    def read(obj: Obj) -> str:
        value: Any = obj
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return _text(value)

    return read


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
