"""Rows of the apps group, replication controllers and pod templates."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, Obj, age, containers, define, labels, name, selector


def _template_spec(obj: Obj) -> Obj:
    template: Obj = obj["spec"].get("template") or {}
    return template.get("spec") or {}


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    return [
        name(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *containers(_template_spec(obj)),
        selector(spec.get("selector"), ""),
    ]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    return [*_replicas(obj, now), selector(obj["spec"].get("selector"))]


def _replication_controller(obj: Obj, now: float) -> list[Any]:
    return [*_replicas(obj, now), labels(obj["spec"].get("selector"))]


def _replicas(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    counts = [obj["spec"].get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name(obj), *counts, age(obj, now), *containers(_template_spec(obj))]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = (obj.get("status") or {}).get("readyReplicas", 0)
    return [name(obj), f"{ready}/{obj['spec'].get('replicas', 0)}", age(obj, now), *containers(_template_spec(obj))]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    pod_spec = _template_spec(obj)
    return [
        name(obj),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        labels(pod_spec.get("nodeSelector")),
        age(obj, now),
        *containers(pod_spec),
        selector(obj["spec"].get("selector")),
    ]


def _controller_revision(obj: Obj, now: float) -> list[Any]:
    owner = NONE
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            group = reference["apiVersion"].rpartition("/")[0]
            kind = reference["kind"] + (f".{group}" if group else "")
            owner = f"{kind.lower()}/{reference['name']}"
            break
    return [name(obj), owner, obj.get("revision", 0), age(obj, now)]


def _pod_template(obj: Obj, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [name(obj), *containers(template.get("spec")), labels((template.get("metadata") or {}).get("labels"))]


_DETAILS = ("Containers+", "Images+", "Selector+")
_REPLICAS = ("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_DETAILS)

TABLES = {
    "deployments.apps": (define("Name", "Ready", "Up-to-date", "Available", "Age", *_DETAILS), _deployment),
    "replicasets.apps": (define(*_REPLICAS), _replica_set),
    "replicationcontrollers": (define(*_REPLICAS), _replication_controller),
    "statefulsets.apps": (define("Name", "Ready", "Age", "Containers+", "Images+"), _stateful_set),
    "daemonsets.apps": (
        define(
            "Name",
            "Desired:integer",
            "Current:integer",
            "Ready:integer",
            "Up-to-date:integer",
            "Available:integer",
            "Node Selector",
            "Age",
            *_DETAILS,
        ),
        _daemon_set,
    ),
    "controllerrevisions.apps": (define("Name", "Controller", "Revision", "Age"), _controller_revision),
    "podtemplates": (define("Name", "Containers", "Images", "Pod Labels"), _pod_template),
}
