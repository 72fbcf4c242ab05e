"""The persistent volume controller: claims find volumes, volumes lose claims (upstream's `volume/persistentvolume`).

Keys: "claim:namespace/name", "volume:NAME", and "pending:" for every claim still without a volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import csivolumes
from minikctl.apimachinery.errors import StatusError
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.pods import is_finished
from minikctl.controllers.volume import matching
from minikctl.controllers.volume.provisioning import hand_over

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"

_NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
_LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
_LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
_MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_NO_DELETER = 'error getting deleter volume plugin for volume "{}": no deletable volume plugin matched'
_OTHER_MODE = "Cannot bind PersistentVolume{} to requested PersistentVolumeClaim{} due to incompatible volumeMode."
_SCRUBBED = ("hostPath", "nfs")  # kinds of volumes that can be recycled


class PersistentVolumeController(Controller):
    def sync(self, key: str) -> float | None:
        what, _, rest = key.partition(":")
        if what == "volume":
            volume = self.client.peek(VOLUMES, rest)
            if volume is not None:
                self._sync_volume(volume)
        elif what == "claim":
            namespace, name = split_key(rest)
            claim = self.client.peek(CLAIMS, name, namespace)
            if claim is not None:
                self._sync_claim(claim)
        else:
            for claim in self.client.items(CLAIMS):
                if (claim.get("status") or {}).get("phase") != "Bound":
                    self._sync_claim(claim, quiet=True)
        return None

    # Claims

    def _sync_claim(self, claim: Obj, quiet: bool = False) -> None:
        """`quiet`: looking again because volumes changed; events were written before."""
        if matching.BIND_COMPLETED in matching.notes(claim):
            self._check_bound(claim)
        elif claim["spec"].get("volumeName"):
            self._bind_named(claim)
        else:
            self._find_volume(claim, quiet)

    def _find_volume(self, claim: Obj, quiet: bool) -> None:
        if "deletionTimestamp" in claim["metadata"]:
            return
        waits = self._waits_for_consumer(claim)
        delayed = waits and matching.SELECTED_NODE not in matching.notes(claim)
        volume = matching.best(self.client.items(VOLUMES), claim, delayed)
        if volume is not None:
            self._bind(volume, claim)
            return
        if self._give_default_class(claim):
            return
        if delayed:
            self._tell_waiting(claim, quiet)
        elif matching.class_of(claim):
            if not quiet or waits:
                hand_over(self, claim)
        elif not quiet:
            self.recorder.event(claim, "Normal", "FailedBinding", _NO_CLASS)
        self._claim_status(claim, "Pending", None)

    def _waits_for_consumer(self, claim: Obj) -> bool:
        name = matching.class_of(claim)
        found = self.client.peek(CLASSES, name) if name else None
        return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _give_default_class(self, claim: Obj) -> bool:
        """A claim made before there was a default class gets it now."""
        if claim["spec"].get("storageClassName") is not None or matching.class_of(claim):
            return False
        classes = self.client.items(CLASSES)
        defaults = [c for c in classes if "true" in map(matching.notes(c).get, _DEFAULT_CLASS)]
        if not defaults:
            return False
        defaults.sort(key=lambda c: str(c["metadata"]["name"]))
        newest = max(defaults, key=lambda c: str(c["metadata"]["creationTimestamp"]))
        claim["spec"]["storageClassName"] = newest["metadata"]["name"]
        self.client.update(CLAIMS, claim)
        return True

    def _tell_waiting(self, claim: Obj, quiet: bool) -> None:
        if quiet:
            return
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        names = [
            pod["metadata"]["name"]
            for pod in self.client.items("pods", namespace, node="", shared=True)
            if not is_finished(pod) and name in csivolumes.claims_of(pod)
        ]
        if names:
            who = f"pods {','.join(names)}" if len(names) > 1 else f"pod {names[0]}"
            self.recorder.event(claim, "Normal", "WaitForPodScheduled", f"waiting for {who} to be scheduled")
            return
        message = "waiting for first consumer to be created before binding"
        self.recorder.event(claim, "Normal", "WaitForFirstConsumer", message)

    def _bind_named(self, claim: Obj) -> None:
        """The claim asks for a certain volume."""
        name = claim["spec"]["volumeName"]
        volume = self.client.peek(VOLUMES, name)
        if volume is None:
            self._claim_status(claim, "Pending", None)
        elif matching.is_for(volume, claim):
            self._bind(volume, claim)
        elif volume["spec"].get("claimRef"):
            message = f'volume "{name}" already bound to a different claim.'
            self.recorder.event(claim, "Warning", "FailedBinding", message)
            self._claim_status(claim, "Pending", None)
        elif why := matching.mismatch(volume, claim):
            message = f'Cannot bind to requested volume "{name}": {why}'
            self.recorder.event(claim, "Warning", "VolumeMismatch", message)
            self._claim_status(claim, "Pending", None)
        else:
            self._bind(volume, claim)

    def _check_bound(self, claim: Obj) -> None:
        name = claim["spec"].get("volumeName")
        if not name:
            self._lose(claim, "ClaimLost", _LOST_REFERENCE)
            return
        volume = self.client.peek(VOLUMES, name)
        if volume is None:
            self._lose(claim, "ClaimLost", _LOST_VOLUME)
        elif not volume["spec"].get("claimRef") or volume["spec"]["claimRef"].get("uid") == claim["metadata"]["uid"]:
            self._bind(volume, claim)
        else:
            self._lose(claim, "ClaimMisbound", _MISBOUND)

    def _lose(self, claim: Obj, reason: str, message: str) -> None:
        if self._claim_status(claim, "Lost", None):
            self.recorder.event(claim, "Warning", reason, message)

    def _bind(self, volume: Obj, claim: Obj) -> None:
        """Tie both to each other, specs first, then their phases."""
        meta = claim["metadata"]
        reference = volume["spec"].get("claimRef") or {}
        if reference.get("uid") != meta["uid"]:
            if not reference:
                _annotate(volume, matching.BOUND_BY_CONTROLLER)
            volume["spec"]["claimRef"] = {
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "apiVersion": "v1",
                "resourceVersion": meta["resourceVersion"],
            }
            volume = self.client.update(VOLUMES, volume)
        self._volume_phase(volume, "Bound")
        if not claim["spec"].get("volumeName"):
            claim["spec"]["volumeName"] = volume["metadata"]["name"]
            _annotate(claim, matching.BOUND_BY_CONTROLLER)
        if matching.BIND_COMPLETED not in matching.notes(claim):
            _annotate(claim, matching.BIND_COMPLETED)
            claim = self.client.update(CLAIMS, claim)
        self._claim_status(claim, "Bound", volume)

    def _claim_status(self, claim: Obj, phase: str, volume: Obj | None) -> bool:
        old = claim.get("status") or {}
        status = {**old, "phase": phase}
        for field in ("accessModes", "capacity"):
            status.pop(field, None)
        if volume is not None:
            status["accessModes"] = volume["spec"].get("accessModes") or []
            whole = volume["spec"].get("capacity") or {}
            known = old.get("capacity") if old.get("phase") == "Bound" else None
            status["capacity"] = known or {"storage": whole.get("storage", "0")}
            if known is None and (attributes := volume["spec"].get("volumeAttributesClassName")):
                status["currentVolumeAttributesClassName"] = attributes
        return self.put_status(CLAIMS, claim, status)

    # Volumes

    def _sync_volume(self, volume: Obj) -> None:
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            self._volume_phase(volume, "Available")
            return
        claim = self.client.peek(CLAIMS, reference["name"], reference["namespace"])
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            self._release(volume)
        elif not claim["spec"].get("volumeName"):
            if matching.mode(volume) == matching.mode(claim):
                self._sync_claim(claim)
            else:
                self._tell_modes_differ(volume, claim)
        elif claim["spec"]["volumeName"] == volume["metadata"]["name"]:
            self._volume_phase(volume, "Bound")
        elif matching.notes(volume).get(matching.PROVISIONED_BY) and _policy(volume) == "Delete":
            self._release(volume)
        else:
            self._unbind(volume)

    def _tell_modes_differ(self, volume: Obj, claim: Obj) -> None:
        text = _OTHER_MODE.format("", f' "{claim["metadata"]["name"]}"')
        self.recorder.event(volume, "Warning", "VolumeMismatch", text)
        text = _OTHER_MODE.format(f' "{volume["metadata"]["name"]}"', "")
        self.recorder.event(claim, "Warning", "VolumeMismatch", text)

    def _release(self, volume: Obj) -> None:
        if (volume.get("status") or {}).get("phase") not in ("Released", "Failed"):
            self._volume_phase(volume, "Released")
        if _policy(volume) == "Recycle":
            self._recycle(volume)
        elif _policy(volume) == "Delete" and matching.PROVISIONED_BY not in matching.notes(volume):
            path = (volume["spec"].get("hostPath") or {}).get("path")
            if path is None:
                self._fail(volume, "VolumeFailedDelete", _NO_DELETER.format(volume["metadata"]["name"]))
            elif path.startswith("/tmp/") and path != "/tmp/":
                self._delete(volume)
            else:
                message = f"host_path deleter only supports /tmp/.+ but received provided {path}"
                self._fail(volume, "VolumeFailedDelete", message)

    def _recycle(self, volume: Obj) -> None:
        """Scrubbing takes no time here: the volume is free again."""
        if not any(kind in volume["spec"] for kind in _SCRUBBED):
            self._fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
            return
        self.recorder.event(volume, "Normal", "VolumeRecycled", "Volume recycled")
        self._unbind(volume)

    def _delete(self, volume: Obj) -> None:
        if "deletionTimestamp" in volume["metadata"]:
            return
        try:
            self.client.delete(VOLUMES, volume["metadata"]["name"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _fail(self, volume: Obj, reason: str, message: str) -> None:
        status = {**(volume.get("status") or {}), "phase": "Failed", "message": message}
        if self.put_status(VOLUMES, volume, status):
            self.recorder.event(volume, "Warning", reason, message)

    def _unbind(self, volume: Obj) -> None:
        """Forget the claim; a reservation made by the user stays."""
        if matching.notes(volume).get(matching.BOUND_BY_CONTROLLER):
            volume["spec"].pop("claimRef", None)
            volume["metadata"]["annotations"].pop(matching.BOUND_BY_CONTROLLER)
        else:
            volume["spec"]["claimRef"].pop("uid", None)
        self._volume_phase(self.client.update(VOLUMES, volume), "Available")

    def _volume_phase(self, volume: Obj, phase: str) -> None:
        old = volume.get("status") or {}
        if old.get("phase") != phase:
            status = {key: value for key, value in old.items() if key not in ("message", "reason")}
            status |= {"phase": phase, "lastPhaseTransitionTime": self.stamp()}
            self.put_status(VOLUMES, volume, status)


def _policy(volume: Obj) -> str:
    return str(volume["spec"].get("persistentVolumeReclaimPolicy") or "Retain")


def _annotate(obj: Obj, name: str) -> None:
    obj["metadata"].setdefault("annotations", {})[name] = "yes"
