"""Node objects of emulated nodes, as a real kubelet registers and reports them.

Cluster creation calls `node_object`; the kubelet keeps `allocatable` following `capacity`
(`refreshed_allocatable`). The upstream counterpart is `pkg/kubelet/kubelet_node_status.go` with
the setters of `pkg/kubelet/nodestatus`, plus what kubeadm adds to a control-plane node.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from minikctl import KUBERNETES_VERSION, __version__
from minikctl.apimachinery import heartbeats
from minikctl.apimachinery.clock import rfc3339, rfc3339_micro
from minikctl.apimachinery.declaredfeatures import DECLARED
from minikctl.apimachinery.request import Obj

PODS_PER_NODE = "110"
EPHEMERAL_STORAGE = "100Gi"
READY = ("True", "KubeletReady", "kubelet is posting ready status")

# For each condition but Ready, in the order in which a kubelet reports them: (type, what it says when there is
# pressure, when there is none), as reason and message.
PRESSURES = (
    (
        "MemoryPressure",
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ),
    (
        "DiskPressure",
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ),
    (
        "PIDPressure",
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ),
)
# The events with which a kubelet tells of a change of its conditions, by type and status.
NODE_EVENTS = {
    ("MemoryPressure", "True"): "NodeHasInsufficientMemory",
    ("MemoryPressure", "False"): "NodeHasSufficientMemory",
    ("DiskPressure", "True"): "NodeHasDiskPressure",
    ("DiskPressure", "False"): "NodeHasNoDiskPressure",
    ("PIDPressure", "True"): "NodeHasInsufficientPID",
    ("PIDPressure", "False"): "NodeHasSufficientPID",
    ("Ready", "True"): "NodeReady",
    ("Ready", "False"): "NodeNotReady",
}


def node_ip(index: int) -> str:
    """The InternalIP of the index-th node (from 0) of a cluster."""
    number = index + 2
    return f"172.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


_PROVIDED_IP = "alpha.kubernetes.io/provided-node-ip"
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


def pod_cidr(index: int) -> str:
    """The pod network of the index-th node: 10.244.0.0/24 onward, then 10.128.0.0/24 onward."""
    second = 244 + index // 256
    if second > 255:
        second -= 128
    return f"10.{second}.{index % 256}.0/24"


def node_object(
    name: str,
    cpu: str,
    memory: str,
    control_plane: bool,
    now: float,
    ip: str,
    pod_cidr: str = "",
    pods: str = PODS_PER_NODE,
    storage: str = EPHEMERAL_STORAGE,
    resources: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Obj] = (),
    external_cloud: bool = False,
) -> Obj:
    """A healthy Node (spec and status) with the labels, taints and conditions a kubelet registers.

    `external_cloud`: the kubelet was started with --cloud-provider=external and leaves the rest to the cloud.
    """
    spec: Obj = {}
    if pod_cidr:
        spec = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    given = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}] if control_plane else []
    notes = {}
    if external_cloud:
        notes[_PROVIDED_IP] = ip
        given.append({"key": _UNINITIALIZED, "value": "true", "effect": "NoSchedule"})
    if given or taints:
        spec["taints"] = [*given, *taints]
    basics = {"cpu": cpu, "ephemeral-storage": storage, "memory": memory, "pods": pods}
    capacity = dict(sorted({**basics, **(resources or {})}.items()))
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**_labels(name, control_plane), **(labels or {})},
            "annotations": {
                **notes,
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
            "allocatable": dict(capacity),
            "capacity": capacity,
            "conditions": conditions([], now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "declaredFeatures": list(DECLARED),
            "nodeInfo": node_info(name),
        },
    }


def lease(name: str, node: Obj | None, now: float) -> Obj:
    """The Lease of a node whose kubelet starts now: stored as if renewed one interval ago (see heartbeats)."""
    meta: Obj = {"name": name, "namespace": heartbeats.LEASE_NAMESPACE}
    if node is not None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        meta["ownerReferences"] = [owner]
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta,
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": 40,
            "renewTime": rfc3339_micro(now - heartbeats.LEASE_SECONDS),
        },
    }


def conditions(before: Sequence[Obj], now: float, pressed: Container[str] = (), not_ready: str = "") -> list[Obj]:
    """The conditions a kubelet reports now: `pressed` are the types of those with pressure.

    Where nothing changed the times of `before` are kept, and so is the order, with the conditions of others.
    """
    known = {entry["type"]: entry for entry in before}
    ready = ("False", "KubeletNotReady", not_ready) if not_ready else READY
    wanted = [(type_, "True", *bad) if type_ in pressed else (type_, "False", *good) for type_, bad, good in PRESSURES]
    found = [_condition(row, known.get(row[0]), rfc3339(now)) for row in (*wanted, ("Ready", *ready))]
    own = {entry["type"]: entry for entry in found}
    kept = [own.pop(entry["type"], entry) for entry in before]
    return kept + list(own.values())


def _condition(row: tuple[str, ...], before: Obj | None, at: str) -> Obj:
    type_, status, reason, message = row
    entry = {"type": type_, "status": status, "lastHeartbeatTime": at, "lastTransitionTime": at}
    entry |= {"reason": reason, "message": message}
    if before is not None and before["status"] == status:
        entry["lastTransitionTime"] = before.get("lastTransitionTime") or at
        if before.get("reason") == reason and before.get("message") == message:
            entry["lastHeartbeatTime"] = before.get("lastHeartbeatTime") or at
    return entry


def refreshed_allocatable(status: Obj) -> dict[str, Any] | None:
    """The allocatable the kubelet would report for this capacity; None when it already does.

    Nothing is reserved for the system, so it equals the capacity: this is how an extended resource
    patched into the capacity becomes schedulable, and how a removed one disappears.
    """
    capacity: dict[str, Any] = status.get("capacity") or {}
    return None if status.get("allocatable") == capacity else dict(capacity)


def _labels(name: str, control_plane: bool) -> dict[str, str]:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    if control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
    return labels


def node_info(name: str, boots: int = 0) -> dict[str, str]:
    """What a node says of its system; `boots`: how often the machine was started again."""
    import uuid

    kinds = ("machine", "system", f"boot{boots}" if boots else "boot")
    machine, system, boot = (str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{name}")) for kind in kinds)
    return {
        "architecture": "amd64",
        "bootID": boot,
        "containerRuntimeVersion": f"emulated://{__version__}",
        "kernelVersion": "6.12.0",
        "kubeProxyVersion": "",
        "kubeletVersion": KUBERNETES_VERSION,
        "machineID": machine.replace("-", ""),
        "operatingSystem": "linux",
        "osImage": f"minikctl {__version__}",
        "systemUUID": system,
    }
