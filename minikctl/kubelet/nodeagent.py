"""The kubelet's side of a Node object: registration, Lease, conditions, and the machine's ups and downs.

Counterpart of kubelet's `kubelet_node_status.go` and `nodeshutdown`. A key is a node's name; what is
to happen to the machine stands in its entry (machines.py).
"""

from __future__ import annotations

from minikctl.apimachinery import heartbeats
from minikctl.apimachinery.clock import parse_time, rfc3339, rfc3339_micro
from minikctl.apimachinery.declaredfeatures import DECLARED
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import MERGE_PATCH, Obj
from minikctl.kubelet import nodes
from minikctl.kubelet.host import Host
from minikctl.kubelet.machines import is_silent

_LEASES = "leases.coordination.k8s.io"
SHUTTING_DOWN = "node is shutting down"


class NodeAgent:
    """Keeps what the API knows of the emulated machines up to date."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._client = host.client

    def sync(self, name: str, pressed: list[str]) -> None:
        """Report a node as it is now; `pressed` are its conditions of pressure."""
        host, now = self._host, self._host.clock.now()
        machine = host.machines.get(name)
        if machine is None:
            return
        if is_silent(machine) and not machine.get("silent"):
            self._freeze(name, machine, now)
        elif machine.get("silent") and not is_silent(machine):
            self._thaw(name, machine)
        if is_silent(machine):
            return
        node = host.node(name)
        if node is None:
            if "register" not in machine:
                return
            node = self._register(name, machine, now)
        if self._client.peek(_LEASES, name, heartbeats.LEASE_NAMESPACE) is None:
            self._client.create(_LEASES, nodes.lease(name, node, now))
        not_ready = SHUTTING_DOWN if "shutdown" in machine else machine.get("not_ready", "")
        self._report(node, machine, pressed, not_ready, now)

    # The machine's ups and downs

    def _freeze(self, name: str, machine: Obj, now: float) -> None:
        """The control plane hears no more of the node: its last heartbeats are the last for now."""
        lease = self._client.peek(_LEASES, name, heartbeats.LEASE_NAMESPACE)
        node = self._host.node(name)
        self._host.machines.put(name, {**machine, "silent": True})
        machine["silent"] = True
        if lease is not None:
            last = heartbeats.last_beat(parse_time(lease["spec"]["renewTime"]), now, heartbeats.LEASE_SECONDS)
            self._renew(name, last)
        entries = [dict(entry) for entry in (node or {}).get("status", {}).get("conditions") or ()]
        for entry in entries:
            if stored := entry.get("lastHeartbeatTime"):
                last = heartbeats.last_beat(parse_time(stored), now, heartbeats.STATUS_SECONDS)
                entry["lastHeartbeatTime"] = rfc3339(last)
        if node is not None and entries != node["status"]["conditions"]:
            self._client.patch("nodes", name, {"status": {"conditions": entries}}, MERGE_PATCH, subresource="status")

    def _thaw(self, name: str, machine: Obj) -> None:
        """The node is heard again."""
        machine.pop("silent")
        self._host.machines.put(name, machine)
        self.renew(name)

    def renew(self, name: str) -> None:
        """Renew the Lease by a write, as of now; whoever follows the node looks at it."""
        now = self._host.clock.now()
        if self._client.peek(_LEASES, name, heartbeats.LEASE_NAMESPACE) is None:
            self._client.create(_LEASES, nodes.lease(name, self._host.node(name), now))
        else:
            self._renew(name, now - heartbeats.LEASE_SECONDS)

    def _renew(self, name: str, at: float) -> None:
        patch = {"spec": {"holderIdentity": name, "renewTime": rfc3339_micro(at)}}
        self._client.patch(_LEASES, name, patch, MERGE_PATCH, heartbeats.LEASE_NAMESPACE)

    def _register(self, name: str, machine: Obj, now: float) -> Obj:
        """Make the Node object, as a kubelet does that starts on a machine the cluster does not know."""
        given = machine["register"]
        ip, cloud = self._free_address(), self._host.in_cloud
        node = nodes.node_object(name, now=now, ip=ip, external_cloud=cloud, **given)
        node["status"]["nodeInfo"] = nodes.node_info(name, machine.get("boots", 0))
        try:
            created = self._client.create("nodes", node)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            created = self._client.get("nodes", name)
        self._started(name)
        for type_, _, _ in nodes.PRESSURES:
            self._tell(name, type_, "False")
        self._tell(name, "Ready", "True")
        return created

    def _free_address(self) -> str:
        taken = {address["address"] for node in self._client.items("nodes") for address in _addresses(node)}
        index = 0
        while nodes.node_ip(index) in taken:
            index += 1
        return nodes.node_ip(index)

    def _started(self, name: str) -> None:
        self._event(name, "Normal", "Starting", "Starting kubelet.")
        self._event(name, "Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")

    # The status

    def _report(self, node: Obj, machine: Obj, pressed: list[str], not_ready: str, now: float) -> None:
        """Write what a kubelet would report, where it differs from what the API has."""
        name, status = node["metadata"]["name"], node.get("status") or {}
        before = status.get("conditions") or []
        changed: Obj = {}
        conditions = nodes.conditions(before, now, pressed, not_ready)
        if conditions != before:
            changed["conditions"] = conditions
        allocatable = nodes.refreshed_allocatable(status)
        if allocatable is not None:
            gone = dict.fromkeys(set(status.get("allocatable") or ()) - set(allocatable))
            changed["allocatable"] = {**gone, **allocatable}
        if status.get("declaredFeatures") != list(DECLARED):
            changed["declaredFeatures"] = list(DECLARED)
        info = nodes.node_info(name, machine.get("boots", 0))
        rebooted = bool(machine.get("boots")) and (status.get("nodeInfo") or {}).get("bootID") != info["bootID"]
        if rebooted:
            changed["nodeInfo"] = info
            self._started(name)
            boot = info["bootID"]
            self._event(name, "Warning", "Rebooted", f"Node {name} has been rebooted, boot id: {boot}")
        if not changed:
            return
        self._client.patch("nodes", name, {"status": changed}, MERGE_PATCH, subresource="status")
        known = {entry["type"]: entry["status"] for entry in before}
        for entry in conditions:
            kind = entry["type"], entry["status"]
            if kind in nodes.NODE_EVENTS and (known.get(entry["type"]) != entry["status"] or rebooted):
                self._tell(name, *kind)

    def _tell(self, name: str, type_: str, status: str) -> None:
        reason = nodes.NODE_EVENTS[type_, status]
        self._event(name, "Normal", reason, f"Node {name} status is now: {reason}")

    def _event(self, name: str, type_: str, reason: str, message: str) -> None:
        self._host.node_event(name, type_, reason, message)


def _addresses(node: Obj) -> list[Obj]:
    found: list[Obj] = (node.get("status") or {}).get("addresses") or []
    return found
