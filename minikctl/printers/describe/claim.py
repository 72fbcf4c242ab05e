"""PersistentVolumeClaims, and the claims that pods carry in ephemeral volumes.

Upstream counterpart: PersistentVolumeClaimDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.quantity import canonical
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.volume import access_modes, phase, storage_class
from minikctl.printers.describe.writer import Writer, go_list

Obj = dict[str, Any]


def describe(claim: Obj, lookup: Lookup, now: float) -> str:
    """A claim, the volume it has and the pods that use it."""
    out = Writer()
    describe_claim(out, claim, whole=True, now=now)
    out.lines("Used By", _users(claim, lookup))
    conditions = (claim.get("status") or {}).get("conditions")
    if conditions:
        out.line("Conditions:")
        out.row("Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message", level=1)
        out.row("----", "------", "-----------------", "------------------", "------", "-------", level=1)
        out.conditions(conditions, "lastProbeTime", "lastTransitionTime", "reason", "message", gap=" ")
    return finish(out, claim, lookup, now)


def describe_claim(out: Writer, claim: Obj, whole: bool, now: float) -> None:
    """The fields of a claim; those of a template (`whole` is False) leave out what it cannot have."""
    metadata, spec, status = claim.get("metadata") or {}, claim.get("spec") or {}, claim.get("status") or {}
    if whole:
        out.field("Name", metadata["name"])
        out.field("Namespace", metadata.get("namespace", ""))
    out.field("StorageClass", storage_class(metadata, spec))
    if whole:
        out.field("Status", phase(claim, now))
    volume = spec.get("volumeName", "")
    out.field("Volume", volume)
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    if whole:
        out.field("Finalizers", go_list(metadata.get("finalizers")))
    out.field("Capacity", canonical((status.get("capacity") or {}).get("storage", "0")) if volume else "")
    out.field("Access Modes", access_modes(status.get("accessModes")) if volume else "")
    if spec.get("volumeMode") is not None:
        out.field("VolumeMode", spec["volumeMode"])
    source = spec.get("dataSource")
    if source is not None:
        out.line("DataSource:")
        if source.get("apiGroup") is not None:
            out.field("APIGroup", source["apiGroup"], 1)
        out.field("Kind", source.get("kind", ""), 1)
        out.field("Name", source.get("name", ""), 1)


def storage_class_of_claim(claim: Obj) -> str:
    """The StorageClass of a claim or claim template."""
    return storage_class(claim.get("metadata") or {}, claim.get("spec") or {})


def _users(claim: Obj, lookup: Lookup) -> list[str]:
    """The names of the pods that mount the claim, or own it."""
    metadata = claim["metadata"]
    name = metadata["name"]
    owners = {each.get("uid") for each in metadata.get("ownerReferences") or () if each.get("kind") == "Pod"}
    users: list[str] = []
    for pod in lookup.list("pods", metadata.get("namespace", "")):
        volumes = (pod.get("spec") or {}).get("volumes") or ()
        count = sum((volume.get("persistentVolumeClaim") or {}).get("claimName") == name for volume in volumes)
        if not count and pod["metadata"].get("uid") in owners:
            count = 1
        users.extend([pod["metadata"]["name"]] * count)
    return sorted(users)
