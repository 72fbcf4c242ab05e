"""Deletion of a CustomResourceDefinition: its instances go first, then the definition itself.

Upstream runs it inside the apiserver: apiextensions-apiserver's `pkg/controller/finalizer`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.apimachinery.request import Obj
from minikctl.controllers.controller import Controller

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_IN_PROGRESS = ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
_COMPLETED = ("False", "InstanceDeletionCompleted", "removed all instances")


class CustomResourceFinalizer(Controller):
    def sync(self, key: str) -> float | None:
        crd = self.client.peek(CRDS, key)
        if crd is None or "deletionTimestamp" not in crd["metadata"]:
            return None
        finalizers = crd["metadata"].get("finalizers") or []
        if _FINALIZER not in finalizers:
            return None
        self._delete_instances(key)
        if self.client.items(key):
            self._explain(crd, _IN_PROGRESS)
            return None
        crd["metadata"]["finalizers"] = [name for name in finalizers if name != _FINALIZER]
        self._explain(crd, _COMPLETED)
        return None

    def _delete_instances(self, key: str) -> None:
        for obj in self.client.items(key):
            meta = obj["metadata"]
            if "deletionTimestamp" in meta:
                continue
            try:
                self.client.delete(key, meta["name"], meta.get("namespace", ""))
            except StatusError as error:
                if error.reason != "NotFound":
                    raise

    def _explain(self, crd: Obj, what: tuple[str, str, str]) -> None:
        """Write the Terminating condition; a write without finalizers is the definition's end."""
        value, reason, message = what
        status = dict(crd.get("status") or {})
        status["conditions"] = [dict(condition) for condition in status.get("conditions") or ()]
        entry = {"type": "Terminating", "status": value, "reason": reason, "message": message}
        set_condition(status, entry, self.stamp())
        self.put_status(CRDS, crd, status)
