"""CreateOptions, UpdateOptions, PatchOptions and DeleteOptions: what a write may ask for.

Counterpart of apimachinery's `apis/meta/v1/validation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import APPLY_PATCH

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Request

_KINDS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}
_LONGEST_MANAGER = 128
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_POLICIES = ("Foreground", "Background", "Orphan")


def check(request: Request) -> None:
    """Refuse (Invalid) options that are wrong or do not go together; drop the ones that are empty."""
    options = request.options
    kind = _KINDS[request.verb]
    for name in ("fieldManager", "fieldValidation", "propagationPolicy"):
        if options.get(name) == "":
            del options[name]
    if "dryRun" in options:
        options["dryRun"] = [value for value in _listed(options["dryRun"]) if value != ""]
    found = _delete(options) if kind == "DeleteOptions" else _write(options, request)
    if found:
        raise errors.invalid(f"{kind}.meta.k8s.io", "", found)


def _write(options: dict[str, Any], request: Request) -> list[FieldError]:
    found = []
    if request.verb == "patch" and request.patch_type != APPLY_PATCH and "force" in options:
        found.append(field.forbidden("force", "may not be specified for non-apply patch"))
    manager = options.get("fieldManager", "")
    if request.verb == "patch" and request.patch_type == APPLY_PATCH and not manager:
        found.append(field.required("fieldManager", "is required for apply patch"))
    if len(manager.encode()) > _LONGEST_MANAGER:
        found.append(field.too_long("fieldManager", _LONGEST_MANAGER))
    for index, char in enumerate(manager):
        if not char.isprintable():
            shown = f"U+{ord(char):04X}"
            found.append(field.invalid("fieldManager", manager, f"invalid character {shown} (at position {index})"))
    found += _dry_run(options)
    validation = options.get("fieldValidation", "")
    if validation not in _VALIDATIONS:
        found.append(field.not_supported("fieldValidation", validation, _VALIDATIONS))
    return found


def _delete(options: dict[str, Any]) -> list[FieldError]:
    found = []
    policy = options.get("propagationPolicy")
    if policy is not None and options.get("orphanDependents") is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        found.append(field.invalid("propagationPolicy", policy, why))
    if policy is not None and policy not in _POLICIES:
        found.append(field.not_supported("propagationPolicy", policy, (*_POLICIES, "nil")))
    return found + _dry_run(options)


def _dry_run(options: dict[str, Any]) -> list[FieldError]:
    values = options.get("dryRun") or []
    return [field.not_supported("dryRun", values, ("All",))] if any(value != "All" for value in values) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
