"""ResourceClaims made from templates for pods, and freed when their pods are done (`pkg/controller/resourceclaim`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import deep_copy
from minikctl.client.component import split_key
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller
from minikctl.controllers.ownership import controller_ref, is_controlled_by

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_CLAIMS = "resourceclaims.resource.k8s.io"
_TEMPLATES = "resourceclaimtemplates.resource.k8s.io"
_FINALIZER = "resource.kubernetes.io/delete-protection"
_POD_CLAIM = "resource.kubernetes.io/pod-claim-name"


class ResourceClaimController(Controller):
    """Keys: "pod:namespace/name" and "claim:namespace/name"."""

    def sync(self, key: str) -> float | None:
        what, _, rest = key.partition(":")
        namespace, name = split_key(rest)
        if what == "claim":
            claim = self.client.peek(_CLAIMS, name, namespace)
            if claim is not None:
                self._sync_claim(claim)
            return None
        pod = self.client.peek("pods", name, namespace)
        if pod is not None and pods.is_active(pod):
            self._sync_pod(pod)
        return None

    def _sync_pod(self, pod: Obj) -> None:
        meta = pod["metadata"]
        mine = self.client.items(_CLAIMS, meta["namespace"], owner=meta["uid"])
        made = {(c["metadata"].get("annotations") or {}).get(_POD_CLAIM): c for c in mine}
        statuses = []
        for entry in pod["spec"].get("resourceClaims") or ():
            template = entry.get("resourceClaimTemplateName")
            if not template:
                continue
            claim = made.get(entry["name"]) or self._create(pod, entry["name"], template)
            if claim is not None:
                statuses.append({"name": entry["name"], "resourceClaimName": claim["metadata"]["name"]})
        status = pod.get("status") or {}
        if statuses and status.get("resourceClaimStatuses") != statuses:
            self.patch_pod_status(pod, {"resourceClaimStatuses": statuses})

    def _create(self, pod: Obj, name: str, template_name: str) -> Obj | None:
        meta = pod["metadata"]
        template = self.client.peek(_TEMPLATES, template_name, meta["namespace"])
        if template is None:
            message = f'PodResourceClaim {name}: resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
            self.recorder.event(pod, "Warning", "FailedResourceClaimCreation", message)
            return None
        spec = deep_copy(template["spec"])
        inner = spec.get("metadata") or {}
        claim: Obj = {
            "apiVersion": template["apiVersion"],
            "kind": "ResourceClaim",
            "metadata": {
                "generateName": f"{meta['name']}-{name}-",
                "namespace": meta["namespace"],
                "annotations": {**(inner.get("annotations") or {}), _POD_CLAIM: name},
                "ownerReferences": [controller_ref("v1", "Pod", pod)],
            },
            "spec": spec["spec"],
        }
        if inner.get("labels"):
            claim["metadata"]["labels"] = inner["labels"]
        return self.client.create(_CLAIMS, claim, meta["namespace"])

    def _sync_claim(self, claim: Obj) -> None:
        """Drop users that are gone or finished; delete a generated claim of a finished pod."""
        meta = claim["metadata"]
        status = claim.get("status") or {}
        users = status.get("reservedFor") or []
        kept = [user for user in users if self._still_uses(user, meta["namespace"])]
        protected = _FINALIZER in (meta.get("finalizers") or ())
        unwanted = "deletionTimestamp" in meta
        if kept != users or (unwanted and not kept and status.get("allocation")):
            # Devices go back as soon as nobody uses them any more.
            gone = {"reservedFor"} if kept or not protected else {"reservedFor", "allocation", "devices"}
            fresh = {key: value for key, value in status.items() if key not in gone}
            self.put_status(_CLAIMS, claim, {**fresh, "reservedFor": kept} if kept else fresh)
            meta = claim["metadata"]
            if not kept and protected:
                self._release(claim)
        elif unwanted and not kept and protected:
            self._release(claim)
        if kept or unwanted:
            return
        for reference in meta.get("ownerReferences") or ():
            if reference["kind"] != "Pod":
                continue
            pod = self.client.peek("pods", reference["name"], meta["namespace"])
            if pod is not None and is_controlled_by(claim, pod["metadata"]["uid"]) and pods.is_finished(pod):
                try:
                    self.client.delete(_CLAIMS, meta["name"], meta["namespace"])
                except StatusError as error:
                    if error.reason != "NotFound":
                        raise

    def _release(self, claim: Obj) -> None:
        """Let go of a claim whose devices are free again."""
        meta = claim["metadata"]
        finalizers = [finalizer for finalizer in meta.get("finalizers") or () if finalizer != _FINALIZER]
        self.client.update(_CLAIMS, {**claim, "metadata": {**meta, "finalizers": finalizers}})

    def _still_uses(self, user: Obj, namespace: str) -> bool:
        if user.get("resource") != "pods" or user.get("apiGroup"):
            return True
        pod = self.client.peek("pods", user["name"], namespace)
        return pod is not None and pod["metadata"]["uid"] == user.get("uid") and not pods.is_finished(pod)
