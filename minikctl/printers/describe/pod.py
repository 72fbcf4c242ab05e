"""Pods.

Upstream counterpart: PodDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.qos import qos_class
from minikctl.printers.describe.containers import describe_containers, describe_resources
from minikctl.printers.describe.events import describe_events
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.podtemplate import placement, scheduling_group, spread_constraints
from minikctl.printers.describe.volumes import describe_volumes
from minikctl.printers.describe.writer import NONE, Writer, controlled_by, date, since

Obj = dict[str, Any]

_MIRROR = "kubernetes.io/config.mirror"


def describe(pod: Obj, lookup: Lookup, now: float) -> str:
    """A pod: where and how it runs, its containers, conditions and volumes, what happened to it."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    out = Writer()
    _identity(out, metadata, spec, status)
    _status(out, pod, now)
    _address(out, status)
    controlled_by(out, pod)
    if status.get("nominatedNodeName"):
        out.field("NominatedNodeName", status["nominatedNodeName"])
    if spec.get("resources") is not None:
        out.line("Resources:")
        describe_resources(out, spec["resources"], 1)
    _containers(out, pod, spec, status)
    _conditions(out, spec, status)
    describe_volumes(out, spec.get("volumes"))
    out.field("QoS Class", qos_class(pod))
    placement(out, spec)
    spread_constraints(out, spec.get("topologySpreadConstraints"))
    scheduling_group(out, spec)
    describe_events(out, _events(pod, lookup), now)
    return out.text()


def _identity(out: Writer, metadata: Obj, spec: Obj, status: Obj) -> None:
    out.field("Name", metadata["name"])
    out.field("Namespace", metadata.get("namespace", ""))
    if spec.get("priority") is not None:
        out.field("Priority", spec["priority"])
    for label, key in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(key):
            out.field(label, spec[key])
    node = spec.get("nodeName")
    out.field("Node", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime"):
        out.field("Start Time", date(status["startTime"]))
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))


def _status(out: Writer, pod: Obj, now: float) -> None:
    metadata, status = pod["metadata"], pod.get("status") or {}
    phase = status.get("phase", "")
    if metadata.get("deletionTimestamp") and phase not in ("Failed", "Succeeded"):
        out.field("Status", f"Terminating (lasts {since(metadata['deletionTimestamp'], now)})")
        out.field("Termination Grace Period", f"{metadata.get('deletionGracePeriodSeconds') or 0}s")
    else:
        out.field("Status", phase)
    for label, key in (("Reason", "reason"), ("Message", "message")):
        if status.get(key):
            out.field(label, status[key])
    profile = ((pod.get("spec") or {}).get("securityContext") or {}).get("seccompProfile")
    if profile:
        out.field("SeccompProfile", profile.get("type", ""))
        if profile.get("type") == "Localhost":
            out.field("LocalhostProfile", profile.get("localhostProfile", ""))


def _address(out: Writer, status: Obj) -> None:
    out.field("IP", status.get("podIP", ""))
    addresses = status.get("podIPs")
    if not addresses:
        out.field("IPs", NONE)
        return
    out.line("IPs:")
    for address in addresses:
        out.field("IP", address.get("ip", ""), 1)


def _containers(out: Writer, pod: Obj, spec: Obj, status: Obj) -> None:
    if spec.get("initContainers"):
        statuses = status.get("initContainerStatuses")
        describe_containers(out, "Init Containers", spec["initContainers"], statuses, pod)
    describe_containers(out, "Containers", spec.get("containers") or [], status.get("containerStatuses"), pod)
    if spec.get("ephemeralContainers"):
        statuses = status.get("ephemeralContainerStatuses")
        describe_containers(out, "Ephemeral Containers", spec["ephemeralContainers"], statuses, pod)


def _conditions(out: Writer, spec: Obj, status: Obj) -> None:
    conditions = status.get("conditions") or ()
    if spec.get("readinessGates"):
        out.line("Readiness Gates:\n  Type\tStatus")
        for gate in spec["readinessGates"]:
            wanted = gate.get("conditionType", "")
            found = next((each.get("status", "") for each in conditions if each.get("type") == wanted), NONE)
            out.line(f"{wanted} \t{found} ", 1)
    if conditions:
        out.line("Conditions:\n  Type\tStatus")
        for condition in conditions:
            out.line(f"{condition.get('type', '')} \t{condition.get('status', '')} ", 1)


def _events(pod: Obj, lookup: Lookup) -> list[Obj] | None:
    # the kubelet reports on a mirror pod under the identity of the static pod behind it
    mirrored = (pod["metadata"].get("annotations") or {}).get(_MIRROR)
    return lookup.events(pod, kind="", uid=mirrored)
