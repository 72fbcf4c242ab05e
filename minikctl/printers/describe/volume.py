"""PersistentVolumes.

Upstream counterpart: PersistentVolumeDescriber.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikctl.apimachinery.quantity import canonical
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.volumes import describe_persistent_source
from minikctl.printers.describe.writer import NONE, Writer, go_list, head, since

Obj = dict[str, Any]

_SHORT_MODES = (
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
)
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def persistent_volume(volume: Obj, lookup: Lookup, now: float) -> str:
    """A PersistentVolume: whose it is, what it can and where its data is."""
    metadata, spec, status = volume["metadata"], volume["spec"], volume.get("status") or {}
    out = head(volume, namespaced=False)
    out.field("Finalizers", go_list(metadata.get("finalizers")))
    out.field("StorageClass", storage_class(metadata, spec))
    out.field("Status", phase(volume, now))
    claim = spec.get("claimRef")
    out.field("Claim", f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim is not None else "")
    out.field("Reclaim Policy", spec.get("persistentVolumeReclaimPolicy", ""))
    out.field("Access Modes", access_modes(spec.get("accessModes")))
    if spec.get("volumeMode") is not None:
        out.field("VolumeMode", spec["volumeMode"])
    out.field("Capacity", canonical((spec.get("capacity") or {}).get("storage", "0")))
    _node_affinity(out, spec.get("nodeAffinity"))
    out.field("Message", status.get("message", ""))
    out.line("Source:")
    describe_persistent_source(out, spec)
    return finish(out, volume, lookup, now)


def storage_class(metadata: Obj, spec: Obj) -> str:
    """The class of a volume or claim: the beta annotation, or the field."""
    annotation = (metadata.get("annotations") or {}).get(_CLASS_ANNOTATION)
    name: str = (spec.get("storageClassName") or "") if annotation is None else annotation
    return name


def access_modes(modes: Iterable[str] | None) -> str:
    """Access modes in their short forms, in a fixed order."""
    given = set(modes or ())
    return ",".join([short for mode, short in _SHORT_MODES if mode in given])


def phase(obj: Obj, now: float) -> str:
    """The phase, or since when the object is being deleted."""
    deleted = obj["metadata"].get("deletionTimestamp")
    if deleted:
        return f"Terminating (lasts {since(deleted, now)})"
    return str((obj.get("status") or {}).get("phase", ""))


def _node_affinity(out: Writer, affinity: Obj | None) -> None:
    required = (affinity or {}).get("required")
    if required is None:
        out.field("Node Affinity", NONE)
        return
    out.field("Node Affinity", "")
    terms = required.get("nodeSelectorTerms")
    out.field("Required Terms", "" if terms else NONE, 1)
    for i, term in enumerate(terms or ()):
        lines = []
        for requirement in term.get("matchExpressions") or ():
            text = f"{requirement.get('key', '')} {requirement.get('operator', '').lower()}"
            values = requirement.get("values")
            lines.append(f"{text} [{', '.join(values)}]" if values else text)
        terms_lines(out, f"Term {i}", lines, 2)


def terms_lines(out: Writer, title: str, lines: list[str], level: int) -> None:
    """The requirements of one selector term below each other."""
    out.write(f"{title}:\t", level)
    if not lines:
        out.end(NONE)
    for i, line in enumerate(lines):
        if i:
            out.write("\t", level)
        out.line(line)
