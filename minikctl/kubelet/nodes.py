"""Node objects of emulated nodes, as a real kubelet registers and reports them.

Cluster creation calls `node_object`; the kubelet keeps `allocatable` following `capacity`
(`refreshed_allocatable`). The upstream counterpart is `pkg/kubelet/kubelet_node_status.go` with
the setters of `pkg/kubelet/nodestatus`, plus what kubeadm adds to a control-plane node.
"""

from __future__ import annotations

from typing import Any

from minikctl import KUBERNETES_VERSION, __version__
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.request import Obj

PODS_PER_NODE = "110"
EPHEMERAL_STORAGE = "100Gi"

# (type, status, reason, message) in the order a kubelet reports them; Ready has to be the last one.
_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def node_ip(index: int) -> str:
    """The InternalIP of the index-th node (from 0) of a cluster."""
    number = index + 2
    return f"172.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


def pod_cidr(index: int) -> str:
    """The pod network of the index-th node: 10.244.0.0/24 onward, then 10.128.0.0/24 onward."""
    second = 244 + index // 256
    if second > 255:
        second -= 128
    return f"10.{second}.{index % 256}.0/24"


def node_object(name: str, cpu: str, memory: str, control_plane: bool, now: float, ip: str, pod_cidr: str = "") -> Obj:
    """A healthy Node (spec and status) with the labels, taint and conditions a kubelet registers."""
    spec: Obj = {}
    if pod_cidr:
        spec = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    if control_plane:
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    capacity = {"cpu": cpu, "ephemeral-storage": EPHEMERAL_STORAGE, "memory": memory, "pods": PODS_PER_NODE}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": _labels(name, control_plane),
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
            "allocatable": dict(capacity),
            "capacity": capacity,
            "conditions": healthy_conditions(now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _node_info(name),
        },
    }


def healthy_conditions(now: float) -> list[Obj]:
    """The four conditions of a node in good health since `now`."""
    at = rfc3339(now)
    return [
        {
            "type": type_,
            "status": status,
            "lastHeartbeatTime": at,
            "lastTransitionTime": at,
            "reason": reason,
            "message": message,
        }
        for type_, status, reason, message in _HEALTHY
    ]


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


def _node_info(name: str) -> dict[str, str]:
    import uuid

    machine, system, boot = (
        str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{name}")) for kind in ("machine", "system", "boot")
    )
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
