"""Claims of a StatefulSet's pods: making them, and who owns them under the retention policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.controllers.ownership import controller_ref
from minikctl.controllers.statefulset import identity

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.controller import Controller

_CLAIMS = "persistentvolumeclaims"


def create_missing(controller: Controller, set_: Obj, pod: Obj, ordinal: int) -> None:
    """Create the claims of a pod that are not there."""
    failure: StatusError | None = None
    for claim in identity.claims_of(set_, ordinal):
        meta = claim["metadata"]
        found = controller.client.peek(_CLAIMS, meta["name"], meta["namespace"])
        if found is not None:
            if "deletionTimestamp" in found["metadata"]:
                message = f"pvc {meta['name']} is being deleted"
                failure = failure or StatusError("Conflict", message)
            continue
        what = f"Pod {pod['metadata']['name']} in StatefulSet {set_['metadata']['name']}"
        try:
            controller.client.create(_CLAIMS, claim, meta["namespace"])
        except StatusError as error:
            message = f"Create Claim {meta['name']} for {what} failed error: {error.message}"
            controller.recorder.event(set_, "Warning", "FailedCreate", message)
            failure = failure or error
        else:
            controller.recorder.event(set_, "Normal", "SuccessfulCreate", f"Create Claim {meta['name']} {what} success")
    if failure is not None:
        raise failure


def is_stale(controller: Controller, set_: Obj, ordinal: int) -> bool:
    """Whether a claim still belongs to an earlier pod of that name."""
    name = f"{set_['metadata']['name']}-{ordinal}"
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        namespace = set_["metadata"]["namespace"]
        claim = controller.client.peek(_CLAIMS, identity.claim_name(template, set_, ordinal), namespace)
        for reference in (claim or {"metadata": {}})["metadata"].get("ownerReferences") or ():
            if reference["kind"] == "Pod" and reference["name"] == name:
                return True
    return False


def apply_retention(controller: Controller, set_: Obj, pod: Obj, ordinal: int) -> None:
    """Let the claims of a pod be owned by the set, the pod or nobody, as the retention policy says."""
    policy = set_["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    owner: Obj | None = None
    if policy.get("whenScaled") == "Delete" and not identity.in_range(ordinal, set_):
        owner = controller_ref("v1", "Pod", pod)
    elif policy.get("whenDeleted") == "Delete":
        owner = controller_ref("apps/v1", "StatefulSet", set_)
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        name = identity.claim_name(template, set_, ordinal)
        claim = controller.client.peek(_CLAIMS, name, set_["metadata"]["namespace"])
        if claim is None:
            continue
        references = claim["metadata"].get("ownerReferences") or []
        ours = {set_["metadata"]["uid"], pod["metadata"].get("uid")}
        if any(r.get("controller") and r["uid"] not in ours for r in references):
            continue  # somebody else's: the policy does not apply
        wanted = [reference for reference in references if reference["uid"] not in ours]
        wanted += [owner] if owner else []
        if wanted != references:
            claim["metadata"]["ownerReferences"] = wanted
            controller.client.update(_CLAIMS, claim)
