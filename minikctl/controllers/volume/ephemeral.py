"""Generic ephemeral volumes: the claim that belongs to a pod (upstream's `volume/ephemeral`)."""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import deep_copy
from minikctl.apimachinery.request import Obj
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.ownership import controller_ref

_CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Controller):
    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        pod = self.client.peek("pods", name, namespace)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return None
        for volume in pod["spec"].get("volumes") or ():
            if "ephemeral" in volume:
                self._ensure(pod, volume)
        return None

    def _ensure(self, pod: Obj, volume: Obj) -> None:
        meta = pod["metadata"]
        name = f"{meta['name']}-{volume['name']}"
        found = self.client.peek(_CLAIMS, name, meta["namespace"])
        if found is not None:
            if any(owner["uid"] == meta["uid"] for owner in found["metadata"].get("ownerReferences") or ()):
                return
            who = f'pod "{meta["namespace"]}/{meta["name"]}"'
            raise StatusError("Conflict", f'PVC "{meta["namespace"]}/{name}" was not created for {who}')
        template = deep_copy(volume["ephemeral"]["volumeClaimTemplate"])
        claim: Obj = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                **(template.get("metadata") or {}),
                "name": name,
                "namespace": meta["namespace"],
                "ownerReferences": [controller_ref("v1", "Pod", pod)],
            },
            "spec": template["spec"],
        }
        try:
            self.client.create(_CLAIMS, claim, meta["namespace"])
        except StatusError as error:
            message = f"ephemeral volume controller failed to create PVC {name}: {error.message}"
            self.recorder.event(pod, "Warning", "FailedCreate", message)
            raise
