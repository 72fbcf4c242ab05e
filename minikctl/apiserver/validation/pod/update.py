"""Updates of pods: almost everything about a pod is fixed once it exists.

Counterparts: ValidatePodUpdate, ValidatePodResize, ValidatePodEphemeralContainersUpdate in
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.qos import compute_qos, qos_class
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation.names import inclusive_range
from minikctl.apiserver.validation.pod.annotations import MIRROR, check_annotations_update
from minikctl.apiserver.validation.pod.checks import Errors
from minikctl.apiserver.validation.pod.create import check_pod
from minikctl.apiserver.validation.pod.scheduling import check_tolerations

Spec = dict[str, Any]

_DEADLINE_LIMIT = 2**31 - 1
_UPDATABLE = ",".join(
    [
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ]
)
_COMPUTE = ("cpu", "memory")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def validate_update(new: Obj, old: Obj) -> Errors:
    """An update through the pod itself."""
    errors: Errors = []
    new_spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    check_pod(new, errors)
    check_annotation_changes(new, old, errors)
    for key in ("containers", "initContainers"):
        if not _check_containers(new_spec.get(key) or [], old_spec.get(key) or [], f"spec.{key}", errors):
            return errors
    if new_spec == old_spec:
        return errors
    if not _check_deadline(new_spec.get("activeDeadlineSeconds"), old_spec.get("activeDeadlineSeconds"), errors):
        return errors
    _check_tolerations(new_spec.get("tolerations") or [], old_spec.get("tolerations") or [], errors)
    _check_gates(new_spec.get("schedulingGates") or [], old_spec.get("schedulingGates") or [], errors)
    munged = _munged(new_spec, old_spec)
    if old_spec.get("schedulingGates"):
        _check_gated(munged, old_spec, errors)
    if munged != old_spec:
        from minikctl.apiserver.validation.pod.gostruct import pod_spec_struct
        from minikctl.apiserver.validation.pod.specdiff import diff

        shown = diff(pod_spec_struct(old_spec), pod_spec_struct(munged))
        text = f"pod updates may not change fields other than {_UPDATABLE}\n{shown}"
        errors.append(field.forbidden("spec", text))
    return errors


def _annotations(pod: Obj) -> dict[str, str]:
    return (pod.get("metadata") or {}).get("annotations") or {}


def check_annotation_changes(new: Obj, old: Obj, errors: Errors) -> None:
    """Changes of the annotations that may not change."""
    new_annotations, old_annotations = _annotations(new), _annotations(old)
    if new_annotations != old_annotations:
        check_annotations_update(new_annotations, old_annotations, "metadata.annotations", errors)


def _check_containers(new: list[Spec], old: list[Spec], path: str, errors: Errors) -> bool:
    """Images may change, the number of containers may not; False stops the validation."""
    if len(new) != len(old):
        errors.append(field.forbidden(path, "pod updates may not add or remove containers"))
        return False
    for index, container in enumerate(new):
        image = container.get("image", "")
        if not image:
            errors.append(field.required(f"{path}[{index}].image"))
        if image.strip() != image:
            text = "must not have leading or trailing whitespace"
            errors.append(field.invalid(f"{path}[{index}].image", image, text))
    return True


def _check_deadline(new: int | None, old: int | None, errors: Errors) -> bool:
    """A deadline may be set and brought forward; False stops the validation."""
    path = "spec.activeDeadlineSeconds"
    if new is None:
        if old is not None:
            errors.append(field.invalid(path, None, "must not update from a positive integer to nil value"))
        return True
    if not 0 <= new <= _DEADLINE_LIMIT:
        errors.append(field.invalid(path, new, inclusive_range(0, _DEADLINE_LIMIT)))
        return False
    if old is not None and old < new:
        errors.append(field.invalid(path, new, "must be less than or equal to previous value"))
        return False
    return True


def _check_tolerations(new: list[Spec], old: list[Spec], errors: Errors) -> None:
    path = "spec.tolerations"
    kept = [{**toleration, "tolerationSeconds": None} for toleration in new]
    for toleration in old:
        if {**toleration, "tolerationSeconds": None} not in kept:
            text = "existing toleration can not be modified except its tolerationSeconds"
            errors.append(field.forbidden(path, text))
            return
    check_tolerations(new, path, errors)


def _check_gates(new: list[Spec], old: list[Spec], errors: Errors) -> None:
    added = {gate.get("name", ""): index for index, gate in enumerate(new)}
    for gate in old:
        added.pop(gate.get("name", ""), None)
    for name, index in added.items():
        text = f"only deletion is allowed, but found new scheduling gate '{name}'"
        errors.append(field.forbidden(f"spec.schedulingGates[{index}].name", text))


def _munged(new: Spec, old: Spec) -> Spec:
    """The new spec with everything that may change set back."""
    munged = dict(new)
    for key in ("containers", "initContainers"):
        if new.get(key):
            munged[key] = [_with(c, "image", o.get("image")) for c, o in zip(new[key], old[key], strict=True)]
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        munged = _with(munged, key, old.get(key))
    grace = old.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0 and munged.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = grace
    return munged


def _with(holder: Spec, key: str, value: Any) -> Spec:
    """A copy with the field set; None removes it."""
    changed = {**holder, key: value}
    if value is None:
        del changed[key]
    return changed


def _check_gated(munged: Spec, old: Spec, errors: Errors) -> None:
    """A pod that waits at a gate may still narrow where it can run; what is allowed is set back in `munged`."""
    new_selector, old_selector = munged.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if new_selector != old_selector:
        if any(new_selector.get(key) != value for key, value in old_selector.items()):
            text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            errors.append(field.invalid("spec.nodeSelector", munged.get("nodeSelector"), text))
        munged.pop("nodeSelector", None)
        if "nodeSelector" in old:
            munged["nodeSelector"] = old["nodeSelector"]
    new_affinity, old_affinity = munged.get("affinity"), old.get("affinity")
    new_node, old_node = (new_affinity or {}).get("nodeAffinity"), (old_affinity or {}).get("nodeAffinity")
    if new_node == old_node:
        return
    _check_node_affinity(new_node, old_node, errors)
    restored = _with(new_affinity or {}, "nodeAffinity", old_node)
    if old_affinity is None and not restored:
        munged.pop("affinity", None)
    else:
        munged["affinity"] = restored


def _check_node_affinity(new: Spec | None, old: Spec | None, errors: Errors) -> None:
    if not old or not old.get(_REQUIRED):
        return
    old_terms = old[_REQUIRED].get("nodeSelectorTerms") or []
    new_terms = ((new or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    path = f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
    if old_terms and len(old_terms) != len(new_terms):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        shown = [_term_struct(term) for term in new_terms]
        errors.append(field.invalid(path, shown or None, text))
        return
    for index, term in enumerate(old_terms):
        if not _only_adds(new_terms[index], term):
            text = "only additions are allowed (no mutations or deletions)"
            errors.append(field.invalid(f"{path}[{index}]", _term_struct(new_terms[index]), text))


def _term_struct(term: Spec) -> field.Struct:
    from minikctl.apiserver.validation.pod.gostruct import struct_of

    return struct_of("NodeTerm", term)


def _only_adds(new: Spec, old: Spec) -> bool:
    lists = [(new.get(key) or [], old.get(key) or []) for key in ("matchExpressions", "matchFields")]
    if not any(before for _, before in lists):
        return not any(after for after, _ in lists)
    return all(after[: len(before)] == before for after, before in lists)


def validate_ephemeral_containers(new: Obj, old: Obj) -> Errors:
    """An update through the ephemeralcontainers subresource: only additions."""
    errors: Errors = []
    check_pod(new, errors)
    check_annotation_changes(new, old, errors)
    if MIRROR in _annotations(old):
        return [field.forbidden("", "static pods do not support ephemeral containers")]
    path = "spec.ephemeralContainers"
    present = {
        container.get("name"): container for container in (new.get("spec") or {}).get("ephemeralContainers") or ()
    }
    for container in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = field.quote(container.get("name", ""))
        if container.get("name") not in present:
            errors.append(field.forbidden(path, f"existing ephemeral containers {name} may not be removed\n"))
        elif present[container.get("name")] != container:
            from minikctl.apiserver.validation.pod.gostruct import struct_of
            from minikctl.apiserver.validation.pod.specdiff import diff

            before, after = container, present[container.get("name")]
            shown = diff(struct_of("EphemeralContainer", before), struct_of("EphemeralContainer", after))
            errors.append(field.forbidden(path, f"existing ephemeral containers {name} may not be changed\n{shown}"))
    return errors


def validate_resize(new: Obj, old: Obj) -> Errors:
    """An update through the resize subresource: cpu and memory only, in the same class of service."""
    errors: Errors = []
    check_pod(new, errors)
    if MIRROR in _annotations(old):
        return [field.forbidden("", "static pods cannot be resized")]
    new_spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    if (old_spec.get("os") or {}).get("name") == "windows":
        return [field.forbidden("", "windows pods cannot be resized")]
    if qos_class(old) != compute_qos(new):
        shown = (new.get("status") or {}).get("qosClass", "")
        errors.append(field.invalid("spec", shown, "Pod QOS Class may not change as a result of resizing"))
    if not _node_supports_resize(old):
        errors.append(field.forbidden("spec", "Pod running on node without support for resize"))
    munged = dict(new_spec)
    if _has_pod_level(old_spec) or _has_pod_level(new_spec):
        _check_pod_level(munged, old_spec, errors)
    if not _check_order(new_spec, old_spec, errors):
        return errors
    for key in ("initContainers", "containers"):
        for index, container in enumerate(old_spec.get(key) or ()):
            resources, at = new_spec[key][index].get("resources") or {}, f"spec.{key}[{index}].resources"
            _check_removed(resources, container.get("resources") or {}, at, errors)
    _check_resized(munged, old_spec, errors)
    if not errors and munged != old_spec:
        errors.append(field.forbidden("spec", "only cpu and memory resources are mutable"))
    return errors


def _node_supports_resize(pod: Obj) -> bool:
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _has_pod_level(spec: Spec) -> bool:
    resources = spec.get("resources") or {}
    return bool(resources.get("requests") or resources.get("limits"))


def _check_pod_level(munged: Spec, old_spec: Spec, errors: Errors) -> None:
    new, old = munged.get("resources"), old_spec.get("resources")
    if old is not None and new is None:
        errors.append(field.forbidden("spec.resources", "pod-level resources cannot be removed"))
        return
    for kind in ("requests", "limits"):
        if old is not None and _removed((new or {}).get(kind), old.get(kind)):
            text = f"pod-level resource {kind} cannot be removed"
            errors.append(field.forbidden(f"spec.resources.{kind}", text))
    kept = _without_compute(new or {}, old or {})
    if kept or old is not None:
        munged["resources"] = kept
    else:
        munged.pop("resources", None)
    if (munged.get("resources") or None) != (old or None):
        errors.append(field.forbidden("spec", "only cpu and memory resources are mutable at pod-level"))


def _check_order(new_spec: Spec, old_spec: Spec, errors: Errors) -> bool:
    before = len(errors)
    for key in ("containers", "initContainers"):
        new, old = new_spec.get(key) or [], old_spec.get(key) or []
        if len(new) != len(old):
            errors.append(field.forbidden(f"spec.{key}", f"{key} may not be added or removed on resize"))
            continue
        for index, container in enumerate(old):
            if new[index].get("name") != container.get("name"):
                text = f"{key} may not be renamed or reordered on resize"
                errors.append(field.forbidden(f"spec.{key}[{index}].name", text))
    return len(errors) == before


def _removed(new: dict[str, str] | None, old: dict[str, str] | None) -> bool:
    return any(name not in (new or {}) for name in old or ())


def _check_removed(new: Spec, old: Spec, path: str, errors: Errors) -> None:
    for kind in ("requests", "limits"):
        if _removed(new.get(kind), old.get(kind)):
            errors.append(field.forbidden(f"{path}.{kind}", f"resource {kind} cannot be removed"))


def _without_compute(new: Spec, old: Spec) -> Spec:
    """The new requirements with cpu and memory as they were, without claims."""
    kept: Spec = {}
    for kind in ("limits", "requests"):
        amounts = {name: text for name, text in (new.get(kind) or {}).items() if name not in _COMPUTE}
        amounts.update({name: text for name, text in (old.get(kind) or {}).items() if name in _COMPUTE})
        if amounts:
            kept[kind] = amounts
    return kept


def _check_resized(munged: Spec, old_spec: Spec, errors: Errors) -> None:
    """Nothing but cpu and memory of containers changed; they are set back in `munged`."""
    restored = []
    for container, old in zip(munged.get("containers") or (), old_spec.get("containers") or (), strict=True):
        container = _with_old_compute(container, old)
        if container != old:
            errors.append(field.forbidden("spec", "only cpu and memory resources are mutable"))
        restored.append(container)
    munged["containers"] = restored
    if not munged.get("initContainers"):
        return
    restored = []
    for index, (container, old) in enumerate(zip(munged["initContainers"], old_spec["initContainers"], strict=True)):
        modified = container != old
        container = _with_old_compute(container, old)
        path = f"spec.initContainers[{index}]"
        if container != old:
            text = "only cpu and memory resources for init or sidecar containers are mutable"
            errors.append(field.forbidden(path, text))
        if modified and container.get("restartPolicy") != "Always":
            text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            policies = container.get("resizePolicy") or ()
            errors += [field.forbidden(path, text) for p in policies if p.get("restartPolicy") == "RestartContainer"]
        restored.append(container)
    munged["initContainers"] = restored


def _with_old_compute(container: Spec, old: Spec) -> Spec:
    resources = _without_compute(container.get("resources") or {}, old.get("resources") or {})
    return {**container, "resources": resources}
