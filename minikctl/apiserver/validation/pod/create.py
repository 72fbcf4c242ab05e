"""A pod as a whole, at creation and (as part of the rules) at every update.

Counterparts: ValidatePodCreate and validatePodMetadataAndSpec in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.pod.annotations import check_annotations, check_profiles_match
from minikctl.apiserver.validation.pod.checks import Errors
from minikctl.apiserver.validation.pod.containers import check_image_padding
from minikctl.apiserver.validation.pod.spec import check_pod_spec


def check_pod(pod: Obj, errors: Errors) -> None:
    """What holds for a pod at any time; its general metadata is checked elsewhere."""
    meta, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    if meta.get("annotations"):
        check_annotations(meta["annotations"], spec, "metadata.annotations", errors)
    check_pod_spec(spec, meta, "spec", errors)
    if not spec.get("serviceAccountName"):
        _check_tokens(spec.get("volumes") or [], errors)
    for key in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            check_image_padding(container, f"spec.{key}[{index}]", errors)


def _check_tokens(volumes: list[Obj], errors: Errors) -> None:
    for index, volume in enumerate(volumes):
        for position, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                path = f"spec.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                errors.append(field.forbidden(path, "must not be specified when serviceAccountName is not set"))


def validate_create(pod: Obj) -> Errors:
    """A new pod."""
    errors: Errors = []
    check_pod(pod, errors)
    spec = pod.get("spec") or {}
    if spec.get("ephemeralContainers"):
        errors.append(field.forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        text = "cannot be set until all schedulingGates have been cleared"
        errors.append(field.forbidden("spec.nodeName", text))
    annotations = (pod.get("metadata") or {}).get("annotations")
    if annotations:
        check_profiles_match(annotations, spec, "spec", errors)
    return errors


def validate_binding(binding: Obj) -> Errors:
    """A Binding, as the scheduler posts it."""
    errors: Errors = []
    target = binding.get("target") or {}
    kind = target.get("kind", "")
    if kind not in ("", "Node"):
        errors.append(field.not_supported("target.kind", kind, ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(field.required("target.name"))
    return errors
