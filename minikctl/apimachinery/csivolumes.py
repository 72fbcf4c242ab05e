"""What is known of a CSI volume from its objects: whether it has to be attached, and where that is written down.

Read by the attach/detach controller and by kubelets. Counterpart of `pkg/volume/csi` and `pkg/volume/util`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from minikctl.apimachinery.digests import sha256

Obj = dict[str, Any]
Peek = Callable[[str, str, str], Obj | None]  # resource, name, namespace

ATTACHMENTS = "volumeattachments.storage.k8s.io"
_SHARED = ("ReadWriteMany", "ReadOnlyMany")


def claims_of(pod: Obj) -> Iterator[str]:
    """The names of the claims a pod uses, those of its ephemeral volumes too."""
    for volume in pod["spec"].get("volumes") or ():
        if (claim := volume.get("persistentVolumeClaim")) is not None:
            yield claim["claimName"]
        elif "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}"


def needs_attaching(volume: Obj | None, peek: Peek) -> bool:
    """Whether a PersistentVolume has to be attached to a node before a pod there can use it.

    That is so for CSI volumes unless their driver's CSIDriver says otherwise.
    """
    source = (volume or {}).get("spec", {}).get("csi")
    if source is None:
        return False
    driver = peek("csidrivers.storage.k8s.io", source["driver"], "")
    return driver is None or bool(driver["spec"].get("attachRequired", True))


def attachment_name(volume: Obj, node: str) -> str:
    """The name of the VolumeAttachment of a CSI volume and a node (getAttachmentName)."""
    csi = volume["spec"]["csi"]
    return "csi-" + sha256(csi["volumeHandle"] + csi["driver"] + node)


def is_attachment_name(name: str) -> bool:
    """Whether a VolumeAttachment is called like those: others were made by somebody else."""
    return re.fullmatch("csi-[0-9a-f]{64}", name) is not None


def unique_name(volume: Obj) -> str:
    """How a Node's status names a CSI volume."""
    csi = volume["spec"]["csi"]
    return f"kubernetes.io/csi/{csi['driver']}^{csi['volumeHandle']}"


def is_attached(attachment: Obj | None) -> bool:
    return bool(((attachment or {}).get("status") or {}).get("attached"))


def on_one_node_only(volume: Obj) -> bool:
    """Whether a volume may not be attached to several nodes (isMultiAttachForbidden)."""
    modes = volume["spec"].get("accessModes") or ()
    return bool(modes) and not any(mode in _SHARED for mode in modes)
