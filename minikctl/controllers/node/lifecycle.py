"""Node lifecycle: silence turns conditions Unknown, conditions become taints (upstream's `nodelifecycle`).

A node is heard when its Lease is renewed or its Ready condition's lastHeartbeatTime changes. An emulated
kubelet that runs never misses a heartbeat, so nothing is written for it: its Lease is shown as renewed
later than it was stored, and need not be looked at again before it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import heartbeats
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import condition
from minikctl.controllers.controller import Controller, seconds_of
from minikctl.controllers.node import zones

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_LEASES = "leases.coordination.k8s.io"
_GRACE = 50.0
_STARTUP_GRACE = 60.0
_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_NEVER = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
_SILENT = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_TAINT_OF_CONDITION = {
    ("Ready", "False"): zones.NOT_READY,
    ("Ready", "Unknown"): zones.UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_NO_SCHEDULE = {*_TAINT_OF_CONDITION.values(), _UNSCHEDULABLE}
_NO_EXECUTE = {zones.NOT_READY, zones.UNREACHABLE}
_COPIED_LABELS = {
    "kubernetes.io/os": "beta.kubernetes.io/os",
    "kubernetes.io/arch": "beta.kubernetes.io/arch",
}


class NodeLifecycleController(Controller):
    """Keys are node names, and "zones:" where the readiness of some node changed."""

    def sync(self, key: str) -> float | None:
        if key == zones.KEY:
            return zones.Zones(self).sync()
        node = self.client.peek("nodes", key)
        if node is None:
            if self.env.state.get(key) is not None:
                self._forget(key)
            return None
        due = self._watch_heartbeat(key, node)
        self._taint(node)
        return due

    def _forget(self, name: str) -> None:
        known = self.env.state.get(name)
        reference = {"kind": "Node", "name": name, "uid": known[0], "apiVersion": "v1"}
        message = f"Node {name} event: Removing Node {name} from Controller"
        self.recorder.event(reference, "Normal", "RemovingNode", message)
        self.env.state.delete(name)

    def _watch_heartbeat(self, name: str, node: Obj) -> float | None:
        """Note when the node was last heard; after the grace period its conditions turn Unknown."""
        uid, now = node["metadata"]["uid"], self.clock.now()
        ready = condition(node, "Ready")
        beat = (ready or {}).get("lastHeartbeatTime", "")
        renewed, alive = self._lease(name)
        known = self.env.state.get(name)
        if known is None or known[0] != uid:
            at = now if ready else seconds_of(node["metadata"].get("creationTimestamp"))
            known = [uid, beat, at, renewed]
            self.env.state.put(name, known)
            message = f"Node {name} event: Registered Node {name} in Controller"
            self.recorder.event(node, "Normal", "RegisteredNode", message)
        elif [beat, renewed] != [known[1], known[3]]:
            heard = parse_time(renewed) if renewed != known[3] and renewed else now
            known = [uid, beat, min(max(heard, known[2]), now), renewed]
            self.env.state.put(name, known)
        if alive:
            return None
        due = known[2] + (_GRACE if ready else _STARTUP_GRACE)
        if now < due:
            return float(due)
        self._give_up(node, now)
        return None

    def _lease(self, name: str) -> tuple[str, bool]:
        """When the node's Lease was renewed, as it is stored, and whether it is being renewed all the time."""
        stored = self.client.peek(_LEASES, name, heartbeats.LEASE_NAMESPACE)
        renewed = str(((stored or {}).get("spec") or {}).get("renewTime") or "")
        if not renewed:
            return "", False
        shown = self.client.find(_LEASES, name, heartbeats.LEASE_NAMESPACE)
        return renewed, shown is not None and shown["spec"].get("renewTime") != renewed

    def _give_up(self, node: Obj, now: float) -> None:
        """Nothing was heard: every condition of a kubelet turns Unknown."""
        status = dict(node.get("status") or {})
        conditions = [dict(entry) for entry in status.get("conditions") or ()]
        was_ready = (condition(node, "Ready") or {}).get("status") == "True"
        stamp, changed = self.stamp(), False
        for type_ in _CONDITIONS:
            entry = next((c for c in conditions if c["type"] == type_), None)
            if entry is None:
                created = node["metadata"]["creationTimestamp"]
                entry = {"type": type_, "lastHeartbeatTime": created}
                reason, message = _NEVER
                conditions.append(entry)
            elif entry["status"] == "Unknown":
                continue
            else:
                reason, message = _SILENT
            entry |= {"status": "Unknown", "lastTransitionTime": stamp, "reason": reason, "message": message}
            changed = True
        if not changed:
            return
        status["conditions"] = conditions
        self.put_status("nodes", node, status)
        if was_ready:
            name = node["metadata"]["name"]
            message = f"Node {name} status is now: NodeNotReady"
            self.recorder.event(node, "Normal", "NodeNotReady", message)
            self._mark_pods(name, stamp)

    def _mark_pods(self, node: str, stamp: str) -> None:
        """Pods of a silent node are not ready."""
        for pod in self.client.items("pods", node=node):
            status = pod.get("status") or {}
            ready = condition(pod, "Ready")
            if ready is None or ready["status"] == "False":
                continue
            conditions = [
                {**c, "status": "False", "lastTransitionTime": stamp} if c["type"] == "Ready" else c
                for c in status["conditions"]
            ]
            try:
                self.put_status("pods", pod, {**status, "conditions": conditions})
            except StatusError as error:
                if error.reason != "NotFound":
                    raise
            self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    def _taint(self, node: Obj) -> None:
        """Taints as the conditions want them, and the labels that are kept for old clients."""
        wanted = [(key, "NoSchedule") for key in self._no_schedule(node)]
        ready = (condition(node, "Ready") or {}).get("status")
        if ready in zones.OF_STATUS and zones.no_execute(node):
            # The other one is exchanged at once; the first is up to the zone's pace.
            wanted.append((zones.OF_STATUS[ready], "NoExecute"))
        spec = node.setdefault("spec", {})
        taints = spec.get("taints") or []
        kept = [taint for taint in taints if not _is_ours(taint) or (taint["key"], taint["effect"]) in wanted]
        present = {(taint["key"], taint["effect"]) for taint in kept}
        stamp = self.stamp()
        added = [
            {"key": key, "effect": effect, "timeAdded": stamp} for key, effect in wanted if (key, effect) not in present
        ]
        labels = node["metadata"].get("labels") or {}
        copies = {new: labels[old] for old, new in _COPIED_LABELS.items() if old in labels}
        if kept + added == taints and all(labels.get(name) == value for name, value in copies.items()):
            return
        node["metadata"]["labels"] = {**labels, **copies}
        spec["taints"] = kept + added
        self.client.update("nodes", node)

    def add_no_execute(self, node: Obj) -> None:
        """Let the pods of a node that is not ready be evicted."""
        status = (condition(node, "Ready") or {}).get("status", "Unknown")
        taint = {"key": zones.OF_STATUS[status], "effect": "NoExecute", "timeAdded": self.stamp()}
        spec = node.setdefault("spec", {})
        spec["taints"] = [*(spec.get("taints") or ()), taint]
        self.client.update("nodes", node)

    def remove_no_execute(self, node: Obj) -> None:
        """Stop evicting from a node (markNodeAsReachable)."""
        if zones.no_execute(node):
            taints = node["spec"]["taints"]
            node["spec"]["taints"] = [t for t in taints if t["effect"] != "NoExecute" or not _is_ours(t)]
            self.client.update("nodes", node)

    def hear_all(self, nodes: list[Obj]) -> None:
        """Give every node a new grace period: for a while nobody could be heard."""
        for node in nodes:
            name = node["metadata"]["name"]
            known = self.env.state.get(name)
            if known is not None:
                self.env.state.put(name, [known[0], known[1], self.clock.now(), known[3]])

    def _no_schedule(self, node: Obj) -> list[str]:
        keys = [
            _TAINT_OF_CONDITION[entry["type"], entry["status"]]
            for entry in (node.get("status") or {}).get("conditions") or ()
            if (entry["type"], entry["status"]) in _TAINT_OF_CONDITION
        ]
        if (node.get("spec") or {}).get("unschedulable"):
            keys.append(_UNSCHEDULABLE)
        return keys


def _is_ours(taint: Obj) -> bool:
    owned = _NO_SCHEDULE if taint["effect"] == "NoSchedule" else _NO_EXECUTE
    return taint["effect"] in ("NoSchedule", "NoExecute") and taint["key"] in owned
