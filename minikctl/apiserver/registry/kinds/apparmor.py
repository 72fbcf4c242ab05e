"""AppArmor profiles of a new pod that are given by annotation: they are copied to the field that replaced it.

Counterpart: applyAppArmorVersionSkew in kubernetes `pkg/registry/core/pod/strategy.go`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.pod.annotations import APPARMOR_CONTAINER
from minikctl.apiserver.validation.pod.checks import containers_with_paths

_LOCALHOST = "localhost/"
_TEXT = 'deprecated since v1.30; use the "appArmorProfile" field instead'


def copy_annotations(pod: Obj) -> list[str]:
    """Set the fields of containers that have none; what to remark about the annotations."""
    annotations, spec = pod["metadata"].get("annotations") or {}, pod["spec"]
    if not any(key.startswith(APPARMOR_CONTAINER) for key in annotations):
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    pod_profile = (spec.get("securityContext") or {}).get("appArmorProfile")
    warnings = []
    for container, _ in containers_with_paths(spec, ""):
        key = APPARMOR_CONTAINER + container.get("name", "")
        own = container.get("securityContext") or {}
        if key not in annotations or own.get("appArmorProfile") is not None:
            continue
        profile = _profile(annotations[key])
        if profile == pod_profile and profile is not None:
            continue
        if profile is not None:
            container["securityContext"] = {**own, "appArmorProfile": profile}
        warnings.append(f"metadata.annotations[{key}]: {_TEXT}")
    return warnings


def _profile(annotation: str) -> Obj | None:
    """The profile that an annotation asks for; None where it makes no sense."""
    if annotation == "unconfined":
        return {"type": "Unconfined"}
    if annotation == "runtime/default":
        return {"type": "RuntimeDefault"}
    name = annotation.removeprefix(_LOCALHOST)
    if annotation.startswith(_LOCALHOST) and name and name.strip() == name:
        return {"type": "Localhost", "localhostProfile": name}
    return None
