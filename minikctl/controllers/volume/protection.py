"""Protection finalizers: a claim stays while a pod uses it, a volume while it is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import remove_finalizer
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.pods import is_finished

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

PVC_FINALIZER = "kubernetes.io/pvc-protection"
PV_FINALIZER = "kubernetes.io/pv-protection"


def _let_go(controller: Controller, resource: str, obj: Obj, finalizer: str) -> None:
    if not remove_finalizer(obj, finalizer):
        return
    try:
        controller.client.update(resource, obj)
    except StatusError as error:
        if error.reason != "NotFound":
            raise


def _uses(pod: Obj, claim: str) -> bool:
    """Only pods that got as far as a node count; of a finished one only claims named in its spec."""
    if not pod["spec"].get("nodeName"):
        return False
    for volume in pod["spec"].get("volumes") or ():
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim:
            return True
        if "ephemeral" in volume and f"{pod['metadata']['name']}-{volume['name']}" == claim and not is_finished(pod):
            return True
    return False


class ClaimProtection(Controller):
    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        claim = self.client.peek("persistentvolumeclaims", name, namespace)
        if claim is None or "deletionTimestamp" not in claim["metadata"]:
            return None
        if PVC_FINALIZER not in (claim["metadata"].get("finalizers") or ()):
            return None
        if not any(_uses(pod, name) for pod in self.client.items("pods", namespace, shared=True)):
            _let_go(self, "persistentvolumeclaims", claim, PVC_FINALIZER)
        return None


class VolumeProtection(Controller):
    def sync(self, key: str) -> float | None:
        volume = self.client.peek("persistentvolumes", key)
        if volume is None or "deletionTimestamp" not in volume["metadata"]:
            return None
        if (volume.get("status") or {}).get("phase") != "Bound":
            _let_go(self, "persistentvolumes", volume, PV_FINALIZER)
        return None
