"""What the server remarks about volumes and claims that it accepts."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.request import Obj

_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_CLASS_TEXT = 'deprecated since v1.8; use "storageClassName" attribute instead'
_VOLUME_ANNOTATIONS = (
    (_CLASS_ANNOTATION, _CLASS_TEXT),
    ("volume.beta.kubernetes.io/mount-options", 'deprecated since v1.31; use "mountOptions" attribute instead'),
)
_SOURCES = (
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
)
_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def node_label_remark(label: str) -> str:
    """What to say about the use of a deprecated node label; empty for the others."""
    return _NODE_LABELS.get(label, "")


def term_warnings(term: dict[str, Any], path: str) -> list[str]:
    """Deprecated labels in a node selector term (a topology selector has the same form)."""
    warnings = []
    for index, item in enumerate(term.get("matchExpressions") or ()):
        remark = node_label_remark(item.get("key", ""))
        if remark:
            warnings.append(f"{path}.matchExpressions[{index}].key: {item['key']} is {remark}")
    return warnings


def volume_warnings(new: Obj, old: Obj | None) -> list[str]:
    spec = new.get("spec") or {}
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    warnings = [f"metadata.annotations[{key}]: {text}" for key, text in _VOLUME_ANNOTATIONS if key in annotations]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        warnings.append(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead,"
            " the recommended approach is to use dynamic provisioning."
        )
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for index, term in enumerate(required.get("nodeSelectorTerms") or ()):
        warnings += term_warnings(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
    for source, text in _SOURCES:
        if spec.get(source) is not None:
            warnings.append(f"spec.{'storageOS' if source == 'storageos' else source}: {text}")
    value = (spec.get("capacity") or {}).get("storage")
    return warnings + _fraction(value, "spec.capacity[storage]")


def _fraction(value: Any, path: str) -> list[str]:
    if value is None or quantity.as_milli(value) % 1000 == 0:
        return []
    return [f'{path}: fractional byte value "{quantity.canonical(value)}" is invalid, must be an integer']


def claim_spec_warnings(spec: dict[str, Any], path: str) -> list[str]:
    """Also for the claim templates of StatefulSets and ephemeral volumes."""
    resources = spec.get("resources") or {}
    warnings: list[str] = []
    for part in ("requests", "limits"):
        value = (resources.get(part) or {}).get("storage")
        warnings += _fraction(value, f"{path}.resources.{part}[storage]")
    return warnings


def claim_warnings(new: Obj, old: Obj | None) -> list[str]:
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    warnings = [f"metadata.annotations[{_CLASS_ANNOTATION}]: {_CLASS_TEXT}"] if _CLASS_ANNOTATION in annotations else []
    return warnings + claim_spec_warnings(new.get("spec") or {}, "spec")
