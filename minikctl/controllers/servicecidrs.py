"""ServiceCIDRs become ready, and go only when no address of them is in use (upstream's `servicecidrs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.meta import add_finalizer, remove_finalizer, set_condition
from minikctl.controllers.controller import Controller, earliest

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "servicecidrs.networking.k8s.io"
_FINALIZER = "networking.k8s.io/service-cidr-finalizer"
_MANAGED_BY = "ipaddress.kubernetes.io/managed-by"
_GRACE_SECONDS = 10
_IN_USE = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"


class ServiceCIDRController(Controller):
    """Keys are ServiceCIDR names; "*" looks at all that wait to go."""

    def sync(self, key: str) -> float | None:
        if key == "*":
            going = [cidr for cidr in self.client.items(_RESOURCE) if "deletionTimestamp" in cidr["metadata"]]
            return earliest(*[self._finish(cidr) for cidr in going])
        cidr_or_none = self.client.peek(_RESOURCE, key)
        if cidr_or_none is None:
            return None
        if "deletionTimestamp" in cidr_or_none["metadata"]:
            return self._finish(cidr_or_none)
        cidr = cidr_or_none
        if add_finalizer(cidr, _FINALIZER):
            cidr = self.client.update(_RESOURCE, cidr)
        self._ready(cidr, "True", "", "Kubernetes Service CIDR is ready")
        return None

    def _ready(self, cidr: Obj, value: str, reason: str, message: str) -> None:
        status = dict(cidr.get("status") or {})
        entry = {"type": "Ready", "status": value, "reason": reason, "message": message}
        if set_condition(status, entry, self.stamp()):
            self.put_status(_RESOURCE, cidr, status)

    def _finish(self, cidr: Obj) -> float | None:
        """Let go of one that nobody uses, once all who give out addresses must have seen that it goes."""
        if self._in_use(cidr):
            self._ready(cidr, "False", "Terminating", _IN_USE)
            return None
        due = parse_time(cidr["metadata"]["deletionTimestamp"]) + _GRACE_SECONDS
        if self.clock.now() < due:
            return due
        if remove_finalizer(cidr, _FINALIZER):
            self.client.update(_RESOURCE, cidr)
        return None

    def _in_use(self, cidr: Obj) -> bool:
        """Whether an address in its ranges is in no other living ServiceCIDR."""
        from ipaddress import ip_address, ip_network

        others = [c for c in self.client.items(_RESOURCE) if c["metadata"]["uid"] != cidr["metadata"]["uid"]]
        kept = [ip_network(r) for c in others if "deletionTimestamp" not in c["metadata"] for r in c["spec"]["cidrs"]]
        ranges = [ip_network(text) for text in cidr["spec"]["cidrs"]]
        for address in self.client.items("ipaddresses.networking.k8s.io"):
            if (address["metadata"].get("labels") or {}).get(_MANAGED_BY) != "ipallocator.k8s.io":
                continue
            ip = ip_address(address["metadata"]["name"])
            if any(ip in network for network in ranges) and not any(ip in network for network in kept):
                return True
        return False
