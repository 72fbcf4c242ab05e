"""The deployment controller's sync: which of pausing, scaling, rolling and recreating is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.deployment import history, progress, recreate, rolling, scaling
from minikctl.controllers.deployment import replicasets as sets_
from minikctl.controllers.ownership import ORPHANS, Claim, selector_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

_SELECTS_ALL = "This deployment is selecting all pods. A non-empty selector is required."


class DeploymentController(Controller):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.claim = Claim(self.client, "deployments.apps", "apps/v1", "Deployment", "replicasets.apps")

    def sync(self, key: str) -> float | None:
        if key.startswith(ORPHANS):
            self.claim.adopt_orphan(*split_key(key[len(ORPHANS) :]))
            return None
        namespace, name = split_key(key)
        deployment = self.client.peek("deployments.apps", name, namespace)
        if deployment is None:
            return None
        selector = selector_of(deployment)
        if not selector.requirements:
            self._refuse(deployment)
            return None
        sets = self.claim.owned(deployment, selector)
        if "deletionTimestamp" in deployment["metadata"]:
            new, _ = history.sync_revision(self, deployment, sets, create=False)
            self.put_status("deployments.apps", deployment, progress.calculate(deployment, sets, new, self.clock.now()))
            return None
        self._note_pause(deployment)
        if deployment["spec"].get("paused") or scaling.is_scaling(deployment, sets):
            self._scale(deployment, sets)
            return None
        elif sets_.is_rolling(deployment):
            self._roll(deployment, sets)
        else:
            self._recreate(deployment, sets)
        return progress.deadline_check(deployment)

    def _refuse(self, deployment: Obj) -> None:
        self.recorder.event(deployment, "Warning", "SelectingAll", _SELECTS_ALL)
        status = dict(deployment.get("status") or {})
        status["observedGeneration"] = deployment["metadata"].get("generation", 0)
        self.put_status("deployments.apps", deployment, status)

    def _note_pause(self, deployment: Obj) -> None:
        """Enter or leave the paused state of the Progressing condition (checkPausedConditions)."""
        if not progress.has_deadline(deployment):
            return
        status = dict(deployment.get("status") or {})
        conditions = list(status.get("conditions") or ())
        reason = (progress.find(conditions, "Progressing") or {}).get("reason")
        paused = bool(deployment["spec"].get("paused"))
        if reason == progress.TIMED_OUT or paused == (reason == progress.PAUSED):
            return
        word = "paused" if paused else "resumed"
        entry = progress.new_condition(
            "Progressing", "Unknown", f"Deployment{word.title()}", f"Deployment is {word}", self.clock.now()
        )
        status["conditions"] = progress.with_condition(conditions, entry)
        self.put_status("deployments.apps", deployment, status)

    def _scale(self, deployment: Obj, sets: list[Obj]) -> None:
        new, old = history.sync_revision(self, deployment, sets, create=False)
        scaling.scale(self, deployment, new, old)
        if deployment["spec"].get("paused"):
            history.forget_old(self, deployment, old)
        every = [*old, new] if new is not None else old
        self.put_status("deployments.apps", deployment, progress.calculate(deployment, every, new, self.clock.now()))

    def _roll(self, deployment: Obj, sets: list[Obj]) -> None:
        new, old = history.sync_revision(self, deployment, sets, create=True)
        assert new is not None
        moved = rolling.step(self, deployment, new, old)
        if not moved and progress.is_complete(deployment, deployment.get("status") or {}):
            history.forget_old(self, deployment, old)
        self._put_rollout_status(deployment, new, old)

    def _recreate(self, deployment: Obj, sets: list[Obj]) -> None:
        new, old = history.sync_revision(self, deployment, sets, create=False)
        if recreate.scale_down(self, deployment, old) or recreate.old_pods_running(self, old):
            self._put_rollout_status(deployment, new, old)
            return
        if new is None:
            new, old = history.sync_revision(self, deployment, old, create=True)
            assert new is not None
        self.scale(new, sets_.replicas(deployment), deployment)
        if progress.is_complete(deployment, deployment.get("status") or {}):
            history.forget_old(self, deployment, old)
        self._put_rollout_status(deployment, new, old)

    def _put_rollout_status(self, deployment: Obj, new: Obj | None, old: list[Obj]) -> None:
        every = [*old, new] if new is not None else old
        status = progress.rollout_status(deployment, every, new, self.clock.now())
        self.put_status("deployments.apps", deployment, status)

    def scale(self, rs: Obj, size: int, deployment: Obj, annotate: bool = False) -> bool:
        """Give a ReplicaSet another size, with an event; the size noted on it follows. True where it changed."""
        before = sets_.replicas(rs)
        if before == size and not annotate:
            return False
        noted = sets_.set_size_annotations(rs, deployment)
        if before == size and not noted:
            return False
        rs["spec"]["replicas"] = size
        stored = self.client.update("replicasets.apps", rs)
        rs.update(stored)
        if before == size:
            return False
        way = "up" if before < size else "down"
        message = f"Scaled {way} replica set {rs['metadata']['name']} from {before} to {size}"
        self.recorder.event(deployment, "Normal", "ScalingReplicaSet", message)
        return True

    def write(self, deployment: Obj, status: Obj, revision: str) -> None:
        """Write status and the revision annotation, each where it differs."""
        if revision and sets_.annotations_of(deployment).get(sets_.REVISION) != revision:
            meta = deployment["metadata"]
            meta["annotations"] = {**sets_.annotations_of(deployment), sets_.REVISION: revision}
            deployment["status"] = status
            meta.update(self.client.update("deployments.apps", deployment, subresource="status")["metadata"])
        self.put_status("deployments.apps", deployment, status)
