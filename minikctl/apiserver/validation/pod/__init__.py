"""Validation of Pod and PodTemplate; other kinds use `spec.check_template`.

Beside the tables this exports the rules of the subresources: `validate_resize`,
`validate_ephemeral_containers`, `validate_binding`. Counterpart: the pod parts of kubernetes
`pkg/apis/core/validation`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, UpdateCheck, WarningsCheck
from minikctl.apiserver.validation.pod.checks import Errors
from minikctl.apiserver.validation.pod.create import validate_binding, validate_create
from minikctl.apiserver.validation.pod.spec import check_template

__all__ = [
    "SUBRESOURCES",
    "VALIDATE",
    "WARNINGS",
    "validate_binding",
    "validate_create",
    "validate_ephemeral_containers",
    "validate_resize",
]


def _update(new: Obj, old: Obj) -> Errors:
    from minikctl.apiserver.validation.pod.update import validate_update

    return validate_update(new, old)


def _status(new: Obj, old: Obj) -> Errors:
    from minikctl.apiserver.validation.pod.status import validate_status_update

    return validate_status_update(new, old)


def validate_resize(new: Obj, old: Obj) -> Errors:
    """An update through the resize subresource."""
    from minikctl.apiserver.validation.pod import update

    return update.validate_resize(new, old)


def validate_ephemeral_containers(new: Obj, old: Obj) -> Errors:
    """An update through the ephemeralcontainers subresource."""
    from minikctl.apiserver.validation.pod import update

    return update.validate_ephemeral_containers(new, old)


def _template(obj: Obj, old: Obj | None = None) -> Errors:
    errors: Errors = []
    check_template(obj.get("template") or {}, "template", errors)
    return errors


def _pod_warnings(new: Obj, old: Obj | None) -> list[str]:
    # Pods are updated often, and by programs: remarks are made at creation only.
    if old is not None:
        return []
    from minikctl.apiserver.validation.pod.warnings import pod_warnings

    return pod_warnings(new)


def _template_warnings(new: Obj, old: Obj | None) -> list[str]:
    from minikctl.apiserver.validation.pod.warnings import template_warnings

    if old is not None and new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return template_warnings(new.get("template"), "template")


VALIDATE: dict[str, Checks] = {
    "pods": (validate_create, _update, _status),
    "podtemplates": (_template, _template, None),
}
# Subresources through which an update follows rules of its own.
SUBRESOURCES: dict[str, UpdateCheck] = {
    "resize": validate_resize,
    "ephemeralcontainers": validate_ephemeral_containers,
}
WARNINGS: dict[str, WarningsCheck] = {"pods": _pod_warnings, "podtemplates": _template_warnings}
