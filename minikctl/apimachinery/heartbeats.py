"""Heartbeats of emulated nodes: what a kubelet that runs has written by now, without a write for each of them.

A kubelet renews its Lease every ten seconds and reports its status every five minutes. The stored
renewal of a running node is at least one interval old, so that what is shown differs from what is
stored just while the kubelet runs. Read by the apiserver (what is shown), the kubelet and the node
lifecycle controller.
"""

from __future__ import annotations

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 10.0
STATUS_SECONDS = 300.0


def last_beat(first: float, now: float, interval: float) -> float:
    """The last of the beats that come every `interval` seconds since `first`, by `now`."""
    return first + max(0.0, (now - first) // interval * interval)


def runs(machine: dict[str, object] | None) -> bool:
    """Whether what the kubelet component keeps of a machine is that of a node that runs and is heard."""
    return machine is not None and not machine.get("silent")
