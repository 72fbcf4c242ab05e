"""Claims of a StatefulSet's pods: making them, and who owns them under the retention policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError, aggregate
from minikctl.controllers.ownership import controller_ref
from minikctl.controllers.statefulset import identity

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.controller import Controller

_CLAIMS = "persistentvolumeclaims"


def create_missing(controller: Controller, set_: Obj, pod: Obj, ordinal: int) -> None:
    """Create the claims of a pod that are not there; the error tells of all that cannot be had."""
    failures: list[StatusError] = []
    for claim in identity.claims_of(set_, ordinal):
        meta = claim["metadata"]
        found = controller.client.peek(_CLAIMS, meta["name"], meta["namespace"])
        if found is not None:
            if "deletionTimestamp" in found["metadata"]:
                failures.append(StatusError("Conflict", f"pvc {meta['name']} is being deleted"))
            continue
        what = f"Pod {pod['metadata']['name']} in StatefulSet {set_['metadata']['name']}"
        try:
            controller.client.create(_CLAIMS, claim, meta["namespace"])
        except StatusError as error:
            message = f"Create Claim {meta['name']} for {what} failed error: {error.message}"
            controller.recorder.event(set_, "Warning", "FailedCreate", message)
            message = f"failed to create PVC {meta['name']}: {error.message}"
            failures.append(StatusError(error.reason, message, error.details))
        else:
            controller.recorder.event(set_, "Normal", "SuccessfulCreate", f"Create Claim {meta['name']} {what} success")
    if failures:
        message = aggregate(failure.message for failure in failures)
        raise StatusError(failures[0].reason, message, failures[0].details)


def is_stale(controller: Controller, set_: Obj, ordinal: int) -> bool:
    """Whether a claim goes with an earlier pod of that name, by a policy that deletes those of a smaller set."""
    if (set_["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled") != "Delete":
        return False
    named = ("v1", "Pod", f"{set_['metadata']['name']}-{ordinal}")
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        namespace = set_["metadata"]["namespace"]
        claim = controller.client.peek(_CLAIMS, identity.claim_name(template, set_, ordinal), namespace)
        for reference in (claim or {"metadata": {}})["metadata"].get("ownerReferences") or ():
            if (reference["apiVersion"], reference["kind"], reference["name"]) == named:
                return True
    return False


def apply_retention(controller: Controller, set_: Obj, pod: Obj, ordinal: int) -> bool:
    """Let a pod's claims be owned by the set, the pod or nobody, as the retention policy says. True for a change."""
    policy = set_["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    owner: Obj | None = None
    if policy.get("whenScaled") == "Delete" and not identity.in_range(ordinal, set_):
        owner = controller_ref("v1", "Pod", pod)
    elif policy.get("whenDeleted") == "Delete":
        owner = controller_ref("apps/v1", "StatefulSet", set_)
    deletes = "Delete" in policy.values()
    changed = False
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        name = identity.claim_name(template, set_, ordinal)
        claim = controller.client.peek(_CLAIMS, name, set_["metadata"]["namespace"])
        if claim is None:
            continue
        references = claim["metadata"].get("ownerReferences") or []
        wanted = _wanted(references, set_, pod, owner, deletes)
        if wanted != references:
            claim["metadata"]["ownerReferences"] = wanted
            controller.client.update(_CLAIMS, claim)
            changed = True
    return changed


def _wanted(references: list[Obj], set_: Obj, pod: Obj, owner: Obj | None, deletes: bool) -> list[Obj]:
    """A claim's owners by a policy that `deletes` claims or not (updateClaimOwnerRefForSetAndPod).

    Claims of an earlier set or pod of the same name are not touched, and those that somebody else controls
    are given no owner by a policy that deletes.
    """
    uids = {
        ("apps/v1", "StatefulSet", set_["metadata"]["name"]): set_["metadata"]["uid"],
        ("v1", "Pod", pod["metadata"]["name"]): pod["metadata"].get("uid"),
    }
    others: list[Obj] = []
    for reference in references:
        named = (reference["apiVersion"], reference["kind"], reference["name"])
        if named not in uids:
            others.append(reference)
        elif uids[named] != reference["uid"]:
            return references
    if owner is None or (deletes and any(reference.get("controller") for reference in others)):
        return others
    return [*others, owner]
