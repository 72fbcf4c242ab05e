"""Attach/detach: VolumeAttachments for CSI volumes of pods on nodes (upstream's `volume/attachdetach`).

Whether a volume gets attached is up to the driver's attacher, see `attacher`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery import csivolumes
from minikctl.apimachinery.csivolumes import ATTACHMENTS
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import condition
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.controllers import pods
from minikctl.controllers.controller import Controller, earliest
from minikctl.controllers.watches import REFUSED_VOLUME, WAITING_FOR_CLAIM

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

# What the state's keys begin with, beside those that `watches` reads: attaching under way, detaching that waits
# for a dead node (both by attachment).
_ATTACHING = "attaching/"
_DETACHING = "detaching/"

# How long one try waits for the driver's attacher; the time until the next try doubles.
_TRY_SECONDS = 120.0
_FIRST_RETRY, _LONGEST_RETRY = 0.5, 122.0
# A node that does not answer keeps what may still be mounted for so long.
_UNMOUNT_SECONDS = 360.0
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class Use(NamedTuple):
    """A volume that a node's pods need."""

    volume: Obj
    pods: list[Obj]


class AttachDetachController(Controller):
    """Keys are node names: each holds what its pods need, and nothing else that this has attached."""

    def sync(self, key: str) -> float | None:
        wanted = self._wanted(key)
        every = self.client.items(ATTACHMENTS, shared=True)
        present = {found["metadata"]["name"]: found for found in every if found["spec"].get("nodeName") == key}
        due: float | None = None
        for name, attachment in present.items():
            if name not in wanted and csivolumes.is_attachment_name(name):
                due = earliest(due, self._detach(name, attachment, key))
        for name, use in wanted.items():
            self.env.state.delete(_DETACHING + name)
            if name in present:
                due = earliest(due, self._follow(name, present[name], use))
            elif not self._refuse(use, key, every):
                self.client.create(ATTACHMENTS, _attachment(name, use.volume, key))
                due = earliest(due, self._begin(name))
        self._note_on_node(
            key, [use.volume for name, use in wanted.items() if csivolumes.is_attached(present.get(name))]
        )
        return due

    def _wanted(self, node: str) -> dict[str, Use]:
        """What the node's pods need attached, by the attachment's name."""
        found: dict[str, Use] = {}
        for pod in self.client.items("pods", node=node):
            if not pods.is_finished(pod):
                for volume in self._volumes(pod, node):
                    found.setdefault(csivolumes.attachment_name(volume, node), Use(volume, [])).pods.append(pod)
        return found

    def _volumes(self, pod: Obj, node: str) -> list[Obj]:
        """The volumes of a pod that have to be attached. Claims that are not bound yet wake the node later."""
        namespace = pod["metadata"]["namespace"]
        found = []
        for name in csivolumes.claims_of(pod):
            claim = self.client.peek("persistentvolumeclaims", name, namespace, shared=True)
            bound = (claim or {}).get("spec", {}).get("volumeName")
            volume = self.client.peek("persistentvolumes", bound, shared=True) if bound else None
            mark = f"{WAITING_FOR_CLAIM}{namespace}/{name}"
            if volume is None:
                self.env.state.put(mark, node)
                continue
            self.env.state.delete(mark)
            if csivolumes.needs_attaching(volume, self.client.peek):
                found.append(volume)
        return found

    # Attaching

    def _begin(self, name: str) -> float:
        """A try begins: it is given up when this time has come."""
        now = self.clock.now()
        self.env.state.put(_ATTACHING + name, [0, now, False])
        return now + _TRY_SECONDS

    def _follow(self, name: str, attachment: Obj, use: Use) -> float | None:
        """See how attaching goes on, and tell the pods of its end or failure; when to look again."""
        if "deletionTimestamp" in attachment["metadata"]:
            return None  # once it is gone, there will be another
        volume = use.volume["metadata"]["name"]
        known = self.env.state.get(_ATTACHING + name)
        if csivolumes.is_attached(attachment):
            if known is None or not known[2]:
                self._tell(
                    use, "Normal", "SuccessfulAttachVolume", f'AttachVolume.Attach succeeded for volume "{volume}" '
                )
                self.env.state.put(_ATTACHING + name, [0, 0.0, True])
            return None
        if known is None or known[2]:
            return self._begin(name)
        tries, begins, _ = known
        now, why = self.clock.now(), ((attachment.get("status") or {}).get("attachError") or {}).get("message", "")
        # A failure that the attacher reports ends a try at once.
        lasts = 0.0 if why else _TRY_SECONDS
        if now < begins + lasts:
            return float(begins + lasts)
        if not why:
            csi = use.volume["spec"]["csi"]
            who = f"external-attacher of {csi['driver']} CSI driver"
            why = f"timed out waiting for {who} to attach volume {csi['volumeHandle']}"
        self._tell(use, "Warning", "FailedAttachVolume", f'AttachVolume.Attach failed for volume "{volume}" : {why}')
        begins = now + min(_FIRST_RETRY * 2.0 ** min(tries, 10), _LONGEST_RETRY)
        self.env.state.put(_ATTACHING + name, [tries + 1, begins, False])
        return float(begins + lasts)

    def _refuse(self, use: Use, node: str, every: list[Obj]) -> bool:
        """Whether the volume is attached elsewhere and may not be here too; its pods are told once."""
        volume = use.volume
        mark = f"{REFUSED_VOLUME}{volume['metadata']['name']}/{node}"
        if csivolumes.on_one_node_only(volume):
            name = volume["metadata"]["name"]
            holders = [a["spec"]["nodeName"] for a in every if a["spec"]["source"].get("persistentVolumeName") == name]
            if holders:
                if self.env.state.get(mark) is None:
                    self.env.state.put(mark, True)
                    self._tell_holders(use, holders)
                return True
        self.env.state.delete(mark)
        return False

    def _tell_holders(self, use: Use, nodes: list[str]) -> None:
        name = use.volume["metadata"]["name"]
        users = [
            pod["metadata"]
            for node in nodes
            for held, other in self._wanted(node).items()
            if held == csivolumes.attachment_name(use.volume, node)
            for pod in other.pods
        ]
        for pod in use.pods:
            message = f'Multi-Attach error for volume "{name}" {_held_by(users, pod["metadata"]["namespace"])}'
            self.recorder.event(pod, "Warning", "FailedAttachVolume", message)

    def _tell(self, use: Use, type_: str, reason: str, message: str) -> None:
        for pod in use.pods:
            self.recorder.event(pod, type_, reason, message)

    # Detaching

    def _detach(self, name: str, attachment: Obj, node: str) -> float | None:
        """Give up an attachment nobody needs, once nothing can have it mounted; when to try again."""
        if "deletionTimestamp" in attachment["metadata"]:
            return None
        now, key = self.clock.now(), _DETACHING + name
        if csivolumes.is_attached(attachment) and self._may_be_mounted(node):
            since = self.env.state.get(key)
            if since is None:
                self.env.state.put(key, now)
                return now + _UNMOUNT_SECONDS
            if now < since + _UNMOUNT_SECONDS:
                return float(since + _UNMOUNT_SECONDS)
        for state in (key, _ATTACHING + name):
            self.env.state.delete(state)
        try:
            self.client.delete(ATTACHMENTS, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
        return None

    def _may_be_mounted(self, name: str) -> bool:
        """Whether a node is there but says nothing of what it has mounted."""
        node = self.client.peek("nodes", name, shared=True)
        if node is None or (condition(node, "Ready") or {}).get("status") == "True":
            return False
        taints = (node.get("spec") or {}).get("taints") or ()
        return all(taint["key"] != _OUT_OF_SERVICE for taint in taints)

    def _note_on_node(self, name: str, volumes: list[Obj]) -> None:
        """Keep the node's list of attached volumes."""
        node = self.client.peek("nodes", name)
        if node is None:
            return
        attached = [{"name": csivolumes.unique_name(volume), "devicePath": ""} for volume in volumes]
        if ((node.get("status") or {}).get("volumesAttached") or []) != attached:
            patch = {"status": {"volumesAttached": attached or None}}
            self.client.patch("nodes", name, patch, MERGE_PATCH, subresource="status")


def _held_by(users: list[Obj], namespace: str) -> str:
    """Who keeps a volume from being attached; pods of other namespaces are counted only (reportMultiAttachError)."""
    if not users:
        return "Volume is already exclusively attached to one node and can't be attached to another"
    local = [user["name"] for user in users if user["namespace"] == namespace]
    others = f"{len(users) - len(local)} pod(s) in different namespaces"
    if not local:
        return f"Volume is already used by {others}"
    text = f"Volume is already used by pod(s) {', '.join(local)}"
    return f"{text} and {others}" if len(local) < len(users) else text


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
