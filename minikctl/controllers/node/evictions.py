"""Taint eviction: pods leave nodes whose NoExecute taints they do not (or no longer) tolerate (`tainteviction`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.taints import tolerates
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, earliest

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_MESSAGE = "Taint manager: deleting due to NoExecute taint"


def disrupt(controller: Controller, pod: Obj, reason: str, message: str, phase: str = "") -> None:
    """Give a pod the DisruptionTarget condition, and a phase if asked for, ahead of its deletion."""
    status = dict(pod.get("status") or {})
    entry = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "message": message,
        "observedGeneration": pod["metadata"].get("generation", 1),
    }
    if set_condition(status, entry, controller.stamp()) or phase:
        condition = next(c for c in status["conditions"] if c["type"] == "DisruptionTarget")
        fields = {"phase": phase} if phase else {}
        controller.patch_pod_status(pod, {**fields, "conditions": [{"lastProbeTime": None, **condition}]})


class TaintEvictionController(Controller):
    """Keys are node names. What is scheduled is kept in the state under "NODE/uid": when the waiting began."""

    def sync(self, key: str) -> float | None:
        node = self.client.peek("nodes", key)
        taints = [t for t in ((node or {}).get("spec") or {}).get("taints") or () if t["effect"] == "NoExecute"]
        waiting = dict(self.env.state.scan(f"{key}/"))
        due: float | None = None
        for pod in self.client.items("pods", node=key) if taints else ():
            mark = f"{key}/{pod['metadata']['uid']}"
            seconds = _tolerated_for(pod, taints)
            if seconds is None or "deletionTimestamp" in pod["metadata"]:
                continue
            since = waiting.pop(mark, None)
            if since is None:
                since = self.clock.now()
                if seconds > 0:
                    self.env.state.put(mark, since)
            if since + seconds > self.clock.now():
                due = earliest(due, since + seconds)
                continue
            self.env.state.delete(mark)
            self._evict(pod)
        for mark in waiting:
            self.env.state.delete(mark)
            self._cancel(key, mark.rpartition("/")[2])
        return due

    def _evict(self, pod: Obj) -> None:
        meta = pod["metadata"]
        message = f"Marking for deletion Pod {meta['namespace']}/{meta['name']}"
        self.recorder.event(pod, "Normal", "TaintManagerEviction", message)
        try:
            disrupt(self, pod, "DeletionByTaintManager", _MESSAGE)
            self.client.delete("pods", meta["name"], meta["namespace"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _cancel(self, node: str, uid: str) -> None:
        for pod in self.client.items("pods", node=node):
            meta = pod["metadata"]
            if meta["uid"] == uid and "deletionTimestamp" not in meta:
                message = f"Cancelling deletion of Pod {meta['namespace']}/{meta['name']}"
                self.recorder.event(pod, "Normal", "TaintManagerEviction", message)


def _tolerated_for(pod: Obj, taints: list[Obj]) -> float | None:
    """How long the pod may stay: 0 for not at all, None for ever."""
    if pods.is_finished(pod):
        return None
    limits = []
    for taint in taints:
        matching = [t for t in pod["spec"].get("tolerations") or () if tolerates(t, taint)]
        if not matching:
            return 0.0
        # As upstream: the seconds of every toleration in use count, those without mean for ever.
        limits += [max(0.0, float(t["tolerationSeconds"])) for t in matching if t.get("tolerationSeconds") is not None]
    return min(limits, default=None)
