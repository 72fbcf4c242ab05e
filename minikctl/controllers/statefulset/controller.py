"""The statefulset controller's sync: revisions, one step of the pods, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.ownership import ORPHANS, Claim, is_controlled_by, selector_of
from minikctl.controllers.revisions import History
from minikctl.controllers.statefulset import identity
from minikctl.controllers.statefulset.members import Members
from minikctl.controllers.statefulset.step import Step

if TYPE_CHECKING:
    from typing import Any

    from minikctl.apimachinery.errors import StatusError
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_RESOURCE = "statefulsets.apps"
_KEPT_SETS = 1000


class StatefulSetController(Controller):
    """Keeps the members of sets it has synced; then only pods that changed since are read."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, _RESOURCE, "apps/v1", "StatefulSet", eligible=identity.is_member)
        # key of a set -> (what its members were read for, members)
        self._known: dict[str, tuple[tuple[object, ...], Members]] = {}

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphan(*split_key(key[len(ORPHANS) :]))
            return None
        namespace, name = split_key(key)
        set_ = self.client.peek(_RESOURCE, name, namespace)
        if set_ is None:
            self._known.pop(key, None)
            return None
        old = set_.get("status") or {}
        selector = selector_of(set_)
        history = History(self.client, set_, "apps/v1", "StatefulSet", "controller.kubernetes.io/hash")
        revisions = history.load(selector, adopt="observedGeneration" not in old)
        update, collisions = history.current(revisions, old.get("collisionCount", 0))
        current = next((r for r in revisions if r["metadata"]["name"] == old.get("currentRevision")), update)
        members = self._members(key, set_, selector, update["metadata"]["name"])
        step = Step(self, set_, current, update, members)
        failure: StatusError | None = step.run()
        self._write_status(set_, step, collisions)
        live = {name for name, count in members.revisions.items() if count}
        history.truncate(revisions, live | {r["metadata"]["name"] for r in (current, update)})
        if failure is not None:
            raise failure
        return members.next_available()

    def _members(self, key: str, set_: Obj, selector: Any, update: str) -> Members:
        """What is known of the set's pods, brought up to date."""
        meta, now = set_["metadata"], self.clock.now()
        touched = self.env.touched.pop(key, ())
        stamp = (meta["uid"], meta.get("generation"), update, "observedGeneration" in (set_.get("status") or {}))
        known = self._known.get(key)
        if known is None or known[0] != stamp:
            if len(self._known) >= _KEPT_SETS:
                self._known.clear()
            self._known[key] = known = (stamp, Members(set_, update, self.claim.owned(set_, selector), now))
            return known[1]
        members = known[1]
        for name in touched:
            pod = self.client.peek("pods", name, meta["namespace"])
            if pod is None or not is_controlled_by(pod, meta["uid"]):
                members.drop(name)
            elif "deletionTimestamp" in meta or selector.matches(pod["metadata"].get("labels") or {}):
                members.put(pod)
            else:
                self.claim.release(pod, meta["uid"])
                members.drop(name)
        members.pass_time(now)
        return members

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
