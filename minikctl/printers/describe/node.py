"""Nodes.

Upstream counterpart: NodeDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.quantity import canonical
from minikctl.printers.describe.events import describe_events
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.nodeallocation import describe_allocation
from minikctl.printers.describe.writer import NONE, UNSET, Writer, boolean, date

Obj = dict[str, Any]

_ROLE_PREFIX = "node-role.kubernetes.io/"
_SYSTEM_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)
_SHOWN_POOLS = 10


def describe(node: Obj, lookup: Lookup, now: float) -> str:
    """A Node: its state, what it offers, and the pods that use it."""
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    pods = _pods(metadata["name"], lookup)
    out = Writer()
    out.field("Name", metadata["name"])
    out.field("Roles", ",".join(_roles(metadata.get("labels") or {})) or NONE)
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    out.field("CreationTimestamp", date(metadata.get("creationTimestamp")))
    taints = sorted(spec.get("taints") or (), key=lambda each: f"{each.get('effect', '')},{each.get('key', '')}")
    out.lines("Taints", [_taint(taint) for taint in taints])
    out.field("Unschedulable", boolean(spec.get("unschedulable")))
    _lease(out, metadata["name"], lookup)
    _status(out, status)
    _slices(out, metadata["name"], lookup)
    _system(out, spec, status)
    if pods is None:
        out.field("Pods", "not authorized")
    else:
        describe_allocation(out, node, pods, now)
    describe_events(out, _events(node, lookup), now)
    return out.text()


def _pods(name: str, lookup: Lookup) -> list[Obj] | None:
    """The pods that count on this node; None for who may not see pods."""
    try:
        return lookup.list("pods", field_selector=f"spec.nodeName={name},status.phase!=Failed,status.phase!=Succeeded")
    except StatusError as error:
        if error.reason == "Forbidden":
            return None
        raise


def _roles(labels: dict[str, str]) -> list[str]:
    roles = {label[len(_ROLE_PREFIX) :] for label in labels if label.startswith(_ROLE_PREFIX)}
    roles.add(labels.get("kubernetes.io/role", ""))
    return sorted(roles - {""})


def _taint(taint: Obj) -> str:
    key, value, effect = taint.get("key", ""), taint.get("value"), taint.get("effect")
    text = f"{key}={value}" if value else str(key)
    return f"{text}:{effect or ''}" if value or effect else text


def _lease(out: Writer, name: str, lookup: Lookup) -> None:
    try:
        spec = lookup.get("leases.coordination.k8s.io", name, "kube-node-lease").get("spec") or {}
    except StatusError as error:
        out.field("Lease", f"Failed to get lease: {error}")
        return
    out.line("Lease:")
    out.field("HolderIdentity", spec.get("holderIdentity", UNSET), 1)
    for label, key in (("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")):
        out.field(label, date(spec[key]) if spec.get(key) else UNSET, 1)


def _status(out: Writer, status: Obj) -> None:
    if status.get("conditions"):
        out.line("Conditions:")
        out.heading("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message", level=1)
        out.conditions(status["conditions"], "lastHeartbeatTime", "lastTransitionTime", "reason", "message", gap=" ")
    out.line("Addresses:")
    for address in status.get("addresses") or ():
        out.field(address.get("type", ""), address.get("address", ""), 1)
    for title, key in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        amounts = status.get(key)
        if amounts:
            out.line(f"{title}:")
            for resource in sorted(amounts):
                out.field(resource, canonical(amounts[resource]), 1)


def _slices(out: Writer, name: str, lookup: Lookup) -> None:
    """The devices that only this node has, per driver and pool."""
    try:
        slices = lookup.list("resourceslices.resource.k8s.io", field_selector=f"spec.nodeName={name}")
    except StatusError:
        return
    pools: dict[tuple[str, str], list[int]] = {}
    for each in slices:
        spec = each.get("spec") or {}
        counts = pools.setdefault((spec.get("driver", ""), (spec.get("pool") or {}).get("name", "")), [0, 0])
        counts[0] += 1
        counts[1] += len(spec.get("devices") or ())
    if not pools:
        return
    out.line("Node-Local ResourceSlices:")
    out.heading("Driver", "Pool", "Slices", "Devices", level=1)
    keys = sorted(pools, key="/".join)
    for key in keys[:_SHOWN_POOLS]:
        out.row(*key, *pools[key], level=1)
    if len(keys) > _SHOWN_POOLS:
        out.line(f"...and {len(keys) - _SHOWN_POOLS} more pools", 1)


def _system(out: Writer, spec: Obj, status: Obj) -> None:
    out.line("System Info:")
    info = status.get("nodeInfo") or {}
    for label, key in _SYSTEM_INFO:
        out.field(label, info.get(key, ""), 1)
    if spec.get("podCIDR"):
        out.field("PodCIDR", spec["podCIDR"])
    if spec.get("podCIDRs"):
        out.field("PodCIDRs", ",".join(spec["podCIDRs"]))
    if spec.get("providerID"):
        out.field("ProviderID", spec["providerID"])


def _events(node: Obj, lookup: Lookup) -> list[Obj] | None:
    """Controllers report under the node's uid, the kubelet under its name."""
    events = lookup.events(node)
    if events is None:
        return None
    return events + (lookup.events(node, uid=node["metadata"]["name"]) or [])
