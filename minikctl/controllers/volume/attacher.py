"""The emulated attacher: unless the cluster is bare, it stands in for every CSI driver's `external-attacher`.

It attaches at once, unless annotations of the PersistentVolume say otherwise: `minikctl.dev/attach-seconds` how
long it takes, `minikctl.dev/attach-error` why it fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minikctl.apimachinery.csivolumes import ATTACHMENTS, is_attached
from minikctl.apimachinery.meta import add_finalizer, remove_finalizer
from minikctl.controllers.controller import Controller, seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_ERROR = "minikctl.dev/attach-error"
_SECONDS = "minikctl.dev/attach-seconds"
_RETRY_SECONDS = 60.0


class EmulatedAttacher(Controller):
    """Keys are names of VolumeAttachments."""

    def sync(self, key: str) -> float | None:
        attachment = self.client.peek(ATTACHMENTS, key)
        if attachment is None or self.env.settings.get("profile") == "bare":
            return None
        finalizer = "external-attacher/" + re.sub(r"[^a-zA-Z0-9-]", "-", attachment["spec"]["attacher"])
        if "deletionTimestamp" in attachment["metadata"]:
            if remove_finalizer(attachment, finalizer):
                self.client.update(ATTACHMENTS, attachment)
            return None
        if add_finalizer(attachment, finalizer):
            attachment = self.client.update(ATTACHMENTS, attachment)
        if is_attached(attachment):
            return None
        notes = self._notes(attachment)
        ready = seconds_of(attachment["metadata"].get("creationTimestamp")) + _number(notes.get(_SECONDS))
        if self.clock.now() < ready:
            return ready
        error = notes.get(_ERROR, "")
        self._answer(attachment, error)
        return self.clock.now() + _RETRY_SECONDS if error else None

    def _answer(self, attachment: Obj, error: str) -> None:
        status = dict(attachment.get("status") or {})
        known = (status.get("attachError") or {}).get("message", "")
        if not error:
            status.pop("attachError", None)
            status["attached"] = True
        elif error != known:
            status |= {"attached": False, "attachError": {"message": error, "time": self.stamp()}}
        self.put_status(ATTACHMENTS, attachment, status)

    def _notes(self, attachment: Obj) -> dict[str, str]:
        name = attachment["spec"]["source"].get("persistentVolumeName", "")
        volume = self.client.peek("persistentvolumes", name, shared=True) if name else None
        notes: dict[str, str] = ((volume or {}).get("metadata") or {}).get("annotations") or {}
        return notes


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
