"""Attach/detach: VolumeAttachments for CSI volumes of pods on nodes (upstream's `volume/attachdetach`).

Whether a volume gets attached is up to the driver's attacher, which an emulated cluster has not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "volumeattachments.storage.k8s.io"


class AttachDetachController(Controller):
    """Keys are node names: each holds what its pods need, and nothing else."""

    def sync(self, key: str) -> float | None:
        wanted: dict[str, Obj] = {}
        for pod in self.client.items("pods", node=key):
            if not pods.is_finished(pod):
                for volume in self._csi_volumes(pod):
                    attachment = _attachment(volume, key)
                    wanted[attachment["metadata"]["name"]] = attachment
        present = {
            found["metadata"]["name"]: found
            for found in self.client.items(_RESOURCE)
            if found["spec"].get("nodeName") == key
        }
        for name, attachment in wanted.items():
            if name not in present:
                self.client.create(_RESOURCE, attachment)
        for name, attachment in present.items():
            if name not in wanted and "deletionTimestamp" not in attachment["metadata"]:
                try:
                    self.client.delete(_RESOURCE, name)
                except StatusError as error:
                    if error.reason != "NotFound":
                        raise
        return None

    def _csi_volumes(self, pod: Obj) -> list[Obj]:
        """The volumes of a pod whose driver asks for attaching."""
        found = []
        meta = pod["metadata"]
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if "ephemeral" in volume:
                name = f"{meta['name']}-{volume['name']}"
            claim = self.client.peek("persistentvolumeclaims", name, meta["namespace"]) if name else None
            bound = (claim or {}).get("spec", {}).get("volumeName")
            persistent = self.client.peek("persistentvolumes", bound) if bound else None
            if persistent is not None and "csi" in persistent["spec"]:
                driver = self.client.peek("csidrivers.storage.k8s.io", persistent["spec"]["csi"]["driver"])
                if driver is None or driver["spec"].get("attachRequired", True):
                    found.append(persistent)
        return found


def _attachment(volume: Obj, node: str) -> Obj:
    import hashlib

    csi = volume["spec"]["csi"]
    digest = hashlib.sha256((csi["volumeHandle"] + csi["driver"] + node).encode()).hexdigest()
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": f"csi-{digest}"},
        "spec": {
            "attacher": csi["driver"],
            "nodeName": node,
            "source": {"persistentVolumeName": volume["metadata"]["name"]},
        },
    }
