"""Attach/detach: VolumeAttachments for CSI volumes of pods on nodes (upstream's `volume/attachdetach`).

Whether a volume gets attached is up to the driver's attacher: unless the cluster is bare, an
emulated one stands in for each (what the sidecar `external-attacher` does).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import add_finalizer, remove_finalizer
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "volumeattachments.storage.k8s.io"


class AttachDetachController(Controller):
    """Keys are node names: each holds what its pods need, and nothing else.

    The state remembers the attachments whose pods have been told.
    """

    def sync(self, key: str) -> float | None:
        wanted: dict[str, tuple[Obj, list[Obj]]] = {}
        for pod in self.client.items("pods", node=key):
            if not pods.is_finished(pod):
                for volume in self._csi_volumes(pod):
                    wanted.setdefault(_name_of(volume, key), (volume, []))[1].append(pod)
        present = {
            found["metadata"]["name"]: found
            for found in self.client.items(_RESOURCE)
            if found["spec"].get("nodeName") == key
        }
        for name, (volume, _) in wanted.items():
            if name not in present:
                self.client.create(_RESOURCE, _attachment(name, volume, key))
        for name, attachment in present.items():
            if name not in wanted:
                self._detach(attachment)
            elif _is_attached(attachment) and self.env.state.get(name) is None:
                self._tell(*wanted[name])
                self.env.state.put(name, key)
        self._note_on_node(key, [v for name, (v, _) in wanted.items() if _is_attached(present.get(name))])
        return None

    def _detach(self, attachment: Obj) -> None:
        name = attachment["metadata"]["name"]
        self.env.state.delete(name)
        if "deletionTimestamp" in attachment["metadata"]:
            return
        try:
            self.client.delete(_RESOURCE, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _tell(self, volume: Obj, users: list[Obj]) -> None:
        message = f'AttachVolume.Attach succeeded for volume "{volume["metadata"]["name"]}" '
        for pod in users:
            self.recorder.event(pod, "Normal", "SuccessfulAttachVolume", message)

    def _note_on_node(self, name: str, volumes: list[Obj]) -> None:
        """Keep the node's list of attached volumes."""
        node = self.client.peek("nodes", name)
        if node is None:
            return
        names = (f"kubernetes.io/csi/{v['spec']['csi']['driver']}^{v['spec']['csi']['volumeHandle']}" for v in volumes)
        attached = [{"name": unique, "devicePath": ""} for unique in names]
        if ((node.get("status") or {}).get("volumesAttached") or []) != attached:
            patch = {"status": {"volumesAttached": attached or None}}
            self.client.patch("nodes", name, patch, MERGE_PATCH, subresource="status")

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


def _is_attached(attachment: Obj | None) -> bool:
    return bool(((attachment or {}).get("status") or {}).get("attached"))


def _name_of(volume: Obj, node: str) -> str:
    import hashlib

    csi = volume["spec"]["csi"]
    return "csi-" + hashlib.sha256((csi["volumeHandle"] + csi["driver"] + node).encode()).hexdigest()


def _attachment(name: str, volume: Obj, node: str) -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": name},
        "spec": {
            "attacher": volume["spec"]["csi"]["driver"],
            "nodeName": node,
            "source": {"persistentVolumeName": volume["metadata"]["name"]},
        },
    }


class EmulatedAttacher(Controller):
    """Attaches and detaches at once, whichever driver is named. Keys are names of VolumeAttachments."""

    def sync(self, key: str) -> float | None:
        attachment = self.client.peek(_RESOURCE, key)
        if attachment is None or self.env.settings.get("profile") == "bare":
            return None
        finalizer = "external-attacher/" + re.sub(r"[^a-zA-Z0-9-]", "-", attachment["spec"]["attacher"])
        if "deletionTimestamp" in attachment["metadata"]:
            if remove_finalizer(attachment, finalizer):
                self.client.update(_RESOURCE, attachment)
            return None
        if add_finalizer(attachment, finalizer):
            attachment = self.client.update(_RESOURCE, attachment)
        self.put_status(_RESOURCE, attachment, {**(attachment.get("status") or {}), "attached": True})
        return None
