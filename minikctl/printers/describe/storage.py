"""StorageClasses, VolumeAttributesClasses and CSINodes.

Upstream counterpart: the describers of these names.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.volume import terms_lines
from minikctl.printers.describe.writer import NONE, Writer, date, flat, go_list, head, title_boolean

Obj = dict[str, Any]

_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def storage_class(storage_class: Obj, lookup: Lookup, now: float) -> str:
    """A StorageClass: who provisions, with which parameters and rules."""
    annotations = storage_class["metadata"].get("annotations") or {}
    out = Writer()
    out.field("Name", storage_class["metadata"]["name"])
    is_default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    out.field("IsDefaultClass", "Yes" if is_default else "No")
    out.field("Annotations", flat(annotations))
    out.field("Provisioner", storage_class.get("provisioner", ""))
    out.field("Parameters", flat(storage_class.get("parameters")))
    out.field("AllowVolumeExpansion", title_boolean(storage_class.get("allowVolumeExpansion")))
    options = storage_class.get("mountOptions")
    if options:
        out.line("MountOptions:")
        for option in options:
            out.line(option, 1)
    else:
        out.field("MountOptions", NONE)
    for label, key in (("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")):
        if storage_class.get(key) is not None:
            out.field(label, storage_class[key])
    _topologies(out, storage_class.get("allowedTopologies"))
    return finish(out, storage_class, lookup, now)


def _topologies(out: Writer, topologies: list[Obj] | None) -> None:
    if topologies is None:
        return
    out.field("AllowedTopologies", "" if topologies else NONE)
    for i, term in enumerate(topologies):
        lines = []
        for requirement in term.get("matchLabelExpressions") or ():
            values = requirement.get("values")
            lines.append(f"{requirement.get('key', '')} in" + (f" [{', '.join(values)}]" if values else ""))
        terms_lines(out, f"Term {i}", lines, 1)


def volume_attributes_class(attributes_class: Obj, lookup: Lookup, now: float) -> str:
    """A VolumeAttributesClass: its driver and parameters."""
    out = Writer()
    out.field("Name", attributes_class["metadata"]["name"])
    out.field("Annotations", flat(attributes_class["metadata"].get("annotations")))
    out.field("DriverName", attributes_class.get("driverName", ""))
    out.field("Parameters", flat(attributes_class.get("parameters")))
    return finish(out, attributes_class, lookup, now)


def csi_node(csi_node: Obj, lookup: Lookup, now: float) -> str:
    """A CSINode: the drivers on a node."""
    out = head(csi_node, namespaced=False)
    out.field("CreationTimestamp", date(csi_node["metadata"].get("creationTimestamp")))
    out.line("Spec:")
    drivers = (csi_node.get("spec") or {}).get("drivers")
    if drivers is not None:
        out.line("Drivers:", 1)
    for driver in drivers or ():
        out.line(f"{driver.get('name', '')}:", 2)
        out.field("Node ID", driver.get("nodeID", ""), 3)
        count = (driver.get("allocatable") or {}).get("count")
        if count is not None:
            out.line("Allocatables:", 3)
            out.field("Count", count, 4)
        if driver.get("topologyKeys") is not None:
            out.field("Topology Keys", go_list(driver["topologyKeys"]), 3)
    return finish(out, csi_node, lookup, now)
