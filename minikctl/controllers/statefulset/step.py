"""One pass over a StatefulSet's pods: create, wait, scale down, update (upstream's `stateful_set_control.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import switches
from minikctl.apimachinery.errors import StatusError
from minikctl.controllers import pods
from minikctl.controllers.controller import scaled
from minikctl.controllers.revisions import template_of
from minikctl.controllers.statefulset import claims, identity

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.controller import Controller
    from minikctl.controllers.statefulset.members import Members


class Step:
    """The state of one pass. `run` acts; `counts` is the part of the status that the pods give."""

    def __init__(self, controller: Controller, set_: Obj, current: Obj, update: Obj, members: Members) -> None:
        self.controller = controller
        self.set = set_
        self.members = members
        self.current: str = current["metadata"]["name"]
        self.update: str = update["metadata"]["name"]
        self.revisions = {self.current: current, self.update: update}
        self.ordered = set_["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel"
        self.removed_current = 0

    def run(self) -> StatusError | None:
        """Act on the pods as far as this pass may; the failure, if something was refused."""
        if "deletionTimestamp" in self.set["metadata"]:
            return None
        try:
            if self._process_all() or self._condemn_all():
                return None
            if (self.set["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
                self._update()
        except StatusError as error:
            return error
        return None

    def counts(self) -> Obj:
        """Counted replicas and revision names (updateStatus)."""
        members = self.members
        fields: Obj = {
            "replicas": members.created,
            "availableReplicas": members.available,
            "currentRevision": self.current,
            "updateRevision": self.update,
        }
        optional = {
            "readyReplicas": members.ready,
            "currentReplicas": members.living(self.current) - self.removed_current,
            "updatedReplicas": members.living(self.update),
        }
        return {**fields, **{name: count for name, count in optional.items() if count > 0}}

    def _planned(self, ordinal: int) -> Obj:
        """The pod to create: of the current revision below the partition, of the new one from there on."""
        strategy = self.set["spec"].get("updateStrategy") or {}
        rolling = strategy.get("rollingUpdate")
        start = self.members.start
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            old = False
        elif rolling is None:
            old = ordinal < start + (self.set.get("status") or {}).get("currentReplicas", 0)
        else:
            old = ordinal < start + rolling.get("partition", 0)
        revision = self.current if old else self.update
        return identity.new_pod(self.set, template_of(self.revisions[revision]), revision, ordinal)

    def _pod(self, ordinal: int) -> Obj | None:
        meta = self.set["metadata"]
        return self.controller.client.peek("pods", f"{meta['name']}-{ordinal}", meta["namespace"])

    def _process_all(self) -> bool:
        """Process the wanted replicas that need it, in order; True where the pass ends here."""
        if self.ordered:
            while (ordinal := self.members.first_wanting()) is not None:
                if self._process(ordinal):
                    return True
            return False
        failure: StatusError | None = None
        failed_batch = 0
        for ordinal in self.members.wanting():
            batch = (ordinal - self.members.start + 1).bit_length()
            if failure is not None and batch != failed_batch:
                break  # batches of 1, 2, 4, ... replicas; none after one with a failure (slowStartBatch)
            try:
                self._process(ordinal)
            except StatusError as error:
                failure, failed_batch = failure or error, batch
        if failure is not None:
            raise failure
        return False

    def _process(self, ordinal: int) -> bool:
        """Do what one replica needs; True where one must wait for it (or it cannot be helped in this pass)."""
        member = self.members.at(ordinal)
        if member is None:
            if claims.is_stale(self.controller, self.set, ordinal):
                return True
            self._create(self._planned(ordinal), ordinal)
            return True
        if member.finished:
            if not member.terminating:
                self._delete(member.name)
            return True
        pod = self._pod(ordinal)
        if pod is None:
            return True
        if member.phase == "Pending":
            claims.create_missing(self.controller, self.set, pod, ordinal)
            claims.apply_retention(self.controller, self.set, pod, ordinal)
        if self.ordered and not self.members.is_healthy(ordinal):
            return True
        self._repair(pod, ordinal)
        self.members.mark_checked(ordinal)
        return False

    def _create(self, pod: Obj, ordinal: int) -> None:
        meta = pod["metadata"]
        try:
            claims.create_missing(self.controller, self.set, pod, ordinal)
            made = self.controller.client.create("pods", pod, meta["namespace"])
        except StatusError as error:
            if error.reason != "AlreadyExists" and not pods.namespace_terminating(error):
                claims.apply_retention(self.controller, self.set, pod, ordinal)
                self._tell("Create", meta["name"], error)
            raise
        claims.apply_retention(self.controller, self.set, made, ordinal)
        self._tell("Create", meta["name"])
        self.members.put(made)

    def _delete(self, name: str) -> None:
        try:
            self.controller.client.delete("pods", name, self.set["metadata"]["namespace"])
        except StatusError as error:
            if error.reason == "NotFound":
                return
            self._tell("Delete", name, error)
            raise
        self._tell("Delete", name)

    def _tell(self, verb: str, name: str, error: StatusError | None = None) -> None:
        """An event of what was done to a pod, or why it could not be (recordPodEvent)."""
        what = f"{verb} Pod {name} in StatefulSet {self.set['metadata']['name']}"
        recorder = self.controller.recorder
        if error is None:
            recorder.event(self.set, "Normal", f"Successful{verb}", f"{what} successful")
        else:
            recorder.event(self.set, "Warning", f"Failed{verb}", f"{what} failed error: {error.message}")

    def _repair(self, pod: Obj, ordinal: int) -> None:
        """Enforce identity, storage and claim ownership (UpdateStatefulPod).

        The pod is written, and an event says so, even where only its claims have changed.
        """
        name = pod["metadata"]["name"]
        stored = identity.has_storage(pod, self.set, ordinal)
        consistent = stored and identity.has_identity(pod, self.set)
        try:
            if not stored:
                claims.create_missing(self.controller, self.set, pod, ordinal)
            if claims.apply_retention(self.controller, self.set, pod, ordinal):
                consistent = False
            if consistent:
                return
            identity.give_identity(pod, self.set, ordinal)
            self.controller.client.update("pods", pod)
        except StatusError as error:
            self._tell("Update", name, error)
            raise
        self._tell("Update", name)

    def _condemn_all(self) -> bool:
        """Delete what is out of range, the highest ordinal first; True where the pass ends here."""
        for ordinal in self.members.unchecked():
            if (pod := self._pod(ordinal)) is not None:
                claims.apply_retention(self.controller, self.set, pod, ordinal)
            self.members.mark_checked(ordinal)
        for ordinal in reversed(self.members.condemned):
            member = self.members.at(ordinal)
            assert member is not None
            if member.terminating:
                if self.ordered:
                    return True
                continue
            if self.ordered and not self.members.is_healthy(ordinal) and self._others_first(ordinal):
                return True
            self._delete(member.name)
            if self.ordered:
                return True
        return False

    def _others_first(self, ordinal: int) -> bool:
        """Whether another pod than this one is the first that is not healthy."""
        return self.members.unavailable > 0 or any(
            not self.members.is_healthy(lower) for lower in self.members.condemned if lower < ordinal
        )

    def _update(self) -> None:
        """Delete outdated pods from the highest ordinal down, those beyond the partition."""
        rolling = (self.set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        lowest = self.members.start + rolling.get("partition", 0)
        if not switches.enabled(self.controller.env.settings, "MaxUnavailableStatefulSet"):
            ordinal = self.members.outdated[-1] if self.members.outdated else -1
            if ordinal >= lowest and not self.members.unhealthy_above(ordinal):
                self._replace(ordinal)
            return
        replicas = self.members.end - self.members.start
        most = max(1, scaled(rolling.get("maxUnavailable", 1), replicas, False))
        spare = most - self.members.unavailable
        for ordinal in reversed(self.members.outdated):
            if spare <= 0 or ordinal < lowest:
                return
            spare -= self._replace(ordinal)

    def _replace(self, ordinal: int) -> bool:
        """Delete an outdated pod, unless it is on its way out already."""
        member = self.members.at(ordinal)
        if member is None or member.terminating:
            return False
        self._delete(member.name)
        self.removed_current += member.revision == self.current
        return True
