"""One pass over a StatefulSet's pods: create, wait, scale down, update (upstream's `stateful_set_control.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.controllers import pods
from minikctl.controllers.controller import scaled
from minikctl.controllers.revisions import template_of
from minikctl.controllers.statefulset import claims, identity

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.controller import Controller


class Step:
    """The state of one pass. `run` acts; `counts` is the part of the status that the pods give."""

    def __init__(self, controller: Controller, set_: Obj, current: Obj, update: Obj, members: list[Obj]) -> None:
        self.controller = controller
        self.set = set_
        self.current: str = current["metadata"]["name"]
        self.update: str = update["metadata"]["name"]
        self.templates = {self.current: template_of(current), self.update: template_of(update)}
        self.min_ready: int = set_["spec"].get("minReadySeconds", 0)
        self.ordered = set_["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel"
        self.now = controller.clock.now()
        self.start = identity.start_of(set_)
        by_ordinal = {identity.ordinal_of(pod, set_): pod for pod in members}
        self.replicas = [
            by_ordinal.get(ordinal) or self._planned(ordinal)
            for ordinal in range(self.start, self.start + identity.replicas_of(set_))
        ]
        self.condemned = [
            by_ordinal[ordinal] for ordinal in sorted(by_ordinal, reverse=True) if not identity.in_range(ordinal, set_)
        ]
        self.removed_current = 0

    def run(self) -> StatusError | None:
        """Act on the pods as far as this pass may; the failure, if something was refused."""
        if "deletionTimestamp" in self.set["metadata"]:
            return None
        first_unhealthy = next((p for p in [*self.replicas, *reversed(self.condemned)] if not self._available(p)), None)
        try:
            if self._process_all() or self._condemn_all(first_unhealthy):
                return None
            if (self.set["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
                self._update()
        except StatusError as error:
            return error
        return None

    def counts(self) -> Obj:
        """Counted replicas and revision names (updateStatus)."""
        replicas = ready = available = current = updated = 0
        for pod in [*self.replicas, *self.condemned]:
            if not pods.phase(pod):
                continue
            replicas += 1
            if _running_and_ready(pod):
                ready += 1
                available += self._available(pod)
            if "deletionTimestamp" not in pod["metadata"]:
                revision = identity.revision_of(pod)
                current += revision == self.current
                updated += revision == self.update
        fields: Obj = {
            "replicas": replicas,
            "availableReplicas": available,
            "currentRevision": self.current,
            "updateRevision": self.update,
        }
        optional = {"readyReplicas": ready, "currentReplicas": current - self.removed_current}
        optional["updatedReplicas"] = updated
        return {**fields, **{name: count for name, count in optional.items() if count > 0}}

    def _planned(self, ordinal: int) -> Obj:
        """The pod to create: of the current revision below the partition, of the new one from there on."""
        strategy = self.set["spec"].get("updateStrategy") or {}
        rolling = strategy.get("rollingUpdate")
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            old = False
        elif rolling is None:
            old = ordinal < self.start + (self.set.get("status") or {}).get("currentReplicas", 0)
        else:
            old = ordinal < self.start + rolling.get("partition", 0)
        revision = self.current if old else self.update
        return identity.new_pod(self.set, self.templates[revision], revision, ordinal)

    def _available(self, pod: Obj) -> bool:
        """Running, ready and that for long enough, and not on its way out."""
        return (
            _running_and_ready(pod)
            and pods.is_available(pod, self.min_ready, self.now)
            and "deletionTimestamp" not in pod["metadata"]
        )

    def _process_all(self) -> bool:
        """Process the wanted replicas in order; True where the pass ends here."""
        if self.ordered:
            return any(self._process(index) for index in range(len(self.replicas)))
        failure: StatusError | None = None
        for index in range(len(self.replicas)):
            try:
                self._process(index)
            except StatusError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return False

    def _process(self, index: int) -> bool:
        pod, ordinal = self.replicas[index], self.start + index
        if pods.is_finished(pod):
            if "deletionTimestamp" not in pod["metadata"]:
                self._delete(pod)
            return True
        if "uid" not in pod["metadata"]:
            if claims.is_stale(self.controller, self.set, ordinal):
                return True
            pod = self.replicas[index] = self._create(pod, ordinal)
            if self.ordered:
                return True
        elif pods.phase(pod) == "Pending":
            claims.create_missing(self.controller, self.set, pod, ordinal)
        if self.ordered and not self._available(pod):
            return True
        self._repair(pod, ordinal)
        return False

    def _create(self, pod: Obj, ordinal: int) -> Obj:
        meta = pod["metadata"]
        what = f"Pod {meta['name']} in StatefulSet {self.set['metadata']['name']}"
        recorder = self.controller.recorder
        claims.create_missing(self.controller, self.set, pod, ordinal)
        try:
            made = self.controller.client.create("pods", pod, meta["namespace"])
        except StatusError as error:
            if error.reason != "AlreadyExists" and not pods.namespace_terminating(error):
                message = f"Create {what} failed error: {error.message}"
                recorder.event(self.set, "Warning", "FailedCreate", message)
            raise
        recorder.event(self.set, "Normal", "SuccessfulCreate", f"Create {what} successful")
        claims.apply_retention(self.controller, self.set, made, ordinal)
        return made

    def _delete(self, pod: Obj) -> None:
        meta = pod["metadata"]
        what = f"Pod {meta['name']} in StatefulSet {self.set['metadata']['name']}"
        try:
            self.controller.client.delete("pods", meta["name"], meta["namespace"])
        except StatusError as error:
            if error.reason == "NotFound":
                return
            message = f"Delete {what} failed error: {error.message}"
            self.controller.recorder.event(self.set, "Warning", "FailedDelete", message)
            raise
        self.controller.recorder.event(self.set, "Normal", "SuccessfulDelete", f"Delete {what} successful")

    def _repair(self, pod: Obj, ordinal: int) -> None:
        """Enforce identity, storage and claim ownership (UpdateStatefulPod)."""
        if not identity.has_identity(pod, self.set, ordinal):
            identity.give_identity(pod, self.set, ordinal)
            stored = self.controller.client.update("pods", pod)
            pod["metadata"] = stored["metadata"]
        if not identity.has_storage(pod, self.set, ordinal):
            claims.create_missing(self.controller, self.set, pod, ordinal)
        if self.set["spec"].get("volumeClaimTemplates"):
            claims.apply_retention(self.controller, self.set, pod, ordinal)

    def _condemn_all(self, first_unhealthy: Obj | None) -> bool:
        """Delete what is out of range, the highest ordinal first; True where the pass ends here."""
        for pod in self.condemned:
            claims.apply_retention(self.controller, self.set, pod, identity.ordinal_of(pod, self.set))
        for pod in self.condemned:
            if "deletionTimestamp" in pod["metadata"]:
                if self.ordered:
                    return True
                continue
            if self.ordered and pod is not first_unhealthy and not self._available(pod):
                return True
            self._delete(pod)
            if self.ordered:
                return True
        return False

    def _update(self) -> None:
        """Delete outdated pods from the highest ordinal down, as many as may be unavailable."""
        rolling = (self.set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        most = max(1, scaled(rolling.get("maxUnavailable", 1), len(self.replicas), False))
        spare = most - sum(1 for pod in self.replicas if not self._available(pod))
        for index in range(len(self.replicas) - 1, rolling.get("partition", 0) - 1, -1):
            if spare <= 0:
                return
            pod = self.replicas[index]
            if identity.revision_of(pod) != self.update and "deletionTimestamp" not in pod["metadata"]:
                self._delete(pod)
                self.removed_current += identity.revision_of(pod) == self.current
                spare -= 1


def _running_and_ready(pod: Obj) -> bool:
    return pods.phase(pod) == "Running" and pods.is_ready(pod)
