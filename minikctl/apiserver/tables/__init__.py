"""Server-side printing: the columns and rows of a meta.k8s.io/v1 Table for every kind.

The apiserver calls `rows` when a client asks for a Table. Kinds are spread over one small module per
group, imported when first asked for. Upstream counterpart: pkg/printers/internalversion.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from minikctl.apiserver.tables.cells import Column, Obj, Row, age, define, name

_MODULES = {
    "pods": "pods",
    "podtemplates": "workloads",
    "replicationcontrollers": "workloads",
    "replicasets.apps": "workloads",
    "deployments.apps": "workloads",
    "statefulsets.apps": "workloads",
    "daemonsets.apps": "workloads",
    "controllerrevisions.apps": "workloads",
    "jobs.batch": "jobs",
    "cronjobs.batch": "jobs",
    "services": "networking",
    "endpoints": "networking",
    "endpointslices.discovery.k8s.io": "networking",
    "ingresses.networking.k8s.io": "networking",
    "ingressclasses.networking.k8s.io": "networking",
    "networkpolicies.networking.k8s.io": "networking",
    "servicecidrs.networking.k8s.io": "networking",
    "ipaddresses.networking.k8s.io": "networking",
    "nodes": "cluster",
    "namespaces": "cluster",
    "componentstatuses": "cluster",
    "leases.coordination.k8s.io": "cluster",
    "priorityclasses.scheduling.k8s.io": "cluster",
    "runtimeclasses.node.k8s.io": "cluster",
    "apiservices.apiregistration.k8s.io": "cluster",
    "flowschemas.flowcontrol.apiserver.k8s.io": "flowcontrol",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": "flowcontrol",
    "storageversions.internal.apiserver.k8s.io": "storageversions",
    "storageversionmigrations.storagemigration.k8s.io": "storageversions",
    "configmaps": "config",
    "secrets": "config",
    "serviceaccounts": "config",
    "resourcequotas": "config",
    "poddisruptionbudgets.policy": "config",
    "events": "events",
    "events.events.k8s.io": "events",
    "horizontalpodautoscalers.autoscaling": "autoscaling",
    "scales.autoscaling": "autoscaling",
    "rolebindings.rbac.authorization.k8s.io": "access",
    "clusterrolebindings.rbac.authorization.k8s.io": "access",
    "certificatesigningrequests.certificates.k8s.io": "access",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": "admission",
    "validatingwebhookconfigurations.admissionregistration.k8s.io": "admission",
    "validatingadmissionpolicies.admissionregistration.k8s.io": "admission",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": "admission",
    "mutatingadmissionpolicies.admissionregistration.k8s.io": "admission",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": "admission",
    "persistentvolumes": "storage",
    "persistentvolumeclaims": "storage",
    "storageclasses.storage.k8s.io": "storage",
    "volumeattributesclasses.storage.k8s.io": "storage",
    "volumeattachments.storage.k8s.io": "storage",
    "csinodes.storage.k8s.io": "storage",
    "csidrivers.storage.k8s.io": "storage",
    "deviceclasses.resource.k8s.io": "devices",
    "resourceclaims.resource.k8s.io": "devices",
    "resourceclaimtemplates.resource.k8s.io": "devices",
    "resourceslices.resource.k8s.io": "devices",
}

# Built-in kinds without a printer of their own show when they were created.
_PLAIN = frozenset(
    (
        "limitranges",
        "bindings",
        "roles.rbac.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "csistoragecapacities.storage.k8s.io",
    )
)

_COMPLETED = {
    "Succeeded": [
        {
            "type": "Completed",
            "status": "True",
            "reason": "Succeeded",
            "message": "The pod has completed successfully.",
        }
    ],
    "Failed": [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}],
}


def columns(resource_key: str, printer_columns: list[Obj] | None = None) -> list[Column]:
    """The columnDefinitions of a kind; for a custom one, what its version's additionalPrinterColumns make of it."""
    return _table(resource_key, printer_columns)[0]


def rows(
    resource_key: str,
    objects: list[Obj],
    now: float,
    printer_columns: list[Obj] | None = None,
    include_object: str = "Metadata",
    metadata: Obj | None = None,
) -> Obj:
    """A Table of the objects as seen at `now` (epoch seconds).

    `include_object` is the request's includeObject (Metadata, Object or None); `metadata` the list's own.
    """
    definitions, row = _table(resource_key, printer_columns)
    if resource_key == "flowschemas.flowcontrol.apiserver.k8s.io":
        objects = sorted(objects, key=lambda o: (o["spec"].get("matchingPrecedence", 0), name(o)))
    out = []
    for obj in objects:
        line: Obj = {"cells": row(obj, now)}
        if resource_key == "pods":
            conditions = _COMPLETED.get((obj.get("status") or {}).get("phase", ""))
            if conditions:
                line["conditions"] = conditions
        if include_object == "Metadata":
            line["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": obj["metadata"],
            }
        else:
            line["object"] = obj if include_object == "Object" else None
        out.append(line)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata or {},
        "columnDefinitions": definitions,
        "rows": out,
    }


def _table(resource_key: str, printer_columns: list[Obj] | None) -> tuple[list[Column], Row]:
    if printer_columns:
        from minikctl.apiserver.tables.custom import table

        return table(printer_columns)
    module = _MODULES.get(resource_key)
    if module is not None:
        tables: dict[str, tuple[list[Column], Row]] = import_module(f"{__name__}.{module}").TABLES
        return tables[resource_key]
    if resource_key in _PLAIN:
        return define("Name", "Created At:date"), _plain
    return define("Name", "Age:date"), lambda obj, now: [name(obj), age(obj, now)]


def _plain(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj["metadata"].get("creationTimestamp")]
