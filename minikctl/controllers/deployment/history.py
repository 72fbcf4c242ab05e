"""Revisions: finding or making the ReplicaSet of the current template, forgetting old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.controllers.deployment import progress
from minikctl.controllers.deployment import replicasets as sets_
from minikctl.controllers.ownership import controller_ref, is_controlled_by
from minikctl.controllers.pods import namespace_terminating
from minikctl.controllers.templatehash import pod_template_hash

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.deployment.controller import DeploymentController

_KEEP_ALL = 2**31 - 1


def sync_revision(
    controller: DeploymentController, deployment: Obj, sets: list[Obj], create: bool
) -> tuple[Obj | None, list[Obj]]:
    """(new, old) ReplicaSets with the revision noted on the new one; it is made where asked for."""
    new = sets_.find_new(deployment, sets)
    old = [rs for rs in sets if new is None or rs["metadata"]["uid"] != new["metadata"]["uid"]]
    revision = max((sets_.revision_of(rs) for rs in old), default=0) + 1
    if new is not None:
        return _note_existing(controller, deployment, new, revision), old
    if not create:
        return None, old
    return _create_new(controller, deployment, old, revision), old


def _note_existing(controller: DeploymentController, deployment: Obj, new: Obj, revision: int) -> Obj:
    min_ready = deployment["spec"].get("minReadySeconds", 0)
    changed = sets_.set_new_annotations(deployment, new, revision, exists=True)
    if changed or new["spec"].get("minReadySeconds", 0) != min_ready:
        new["spec"]["minReadySeconds"] = min_ready
        return controller.client.update("replicasets.apps", new)
    status = dict(deployment.get("status") or {})
    conditions = list(status.get("conditions") or ())
    if progress.has_deadline(deployment) and progress.find(conditions, "Progressing") is None:
        message = f'Found new replica set "{new["metadata"]["name"]}"'
        entry = progress.new_condition("Progressing", "True", "FoundNewReplicaSet", message, controller.clock.now())
        status["conditions"] = [*conditions, entry]
    controller.write(deployment, status, sets_.annotations_of(new).get(sets_.REVISION, ""))
    return new


def _create_new(controller: DeploymentController, deployment: Obj, old: list[Obj], revision: int) -> Obj:
    meta, spec = deployment["metadata"], deployment["spec"]
    status = dict(deployment.get("status") or {})
    new = _new_set(deployment, pod_template_hash(spec["template"], status.get("collisionCount")))
    size = sets_.new_size(deployment, [*old, new], new)
    new["spec"]["replicas"] = size
    sets_.set_new_annotations(deployment, new, revision, exists=False)
    name, existed = new["metadata"]["name"], False
    try:
        made = controller.client.create("replicasets.apps", new, meta["namespace"])
    except StatusError as error:
        found = controller.client.peek("replicasets.apps", name, meta["namespace"])
        if error.reason == "AlreadyExists" and found is not None:
            if not _is_ours(found, deployment):
                status["collisionCount"] = status.get("collisionCount", 0) + 1
                controller.put_status("deployments.apps", deployment, status)
                raise
            made, existed = found, True
        else:
            _note_failure(controller, deployment, status, name, error)
            raise
    if not existed and size > 0:
        message = f"Scaled up replica set {name} from 0 to {size}"
        controller.recorder.event(deployment, "Normal", "ScalingReplicaSet", message)
    if not existed and progress.has_deadline(deployment):
        entry = progress.new_condition(
            "Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', controller.clock.now()
        )
        status["conditions"] = progress.with_condition(list(status.get("conditions") or ()), entry)
    controller.write(deployment, status, str(revision))
    return made


def _new_set(deployment: Obj, hash_: str) -> Obj:
    meta, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    labels = {**(template["metadata"].get("labels") or {}), sets_.HASH_LABEL: hash_}
    selector = dict(spec.get("selector") or {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), sets_.HASH_LABEL: hash_}
    new: Obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{hash_}",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [controller_ref("apps/v1", "Deployment", deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": selector,
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        },
    }
    if min_ready := spec.get("minReadySeconds"):
        new["spec"]["minReadySeconds"] = min_ready
    return new


def _is_ours(rs: Obj, deployment: Obj) -> bool:
    return is_controlled_by(rs, deployment["metadata"]["uid"]) and sets_.same_template(
        rs["spec"]["template"], deployment["spec"]["template"]
    )


def _note_failure(
    controller: DeploymentController, deployment: Obj, status: Obj, name: str, error: StatusError
) -> None:
    if namespace_terminating(error):
        return
    message = f'Failed to create new replica set "{name}": {error.message}'
    if progress.has_deadline(deployment):
        entry = progress.new_condition("Progressing", "False", "ReplicaSetCreateError", message, controller.clock.now())
        status["conditions"] = progress.with_condition(list(status.get("conditions") or ()), entry)
        controller.put_status("deployments.apps", deployment, status)
    controller.recorder.event(deployment, "Warning", "ReplicaSetCreateError", message)


def forget_old(controller: DeploymentController, deployment: Obj, old: list[Obj]) -> None:
    """Delete old ReplicaSets beyond the history limit, the lowest revisions first (cleanupDeployment)."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    if limit is None or limit == _KEEP_ALL:
        return
    alive = [rs for rs in old if "deletionTimestamp" not in rs["metadata"]]
    surplus = len(alive) - limit
    if surplus <= 0:
        return
    for rs in sorted(sets_.by_creation(alive), key=sets_.revision_of)[:surplus]:
        status = rs.get("status") or {}
        stale = rs["metadata"].get("generation", 0) > status.get("observedGeneration", 0)
        if status.get("replicas") or sets_.replicas(rs) or stale:
            continue
        try:
            controller.client.delete("replicasets.apps", rs["metadata"]["name"], rs["metadata"]["namespace"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
