"""Validation of RuntimeClasses."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.core.volumewarnings import node_label_remark
from minikctl.apiserver.validation.metadata import validate_immutable, validate_labels
from minikctl.apiserver.validation.names import is_dns1123_label
from minikctl.apiserver.validation.pod.scheduling import check_tolerations
from minikctl.apiserver.validation.quantities import is_huge_page, validate_amount, validate_container_resource_name


def _create(obj: Obj) -> list[FieldError]:
    handler = obj.get("handler") or ""
    errors = [field.required("handler")]
    if handler:
        errors = [field.invalid("handler", handler, text) for text in is_dns1123_label(handler)]
    errors += _overhead((obj.get("overhead") or {}).get("podFixed") or {})
    scheduling = obj.get("scheduling")
    if scheduling is None:
        return errors
    errors += validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
    check_tolerations(scheduling.get("tolerations") or [], "scheduling.tolerations", errors)
    return errors


def _overhead(amounts: dict[str, Any]) -> list[FieldError]:
    """What a pod costs on top of its containers; upstream checks it as if it were a container's limits."""
    errors: list[FieldError] = []
    for name, value in amounts.items():
        path = f"overhead.limits[{name}]"
        errors += validate_container_resource_name(name, path) + validate_amount(name, value, path)
    if any(is_huge_page(name) for name in amounts) and not {"cpu", "memory"} & set(amounts):
        errors.append(field.forbidden("overhead", "HugePages require cpu or memory"))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return validate_immutable(new.get("handler"), old.get("handler"), "handler")


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    selector = (new.get("scheduling") or {}).get("nodeSelector") or {}
    return [f"scheduling.nodeSelector: {node_label_remark(key)}" for key in selector if node_label_remark(key)]


VALIDATE: dict[str, Checks] = {"runtimeclasses.node.k8s.io": (_create, _update, None)}
WARNINGS: dict[str, WarningsCheck] = {"runtimeclasses.node.k8s.io": _warnings}
