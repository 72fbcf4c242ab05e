"""Node IPAM: a range of pod addresses for each node that has none (upstream's `nodeipam`, range allocator)."""

from __future__ import annotations

from minikctl.controllers.controller import Controller

# 10.244.0.0/16 first, as kubeadm's usual choice; clusters of more than 256 nodes go on at 10.128.0.0.
_FIRST = 244
_SECOND = 128
_NODES = (256 - _FIRST) * 256 + (_FIRST - _SECOND) * 256


class NodeIPAMController(Controller):
    """One key for all nodes: ranges are handed out in one pass."""

    def sync(self, key: str) -> float | None:
        nodes = self.client.items("nodes")
        used = {cidr for node in nodes for cidr in (node.get("spec") or {}).get("podCIDRs") or ()}
        index = 0
        for node in nodes:
            if (node.get("spec") or {}).get("podCIDR") or "deletionTimestamp" in node["metadata"]:
                continue
            while index < _NODES and _range(index) in used:
                index += 1
            if index >= _NODES:
                name = node["metadata"]["name"]
                message = f"Node {name} status is now: CIDRNotAvailable"
                self.recorder.event(node, "Normal", "CIDRNotAvailable", message)
                continue
            cidr = _range(index)
            used.add(cidr)
            node.setdefault("spec", {}).update(podCIDR=cidr, podCIDRs=[cidr])
            self.client.update("nodes", node)
        return None


def _range(index: int) -> str:
    second = _FIRST + index // 256
    if second > 255:
        second = _SECOND + second - 256
    return f"10.{second}.{index % 256}.0/24"
