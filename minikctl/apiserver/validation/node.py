"""Validation of RuntimeClasses."""

from __future__ import annotations

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.core.volumewarnings import node_label_remark
from minikctl.apiserver.validation.metadata import validate_immutable, validate_labels
from minikctl.apiserver.validation.names import is_dns1123_label, is_valid_label_value
from minikctl.apiserver.validation.quantities import validate_amount, validate_container_resource_name
from minikctl.apiserver.validation.selectors import validate_label_name

_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"]


def _create(obj: Obj) -> list[FieldError]:
    handler = obj.get("handler") or ""
    errors = [field.invalid("handler", handler, text) for text in is_dns1123_label(handler)]
    for name, value in ((obj.get("overhead") or {}).get("podFixed") or {}).items():
        path = f"overhead.limits[{name}]"
        errors += validate_container_resource_name(name, path) + validate_amount(name, value, path)
    scheduling = obj.get("scheduling")
    if scheduling is None:
        return errors
    errors += validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
    tolerations = scheduling.get("tolerations") or []
    for index, toleration in enumerate(tolerations):
        path = f"scheduling.tolerations[{index}]"
        errors += _toleration(toleration or {}, path)
        if toleration in tolerations[:index]:
            errors.append(field.duplicate(path, toleration))
    return errors


def _toleration(item: Obj, path: str) -> list[FieldError]:
    key, operator, value = item.get("key") or "", item.get("operator") or "", item.get("value") or ""
    effect = item.get("effect") or ""
    errors = validate_label_name(key, f"{path}.key") if key else []
    if not key and operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(field.invalid(f"{path}.operator", operator, text))
    if item.get("tolerationSeconds") is not None and effect != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(field.invalid(f"{path}.effect", effect, text))
    if operator in ("", "Equal"):
        problems = is_valid_label_value(value)
        if problems:
            errors.append(field.invalid(f"{path}.operator", value, ";".join(problems)))
    elif operator == "Exists":
        if value:
            text = "value must be empty when `operator` is 'Exists'"
            errors.append(field.invalid(f"{path}.operator", item, text))
    else:
        errors.append(field.not_supported(f"{path}.operator", operator, ["Equal", "Exists"]))
    if effect and effect not in _EFFECTS:
        errors.append(field.not_supported(f"{path}.effect", effect, _EFFECTS))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return validate_immutable(new.get("handler"), old.get("handler"), "handler")


def _warnings(new: Obj, old: Obj | None) -> list[str]:
    selector = (new.get("scheduling") or {}).get("nodeSelector") or {}
    return [f"scheduling.nodeSelector: {node_label_remark(key)}" for key in selector if node_label_remark(key)]


VALIDATE: dict[str, Checks] = {"runtimeclasses.node.k8s.io": (_create, _update, None)}
WARNINGS: dict[str, WarningsCheck] = {"runtimeclasses.node.k8s.io": _warnings}
