"""The statefulset controller's sync: revisions, one step of the pods, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, earliest
from minikctl.controllers.ownership import ORPHANS, Claim, selector_of
from minikctl.controllers.revisions import History
from minikctl.controllers.statefulset import identity
from minikctl.controllers.statefulset.step import Step

if TYPE_CHECKING:
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_RESOURCE = "statefulsets.apps"


class StatefulSetController(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, _RESOURCE, "apps/v1", "StatefulSet")

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphans(key[len(ORPHANS) :])
            return None
        namespace, name = split_key(key)
        set_ = self.client.peek(_RESOURCE, name, namespace)
        if set_ is None:
            return None
        old = set_.get("status") or {}
        selector = selector_of(set_)
        members = [pod for pod in self.claim.owned(set_, selector) if identity.ordinal_of(pod, set_) >= 0]
        history = History(self.client, set_, "apps/v1", "StatefulSet", "controller.kubernetes.io/hash")
        revisions = history.load(None if "observedGeneration" in old else selector)
        update, collisions = history.current(revisions, old.get("collisionCount", 0))
        current = next((r for r in revisions if r["metadata"]["name"] == old.get("currentRevision")), update)
        step = Step(self, set_, current, update, members)
        failure: StatusError | None = step.run()
        self._write_status(set_, step, collisions)
        live = {identity.revision_of(pod) for pod in members} | {r["metadata"]["name"] for r in (current, update)}
        history.truncate(live)
        if failure is not None:
            raise failure
        return self._next_available(set_, members)

    def _write_status(self, set_: Obj, step: Step, collisions: int) -> None:
        meta = set_["metadata"]
        status = {"observedGeneration": meta.get("generation", 0), "collisionCount": collisions, **step.counts()}
        wanted = identity.replicas_of(set_)
        strategy = (set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        counted = (status.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "replicas"))
        if strategy == "RollingUpdate" and all(count == wanted for count in counted):
            status["currentRevision"] = status["updateRevision"]
            if wanted:
                status["currentReplicas"] = wanted
            else:
                status.pop("currentReplicas", None)
        if conditions := (set_.get("status") or {}).get("conditions"):
            status["conditions"] = conditions
        self.put_status(_RESOURCE, set_, status)

    def _next_available(self, set_: Obj, members: list[Obj]) -> float | None:
        min_ready, now = set_["spec"].get("minReadySeconds", 0), self.clock.now()
        times = [pods.available_at(pod, min_ready) for pod in members]
        return earliest(*(at for at in times if at is not None and at > now))
