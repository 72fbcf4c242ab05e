"""ReplicaSets and ReplicationControllers: keep the wanted number of pods (upstream's `pkg/controller/replicaset`)."""

from __future__ import annotations

from functools import cmp_to_key
from math import log2
from typing import TYPE_CHECKING

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.meta import condition, controller_of
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, compact, earliest, seconds_of
from minikctl.controllers.ownership import ORPHANS, Claim, controller_ref, selector_of

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSetController(Controller):
    resource = "replicasets.apps"
    api_version = "apps/v1"
    kind = "ReplicaSet"
    counts_terminating = True

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(
            self.client, self.resource, self.api_version, self.kind, part=pods.outline, eligible=_is_claimed
        )

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphan(*split_key(key[len(ORPHANS) :]))
            return None
        namespace, name = split_key(key)
        owner = self.client.peek(self.resource, name, namespace)
        if owner is None:
            return None
        owned = self.claim.owned(owner, selector_of(owner))
        active = [pod for pod in owned if pods.is_active(pod)]
        failure: StatusError | None = None
        wanted = owner["spec"].get("replicas", 1)
        difference = len(active) - wanted
        if "deletionTimestamp" not in owner["metadata"]:
            if difference < 0:
                made, failure = self._create(owner, -difference)
                active += made
            elif difference > 0:
                active, failure = self._delete(owner, active, difference)
        terminating = sum(1 for pod in owned if pods.is_terminating(pod))
        due = self._write_status(owner, active, terminating, difference, failure)
        if failure is not None:
            raise failure
        return due

    def _create(self, owner: Obj, count: int) -> tuple[list[Obj], StatusError | None]:
        reference = controller_ref(self.api_version, self.kind, owner)
        pod = pods.from_template(owner["spec"]["template"], owner, reference)
        return pods.create_many(lambda _: pods.create(self, owner, pod), count)

    def _delete(self, owner: Obj, active: list[Obj], count: int) -> tuple[list[Obj], StatusError | None]:
        """Delete `count` pods, the least valuable first. The pods left, and what went wrong."""
        if count < len(active):
            active = rank(active, self._related(owner), self.clock.now())
        failure: StatusError | None = None
        for pod in active[:count]:
            try:
                pods.delete(self, owner, pod)
            except Exception as error:
                failure = failure or _status_error(error)
        return active[count:], failure

    def _related(self, owner: Obj) -> dict[str, int]:
        """Active pods per node of every owner that shares this one's controller (a Deployment's ReplicaSets)."""
        namespace = owner["metadata"]["namespace"]
        parent = controller_of(owner)
        uids = [owner["metadata"]["uid"]]
        if parent is not None:
            uids = [o["metadata"]["uid"] for o in self.client.items(self.resource, namespace, owner=parent["uid"])]
        counts: dict[str, int] = {}
        for uid in uids:
            for pod in self.client.items("pods", namespace, owner=uid, part=pods.outline):
                if pods.is_active(pod):
                    node = pod["spec"].get("nodeName", "")
                    counts[node] = counts.get(node, 0) + 1
        return counts

    def _write_status(
        self, owner: Obj, active: list[Obj], terminating: int, difference: int, failure: StatusError | None
    ) -> float | None:
        spec, now = owner["spec"], self.clock.now()
        labels = (spec["template"]["metadata"].get("labels") or {}).items()
        min_ready = spec.get("minReadySeconds", 0)
        ready = [pod for pod in active if pods.is_ready(pod)]
        times = [pods.available_at(pod, min_ready) for pod in ready] if min_ready else [0.0] * len(ready)
        due = earliest(*(at for at in times if at is not None and at > now))
        old = owner.get("status") or {}
        status = {
            "replicas": len(active),
            "fullyLabeledReplicas": sum(1 for p in active if labels <= (p["metadata"].get("labels") or {}).items()),
            "readyReplicas": len(ready),
            "availableReplicas": sum(at is not None and at <= now for at in times),
            "terminatingReplicas": terminating if self.counts_terminating else None,
            "observedGeneration": owner["metadata"].get("generation", 0),
            "conditions": self._conditions(owner, difference, failure),
        }
        if not self.counts_terminating and "terminatingReplicas" in old:
            old.pop("terminatingReplicas")
        keep = ("replicas", "terminatingReplicas") if self.counts_terminating else ("replicas",)
        self.put_status(self.resource, owner, compact(status, keep))
        return due

    def _conditions(self, owner: Obj, difference: int, failure: StatusError | None) -> list[Obj]:
        conditions = list((owner.get("status") or {}).get("conditions") or ())
        known = condition(owner, "ReplicaFailure")
        if failure is None:
            return [entry for entry in conditions if entry["type"] != "ReplicaFailure"]
        if known is None:
            conditions.append(
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "lastTransitionTime": self.stamp(),
                    "reason": "FailedCreate" if difference < 0 else "FailedDelete",
                    "message": failure.message,
                }
            )
        return conditions


class ReplicationController(ReplicaSetController):
    resource = "replicationcontrollers"
    api_version = "v1"
    kind = "ReplicationController"
    counts_terminating = False


def _is_claimed(pod: Obj, owner: Obj) -> bool:
    """Only active pods are adopted or released."""
    return pods.is_active(pod)


def _status_error(error: Exception) -> StatusError:
    from minikctl.apimachinery.errors import StatusError

    if isinstance(error, StatusError):
        return error
    raise error


def rank(candidates: list[Obj], related: dict[str, int], now: float) -> list[Obj]:
    """Pods in the order in which scaling down takes them (ActivePodsWithRanks)."""
    entries = [_Ranked(pod, related.get(pod["spec"].get("nodeName", ""), 0), now) for pod in candidates]
    entries.sort(key=cmp_to_key(_compare))
    return [entry.pod for entry in entries]


class _Ranked:
    __slots__ = ("created", "pod", "ready", "restarts", "state", "uid")

    def __init__(self, pod: Obj, rank_: int, now: float) -> None:
        meta = pod["metadata"]
        ready = pods.ready_condition(pod)
        cost = (meta.get("annotations") or {}).get(_DELETION_COST, "0")
        phases = {"Pending": 0, "Unknown": 1}
        self.pod = pod
        self.uid: str = meta["uid"]
        self.state = (
            1 if pod["spec"].get("nodeName") else 0,
            phases.get(pods.phase(pod), 2) if pods.phase(pod) else 0,
            1 if ready else 0,
            parse_int(cost, 32) or 0,
            -rank_,
        )
        self.ready = _age_class(ready.get("lastTransitionTime"), now) if ready else None
        statuses = (pod.get("status") or {}).get("containerStatuses") or ()
        self.restarts = max((s.get("restartCount", 0) for s in statuses), default=0)
        self.created = _age_class(meta.get("creationTimestamp"), now)


def _age_class(since: str | None, now: float) -> tuple[str, int]:
    """The time itself and the logarithm of its age: pods of about the same age are equal."""
    age = (now - seconds_of(since)) * 1e9
    return since or "", int(log2(age)) if age > 0 else -1


def _compare(a: _Ranked, b: _Ranked) -> int:
    if a.state != b.state:
        return -1 if a.state < b.state else 1
    if a.ready and b.ready and a.ready[0] != b.ready[0]:
        return (a.ready[1] - b.ready[1]) or (-1 if a.uid < b.uid else 1)
    if a.restarts != b.restarts:
        return b.restarts - a.restarts
    if a.created[0] != b.created[0]:
        return (a.created[1] - b.created[1]) or (-1 if a.uid < b.uid else 1)
    return 0
