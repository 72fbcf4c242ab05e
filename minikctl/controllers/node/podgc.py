"""Pod garbage collection: too many finished ones, those of nodes gone or out of service, or never placed (`podgc`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller
from minikctl.controllers.node.evictions import disrupt

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_QUARANTINE = 40.0
_FINISHED_PODS = 12500
_PERIOD = 20.0
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(Controller):
    """Keys: "node:NAME" (gone, or out of service), "pod:namespace/name", "finished:" (some pod has)."""

    def sync(self, key: str) -> float | None:
        what, _, rest = key.partition(":")
        if what == "node":
            return self._sync_node(rest)
        if what == "finished":
            return self._thin_out(key)
        namespace, name = split_key(rest)
        pod = self.client.peek("pods", name, namespace)
        if pod is not None and not pod["spec"].get("nodeName") and "deletionTimestamp" in pod["metadata"]:
            self._remove(pod, "")
        return None

    def _thin_out(self, key: str) -> float | None:
        """Every 20 seconds delete finished pods beyond 12,500: evicted ones first, then the oldest (gcTerminated)."""
        page = self.client.list("pods", limit=1)
        if len(page["items"]) + page["metadata"].get("remainingItemCount", 0) <= _FINISHED_PODS:
            return None
        now, last = self.clock.now(), self.env.state.get(key)
        if last is not None and now < last + _PERIOD:
            return float(last + _PERIOD)
        self.env.state.put(key, now)
        finished = [pod for pod in self.client.items("pods") if pods.is_finished(pod)]
        for pod in sorted(finished, key=_value)[: max(0, len(finished) - _FINISHED_PODS)]:
            if "deletionTimestamp" not in pod["metadata"]:
                self._remove(pod, "")
        return None

    def _sync_node(self, name: str) -> float | None:
        node = self.client.peek("nodes", name)
        if node is not None:
            self.env.state.delete(name)
            self._out_of_service(node)
            return None
        left = self.client.items("pods", node=name)
        if not left:
            self.env.state.delete(name)
            return None
        since = self.env.state.get(name)
        if since is None:
            since = self.clock.now()
            self.env.state.put(name, since)
        if since + _QUARANTINE > self.clock.now():
            return float(since + _QUARANTINE)
        for pod in left:
            self._remove(pod, "PodGC: node no longer exists")
        self.env.state.delete(name)
        return None

    def _out_of_service(self, node: Obj) -> None:
        taints = (node.get("spec") or {}).get("taints") or ()
        if all(taint["key"] != _OUT_OF_SERVICE for taint in taints):
            return
        ready = [c for c in (node.get("status") or {}).get("conditions") or () if c["type"] == "Ready"]
        if ready and ready[0]["status"] == "True":
            return
        for pod in self.client.items("pods", node=node["metadata"]["name"]):
            if "deletionTimestamp" in pod["metadata"]:
                self._remove(pod, "PodGC: node is out-of-service")

    def _remove(self, pod: Obj, why: str) -> None:
        """Delete at once; where it was cut short, it has failed and says why."""
        meta = pod["metadata"]
        try:
            if why and not pods.is_finished(pod):
                disrupt(self, pod, "DeletionByPodGC", why, phase="Failed")
            self.client.delete("pods", meta["name"], meta["namespace"], gracePeriodSeconds=0)
        except StatusError as error:
            if error.reason != "NotFound":
                raise


def _value(pod: Obj) -> tuple[bool, str, str]:
    """Evicted pods are worth least, then the oldest (byEvictionAndCreationTimestamp)."""
    meta = pod["metadata"]
    return pod["status"].get("reason") != "Evicted", meta["creationTimestamp"], meta["name"]
