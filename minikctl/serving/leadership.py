"""Which of several serving processes reconciles: the one whose identity the Lease kube-system/minikctl-serve has.

A holder that is alive renews; one that is not renewed for its duration, as this process's own clock measures it,
is succeeded, and one whose process has ended at once. Counterpart of client-go's `tools/leaderelection`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.clock import rfc3339_micro
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.cluster import Cluster

NAMESPACE, NAME = "kube-system", "minikctl-serve"
DURATION_SECONDS = 6
RENEW_SECONDS = 2.0
RETRY_SECONDS = 0.5

_LEASES = "leases.coordination.k8s.io"


class Leadership:
    """This process's part in the election."""

    def __init__(self, cluster: Cluster, identity: str, alive: Callable[[str], bool]) -> None:
        """`alive` tells whether the process of an identity still runs, as far as can be known here."""
        self._cluster = cluster
        self._client = cluster.client(user_agent="minikctl-serve")
        self._identity = identity
        self._alive = alive
        self._seen: tuple[str, str] = ("", "")
        self._seen_at = 0.0
        self._next = 0.0
        self.leading = False

    def due(self) -> float:
        """Seconds until the Lease wants to be looked at again."""
        return max(0.0, self._next - time.monotonic())

    def contest(self) -> bool:
        """Renew or try to get the Lease when it is time to; whether this process leads."""
        now = time.monotonic()
        if now >= self._next:
            try:
                self.leading = self._try(now)
            except StatusError:  # somebody else was faster
                self.leading = False
            self._next = now + (RENEW_SECONDS if self.leading else RETRY_SECONDS)
        return self.leading

    def resign(self) -> None:
        """Give the Lease up, for another to take it at once."""
        lease = self._client.find(_LEASES, NAME, NAMESPACE)
        if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
            lease["spec"].update(holderIdentity="", leaseDurationSeconds=1)
            self._client.update(_LEASES, lease)
        self.leading = False

    def _try(self, now: float) -> bool:
        lease = self._client.find(_LEASES, NAME, NAMESPACE)
        stamp = rfc3339_micro(self._cluster.present())
        if lease is None:
            self._client.create(_LEASES, _lease(self._identity, stamp), NAMESPACE)
            return True
        spec: dict[str, Any] = lease["spec"]
        holder = spec.get("holderIdentity") or ""
        record = (holder, spec.get("renewTime") or "")
        if record != self._seen:
            self._seen, self._seen_at = record, now
        if holder != self._identity:
            if holder and self._alive(holder) and now < self._seen_at + spec.get("leaseDurationSeconds", 0):
                return False
            spec.update(acquireTime=stamp, leaseTransitions=spec.get("leaseTransitions", 0) + 1)
        spec.update(holderIdentity=self._identity, leaseDurationSeconds=DURATION_SECONDS, renewTime=stamp)
        self._client.update(_LEASES, lease)
        return True


def _lease(identity: str, stamp: str) -> Obj:
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": DURATION_SECONDS,
        "acquireTime": stamp,
        "renewTime": stamp,
        "leaseTransitions": 0,
    }
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
