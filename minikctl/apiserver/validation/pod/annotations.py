"""Annotations that mean something for a pod: seccomp, AppArmor, mirror pods, deletion cost.

Counterparts: ValidatePodSpecificAnnotations and its relatives in `pkg/apis/core/validation`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, typedjson
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apiserver.validation.pod.checks import Errors, containers_with_paths, descending_path

MIRROR = "kubernetes.io/config.mirror"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_READ_TOLERATIONS = typedjson.many(
    typedjson.struct(
        "core.Toleration",
        key=typedjson.string,
        operator=typedjson.named_string("core.TolerationOperator"),
        value=typedjson.string,
        effect=typedjson.named_string("core.TaintEffect"),
        tolerationSeconds=typedjson.int64,
    )
)
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

Annotations = dict[str, str]


def check_annotations(annotations: Annotations, spec: dict[str, Any], path: str, errors: Errors) -> None:
    """What the annotations of a pod or template say must make sense."""
    if MIRROR in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(field.invalid(f"{path}[{MIRROR}]", annotations[MIRROR], text))
    if annotations.get(_TOLERATIONS):
        _check_tolerations(annotations[_TOLERATIONS], path, errors)
    cost = annotations.get(_DELETION_COST)
    if cost is not None and not _is_int32(cost):
        errors.append(field.invalid(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        _check_seccomp(annotations[SECCOMP_POD], f"{path}.{SECCOMP_POD}", errors)
    for key, value in annotations.items():
        if key.startswith(SECCOMP_CONTAINER):
            _check_seccomp(value, f"{path}.{key}", errors)
    for key, value in annotations.items():
        if key.startswith(APPARMOR_CONTAINER):
            _check_apparmor(key, value, spec, path, errors)


def _check_tolerations(text: str, path: str, errors: Errors) -> None:
    from minikctl.apiserver.validation.pod.scheduling import check_tolerations

    try:
        tolerations = typedjson.read(text, _READ_TOLERATIONS)
    except ValueError as error:
        errors.append(field.invalid(path, _TOLERATIONS, str(error)))
        return
    check_tolerations(tolerations, f"{path}.{_TOLERATIONS}", errors)


def _is_int32(text: str) -> bool:
    number = parse_int(text, 32)
    return number is not None and str(number) == text  # in one form only


def _check_seccomp(profile: str, path: str, errors: Errors) -> None:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return
    if profile.startswith("localhost/"):
        descending_path(profile.removeprefix("localhost/"), path, errors)
        return
    errors.append(field.invalid(path, profile, "must be a valid seccomp profile"))


def _check_apparmor(key: str, profile: str, spec: dict[str, Any], path: str, errors: Errors) -> None:
    name = key.removeprefix(APPARMOR_CONTAINER)
    if not any(container.get("name") == name for container, _ in containers_with_paths(spec, "")):
        errors.append(field.invalid(f"{path}[{key}]", name, "container not found"))
    if profile not in ("", "runtime/default", "unconfined") and not profile.startswith("localhost/"):
        text = f"invalid AppArmor profile name: {field.quote(profile)}"
        errors.append(field.invalid(f"{path}[{key}]", profile, text))


def check_annotations_update(new: Annotations, old: Annotations, path: str, errors: Errors) -> None:
    """AppArmor annotations and the mirror annotation cannot change."""
    for key, value in old.items():
        if new.get(key) == value:
            continue
        if key.startswith(APPARMOR_CONTAINER):
            errors.append(field.forbidden(f"{path}[{key}]", "may not remove or update AppArmor annotations"))
        if key == MIRROR:
            errors.append(field.forbidden(f"{path}[{key}]", "may not remove or update mirror pod annotation"))
    for key in new:
        if key in old:
            continue
        if key.startswith(APPARMOR_CONTAINER):
            errors.append(field.forbidden(f"{path}[{key}]", "may not add AppArmor annotations"))
        if key == MIRROR:
            errors.append(field.forbidden(f"{path}[{key}]", "may not add mirror pod annotation"))


def check_profiles_match(annotations: Annotations, spec: dict[str, Any], path: str, errors: Errors) -> None:
    """Where a profile is given both as annotation and as field, the two agree."""
    if not any(key == SECCOMP_POD or key.startswith((SECCOMP_CONTAINER, APPARMOR_CONTAINER)) for key in annotations):
        return
    context = spec.get("securityContext") or {}
    if SECCOMP_POD in annotations:
        at = f"{path}.securityContext.seccompProfile"
        _check_match("seccomp", annotations[SECCOMP_POD], context.get("seccompProfile"), at, errors)
    for container, where in containers_with_paths(spec, path):
        annotation = annotations.get(SECCOMP_CONTAINER + container.get("name", ""))
        own = container.get("securityContext") or {}
        if annotation is not None:
            at = f"{where}.securityContext.seccompProfile"
            _check_match("seccomp", annotation, own.get("seccompProfile"), at, errors)
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for container, where in containers_with_paths(spec, path):
        annotation = annotations.get(APPARMOR_CONTAINER + container.get("name", ""))
        own = container.get("securityContext") or {}
        if annotation is not None:
            profile = own.get("appArmorProfile") or context.get("appArmorProfile")
            _check_match("apparmor", annotation, profile, f"{where}.securityContext.appArmorProfile", errors)


def _check_match(kind: str, annotation: str, profile: dict[str, Any] | None, path: str, errors: Errors) -> None:
    if profile is None:
        return
    wanted = profile.get("type", "")
    same: tuple[str, ...] | None = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}.get(wanted)
    if kind == "seccomp" and wanted == "RuntimeDefault":
        same = ("runtime/default", "docker/default")
    if same is not None:
        if annotation not in same:
            errors.append(field.forbidden(f"{path}.type", f"{kind} type in annotation and field must match"))
    elif wanted == "Localhost":
        if not annotation.startswith("localhost/"):
            errors.append(field.forbidden(f"{path}.type", f"{kind} type in annotation and field must match"))
        elif annotation.removeprefix("localhost/") != profile.get("localhostProfile"):
            text = f"{kind} profile in annotation and field must match"
            errors.append(field.forbidden(f"{path}.localhostProfile", text))
