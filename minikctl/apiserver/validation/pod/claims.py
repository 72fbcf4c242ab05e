"""Claim templates inside pods (generic ephemeral volumes) and StatefulSets.

The rules of the claim itself are those of PersistentVolumeClaim. Counterpart:
ValidatePersistentVolumeClaimTemplate in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apiserver.validation.metadata import validate_annotations, validate_labels
from minikctl.apiserver.validation.pod.checks import Errors

# In the order of the Go struct, by its names with a small first letter.
_META_FORBIDDEN = {
    "name": "name",
    "generateName": "generateName",
    "namespace": "namespace",
    "selfLink": "selfLink",
    "uid": "uID",
    "resourceVersion": "resourceVersion",
    "generation": "generation",
    "creationTimestamp": "creationTimestamp",
    "deletionTimestamp": "deletionTimestamp",
    "deletionGracePeriodSeconds": "deletionGracePeriodSeconds",
    "ownerReferences": "ownerReferences",
    "finalizers": "finalizers",
    "managedFields": "managedFields",
}


def check_claim_template(template: dict[str, Any], path: str, errors: Errors) -> None:
    """The template of an ephemeral volume's claim: only labels and annotations, and a claim's spec."""
    meta = template.get("metadata") or {}
    errors += validate_annotations(meta.get("annotations"), f"{path}.metadata.annotations")
    errors += validate_labels(meta.get("labels"), f"{path}.metadata.labels")
    for key, shown in _META_FORBIDDEN.items():
        if meta.get(key):
            errors.append(field.forbidden(f"{path}.metadata.{shown}", "cannot be set"))
    check_claim_spec(template.get("spec") or {}, f"{path}.spec", errors)


def check_claim_spec(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """The spec of a claim."""
    from minikctl.apiserver.validation.core.volumes import validate_claim_spec

    errors += validate_claim_spec(spec, path)
