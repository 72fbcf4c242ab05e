"""Dynamic provisioning: handing a claim to its provisioner, and the emulated provisioner and resizer themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import quantity
from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.volume import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

EMULATED = "minikctl.dev/emulated"

_CLAIMS = "persistentvolumeclaims"
_VOLUMES = "persistentvolumes"
_CLASSES = "storageclasses.storage.k8s.io"
_HOSTNAME = "kubernetes.io/hostname"


def hand_over(controller: Controller, claim: Obj) -> None:
    """Mark an unbound claim for its class's provisioner, and say that it is being waited for."""
    name = matching.class_of(claim)
    found = controller.client.peek(_CLASSES, name)
    if found is None:
        message = f'storageclass.storage.k8s.io "{name}" not found'
        controller.recorder.event(claim, "Warning", "ProvisioningFailed", message)
        return
    provisioner = found["provisioner"]
    if provisioner.startswith("kubernetes.io/"):
        message = f"no volume plugin matched name: {provisioner}"
        controller.recorder.event(claim, "Warning", "ProvisioningFailed", message)
        return
    if matching.notes(claim).get(matching.PROVISIONER[1]) != provisioner:
        annotations = claim["metadata"].setdefault("annotations", {})
        annotations.update(dict.fromkeys(matching.PROVISIONER, provisioner))
        claim["metadata"] = controller.client.update(_CLAIMS, claim)["metadata"]
    message = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the"
        " system administrator. If volume creation is delayed, please verify that the provisioner is running and"
        " correctly registered."
    )
    controller.recorder.event(claim, "Normal", "ExternalProvisioning", message)


class EmulatedProvisioner(Controller):
    """Makes, enlarges and deletes volumes at once: for the default class, and in place of every
    out-of-tree provisioner a manifest may name, unless the cluster is bare.

    Keys are those of the persistent volume controller.
    """

    def _serves(self, provisioner: str | None) -> bool:
        if not provisioner or provisioner.startswith("kubernetes.io/"):
            return False
        return provisioner == EMULATED or self.env.settings.get("profile") != "bare"

    def sync(self, key: str) -> float | None:
        what, _, rest = key.partition(":")
        namespace, name = split_key(rest)
        if what == "claim":
            claim = self.client.peek(_CLAIMS, name, namespace)
            if claim is not None and "deletionTimestamp" not in claim["metadata"]:
                self._provision(claim)
        elif what == "volume":
            volume = self.client.peek(_VOLUMES, name)
            if volume is not None:
                self._reclaim(volume)
        return None

    def _provision(self, claim: Obj) -> None:
        notes = matching.notes(claim)
        if claim["spec"].get("volumeName"):
            self._expand(claim)
            return
        if not self._serves(notes.get(matching.PROVISIONER[1])):
            return
        found = self.client.peek(_CLASSES, matching.class_of(claim))
        node = notes.get(matching.SELECTED_NODE, "")
        if found is None or (found.get("volumeBindingMode") == "WaitForFirstConsumer" and not node):
            return
        meta = claim["metadata"]
        what = f'volume for claim "{meta["namespace"]}/{meta["name"]}"'
        self.recorder.event(claim, "Normal", "Provisioning", f"External provisioner is provisioning {what}")
        volume = _new_volume(claim, found, node)
        try:
            self.client.create(_VOLUMES, volume)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                message = f'failed to provision {what} with StorageClass "{found["metadata"]["name"]}": {error.message}'
                self.recorder.event(claim, "Warning", "ProvisioningFailed", message)
                raise
        message = f"Successfully provisioned volume {volume['metadata']['name']}"
        self.recorder.event(claim, "Normal", "ProvisioningSucceeded", message)

    def _expand(self, claim: Obj) -> None:
        """Let a volume grow to what its claim asks for, where the class allows it."""
        status = claim.get("status") or {}
        wanted = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
        has = (status.get("capacity") or {}).get("storage", "0")
        if status.get("phase") != "Bound" or quantity.as_int(wanted) <= quantity.as_int(has):
            return
        volume = self.client.peek(_VOLUMES, claim["spec"]["volumeName"])
        if volume is None or not self._serves(matching.notes(volume).get(matching.PROVISIONED_BY)):
            return
        name = volume["metadata"]["name"]
        self.recorder.event(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}")
        if quantity.as_int(volume["spec"]["capacity"]["storage"]) < quantity.as_int(wanted):
            volume["spec"]["capacity"]["storage"] = wanted
            self.client.update(_VOLUMES, volume)
        self.put_status(_CLAIMS, claim, {**status, "capacity": {**(status.get("capacity") or {}), "storage": wanted}})
        self.recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")

    def _reclaim(self, volume: Obj) -> None:
        """Delete a released volume of ours."""
        meta = volume["metadata"]
        ours = self._serves(matching.notes(volume).get(matching.PROVISIONED_BY))
        released = (volume.get("status") or {}).get("phase") == "Released"
        delete = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        if ours and released and delete and "deletionTimestamp" not in meta:
            self.client.delete(_VOLUMES, meta["name"])


def _new_volume(claim: Obj, class_: Obj, node: str) -> Obj:
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    volume: Obj = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {matching.PROVISIONED_BY: class_["provisioner"]}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "apiVersion": "v1",
                "resourceVersion": meta["resourceVersion"],
            },
            "hostPath": {"path": f"/var/lib/minikctl/volumes/{name}", "type": "DirectoryOrCreate"},
            "persistentVolumeReclaimPolicy": class_.get("reclaimPolicy", "Delete"),
            "storageClassName": class_["metadata"]["name"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
        },
    }
    if class_.get("mountOptions"):
        volume["spec"]["mountOptions"] = class_["mountOptions"]
    if node:
        expression = {"key": _HOSTNAME, "operator": "In", "values": [node]}
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    return volume


class ExpandController(Controller):
    """Says that a bound claim which asks for more waits for its resizer. Keys: "claim:namespace/name"."""

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key.partition(":")[2])
        claim = self.client.peek(_CLAIMS, name, namespace) if key.startswith("claim:") else None
        if claim is None or (claim.get("status") or {}).get("phase") != "Bound":
            return None
        wanted = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
        has = (claim["status"].get("capacity") or {}).get("storage", "0")
        if quantity.as_int(wanted) > quantity.as_int(has):
            message = "waiting for an external controller to expand this PVC"
            self.recorder.event(claim, "Normal", "ExternalExpanding", message)
        return None
