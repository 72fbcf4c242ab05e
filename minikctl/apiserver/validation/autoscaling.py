"""Validation of HorizontalPodAutoscalers; one that arrives as v1 is judged as the v2 it stands for."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field, quantity
from minikctl.apimachinery.field import FieldError
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks
from minikctl.apiserver.validation.names import is_dns1123_label, is_path_segment
from minikctl.apiserver.validation.quantities import validate_container_resource_name, validate_nonnegative_int

_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_MAX_WINDOW = 3600
_MAX_PERIOD = 1800


def _create(obj: Obj, old: Obj | None = None) -> list[FieldError]:
    if (obj.get("apiVersion") or "").endswith("/v1"):
        from minikctl.apiserver.conversion import convert

        obj = convert(obj, "autoscaling/v2")
    spec = obj.get("spec") or {}
    low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    errors: list[FieldError] = []
    if low is not None and low < 1:
        errors.append(field.invalid("spec.minReplicas", low, "must be greater than or equal to 1"))
    if high == 0:
        errors.append(field.required("spec.maxReplicas", "must be set and greater than 0"))
    elif high < 0:
        errors.append(field.invalid("spec.maxReplicas", high, "must be greater than or equal to 1"))
    if low is not None and high < low:
        errors.append(field.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    errors += _target_reference(spec, (old or {}).get("spec") or {})
    for index, metric in enumerate(spec.get("metrics") or ()):
        errors += _metric(metric or {}, f"spec.metrics[{index}]")
    behavior = spec.get("behavior")
    if behavior is not None:
        errors += _rules(behavior.get("scaleUp"), "spec.behavior.scaleUp")
        errors += _rules(behavior.get("scaleDown"), "spec.behavior.scaleDown")
    return errors


def _target_reference(spec: dict[str, Any], before: dict[str, Any]) -> list[FieldError]:
    """What is scaled: its version names a group, unless it did not change or is that of the one core kind there is."""
    path, target, was = "spec.scaleTargetRef", spec.get("scaleTargetRef") or {}, before.get("scaleTargetRef")
    errors = _reference(target, path)
    if was is not None and all((target.get(key) or "") == (was.get(key) or "") for key in ("apiVersion", "kind")):
        return errors
    return errors + _api_version(target, target.get("kind") == "ReplicationController", path)


def _api_version(reference: dict[str, Any], groupless: bool, path: str) -> list[FieldError]:
    version = reference.get("apiVersion") or ""
    if version.count("/") > 1:
        return [field.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")]
    if not groupless and not version.rpartition("/")[0]:
        return [field.invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")]
    return []


def _reference(reference: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key in ("kind", "name"):
        value = reference.get(key) or ""
        if not value:
            errors.append(field.required(f"{path}.{key}"))
        else:
            errors += [field.invalid(f"{path}.{key}", value, text) for text in is_path_segment(value)]
    return errors


def _metric(metric: dict[str, Any], path: str) -> list[FieldError]:
    kind = metric.get("type") or ""
    errors: list[FieldError] = []
    if not kind:
        errors.append(field.required(f"{path}.type", "must specify a metric source type"))
    if kind not in _SOURCES:
        errors.append(field.not_supported(f"{path}.type", kind, sorted(_SOURCES)))
    present = [
        key for key in ("object", "external", "pods", "resource", "containerResource") if metric.get(key) is not None
    ]
    if present:
        errors += _CHECKS[present[0]](metric[present[0]], f"{path}.{present[0]}")
    expected = _SOURCES.get(kind)
    if expected is None:
        errors.append(field.not_supported(f"{path}.type", kind, sorted(_SOURCES)))
    elif expected not in present:
        text = "must populate information for the given metric source"
        errors.append(field.required(f"{path}.{expected}", text))
    if len(present) != 1:
        text = "must populate the given metric source only"
        errors += [field.forbidden(f"{path}.{key}", text) for key in present if key != expected]
    return errors


def _identifier(metric: dict[str, Any], path: str) -> list[FieldError]:
    name = metric.get("name") or ""
    if not name:
        return [field.required(f"{path}.name", "must specify a metric name")]
    return [field.invalid(f"{path}.name", name, text) for text in is_path_segment(name)]


def _target(target: dict[str, Any], path: str) -> list[FieldError]:
    kind = target.get("type") or ""
    errors: list[FieldError] = []
    if not kind:
        errors.append(field.required(f"{path}.type", "must specify a metric target type"))
    if kind not in ("Utilization", "Value", "AverageValue"):
        errors.append(field.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        if target.get(key) is not None and quantity.parse(target[key]).nanos <= 0:
            errors.append(field.invalid(f"{path}.{key}", quantity.canonical(target[key]), "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(field.invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return errors


def _object(source: dict[str, Any], path: str) -> list[FieldError]:
    described = source.get("describedObject") or {}
    errors = _reference(described, f"{path}.describedObject")
    errors += _api_version(described, True, f"{path}.describedObject")
    errors += _identifier(source.get("metric") or {}, f"{path}.metric")
    target = source.get("target") or {}
    errors += _target(target, f"{path}.target")
    if target.get("value") is None and target.get("averageValue") is None:
        errors.append(field.required(f"{path}.target.averageValue", "must set either a target value or averageValue"))
    return errors


def _external(source: dict[str, Any], path: str) -> list[FieldError]:
    target = source.get("target") or {}
    errors = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    value, average = target.get("value"), target.get("averageValue")
    if value is None and average is None:
        text = "must set either a target value for metric or a per-pod target"
        errors.append(field.required(f"{path}.target.averageValue", text))
    if value is not None and average is not None:
        text = "may not set both a target value for metric and a per-pod target"
        errors.append(field.forbidden(f"{path}.target.value", text))
    return errors


def _pods(source: dict[str, Any], path: str) -> list[FieldError]:
    target = source.get("target") or {}
    errors = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if target.get("averageValue") is None:
        errors.append(field.required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return errors


def _resource(source: dict[str, Any], path: str) -> list[FieldError]:
    errors = [] if source.get("name") else [field.required(f"{path}.name", "must specify a resource name")]
    return errors + _resource_target(source.get("target") or {}, path)


def _container_resource(source: dict[str, Any], path: str) -> list[FieldError]:
    name = source.get("name")
    if name:
        errors = validate_container_resource_name(name, f"{path}.name")
    else:
        errors = [field.required(f"{path}.name", "must specify a resource name")]
    container = source.get("container")
    if not container:
        errors.append(field.required(f"{path}.container", "must specify a container"))
    else:
        errors += [field.invalid(f"{path}.container", container, text) for text in is_dns1123_label(container)]
    return errors + _resource_target(source.get("target") or {}, path)


def _resource_target(target: dict[str, Any], path: str) -> list[FieldError]:
    errors = _target(target, f"{path}.target")
    utilization, average = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and average is None:
        text = "must set either a target raw value or a target utilization"
        errors.append(field.required(f"{path}.target.averageUtilization", text))
    if utilization is not None and average is not None:
        text = "may not set both a target raw value and a target utilization"
        errors.append(field.forbidden(f"{path}.target.averageValue", text))
    return errors


_CHECKS = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def _rules(rules: dict[str, Any] | None, path: str) -> list[FieldError]:
    if rules is None:
        return []
    errors: list[FieldError] = []
    window = rules.get("stabilizationWindowSeconds")
    at = f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        errors.append(field.invalid(at, window, "must be greater than or equal to zero"))
    if window is not None and window > _MAX_WINDOW:
        errors.append(field.invalid(at, window, f"must be less than or equal to {_MAX_WINDOW}"))
    select = rules.get("selectPolicy")
    if select is not None and select not in ("Disabled", "Max", "Min"):
        errors.append(field.not_supported(f"{path}.selectPolicy", select, ["Disabled", "Max", "Min"]))
    policies = rules.get("policies") or []
    if not policies:
        errors.append(field.required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        errors += _policy(policy or {}, f"{path}.policies[{index}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and quantity.parse(tolerance).nanos < 0:
        text = "must be greater than or equal to 0"
        errors.append(field.invalid(f"{path}.tolerance", quantity.canonical(tolerance), text))
    return errors


def _policy(policy: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    kind, value, period = policy.get("type") or "", policy.get("value") or 0, policy.get("periodSeconds") or 0
    if kind not in ("Percent", "Pods"):
        errors.append(field.not_supported(f"{path}.type", kind, ["Percent", "Pods"]))
    if value <= 0:
        errors.append(field.invalid(f"{path}.value", value, "must be greater than zero"))
    if period <= 0:
        errors.append(field.invalid(f"{path}.periodSeconds", period, "must be greater than zero"))
    if period > _MAX_PERIOD:
        errors.append(field.invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_MAX_PERIOD}"))
    return errors


def _update(new: Obj, old: Obj) -> list[FieldError]:
    return _create(new, old)


def _status(new: Obj, old: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    errors = validate_nonnegative_int(status.get("currentReplicas"), "status.currentReplicas")
    return errors + validate_nonnegative_int(status.get("desiredReplicas"), "status.desiredReplicas")


VALIDATE: dict[str, Checks] = {"horizontalpodautoscalers.autoscaling": (_create, _update, _status)}
