"""Conversion between the served versions of a kind: autoscaling v1 and v2, and the two forms of Events.

`convert` makes a new object; what the target version cannot say goes into annotations, as upstream
does it. Counterparts: `pkg/apis/autoscaling/v1/conversion.go`, `pkg/apis/core` and `pkg/apis/events`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.field import Struct, go_json
from minikctl.apimachinery.request import Obj

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS = f"{_PREFIX}metrics"
_CURRENT = f"{_PREFIX}current-metrics"
_CONDITIONS = f"{_PREFIX}conditions"
_BEHAVIOR = f"{_PREFIX}behavior"
_DEFAULT_CPU = 80


def convert(obj: Obj, to_version: str) -> Obj:
    """The object in another version of its kind ("autoscaling/v1", "v1", "events.k8s.io/v1")."""
    version = obj.get("apiVersion", "")
    if version == to_version:
        return obj
    step = _STEPS.get((version, to_version))
    if step is None:
        raise ValueError(f"no conversion of {obj.get('kind')} from {version} to {to_version}")
    return {**step(obj), "apiVersion": to_version}


def _to_v2(obj: Obj) -> Obj:
    """v1 -> v2: the percentage becomes a metric, the annotations become fields again."""
    import json

    annotations = dict(obj.get("metadata", {}).get("annotations") or {})
    saved = {key: annotations.pop(key) for key in (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR) if key in annotations}
    decoded: dict[str, Any] = {}
    for key, text in saved.items():
        try:
            decoded[key] = json.loads(text)
        except ValueError:
            annotations[key] = text
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_metric_to_v2(item) for item in decoded.get(_METRICS) or ()]
    if percent is not None or not metrics:
        target = {"type": "Utilization", "averageUtilization": _DEFAULT_CPU if percent is None else percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics
    if decoded.get(_BEHAVIOR):
        spec["behavior"] = _lower_names(decoded[_BEHAVIOR])
    current = status.pop("currentCPUUtilizationPercentage", None)
    if decoded.get(_CURRENT):
        status["currentMetrics"] = [_current_to_v2(item) for item in decoded[_CURRENT]]
    elif current is not None:
        cpu = {"name": "cpu", "current": {"averageUtilization": current, "averageValue": "0"}}
        status["currentMetrics"] = [{"type": "Resource", "resource": cpu}]
    if decoded.get(_CONDITIONS):
        status["conditions"] = decoded[_CONDITIONS]
    return _rebuilt(obj, annotations, spec, status)


def _rebuilt(obj: Obj, annotations: dict[str, str], spec: Obj, status: Obj) -> Obj:
    meta = {key: value for key, value in obj.get("metadata", {}).items() if key != "annotations"}
    if annotations:
        meta["annotations"] = annotations
    out = {**obj, "metadata": meta, "spec": spec}
    if "status" in obj or status:
        out["status"] = status
    return out


def _to_v1(obj: Obj) -> Obj:
    """v2 -> v1: a CPU utilisation target becomes the percentage, the rest annotations."""
    annotations = dict(obj.get("metadata", {}).get("annotations") or {})
    for key in (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR):
        annotations.pop(key, None)
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        percent = _cpu_percent(metric, "target")
        if percent is None:
            others.append(_metric_to_v1(metric))
        elif "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = percent
    behavior = spec.pop("behavior", None)
    current = status.pop("currentMetrics", None) or []
    for metric in current:
        percent = _cpu_percent(metric, "current")
        if percent is not None:
            status["currentCPUUtilizationPercentage"] = percent
    conditions = status.pop("conditions", None)
    if others:
        annotations[_METRICS] = go_json(others)
    if current:
        annotations[_CURRENT] = go_json([_current_to_v1(metric) for metric in current])
    if conditions:
        names = ("type", "status", "lastTransitionTime", "reason", "message")
        annotations[_CONDITIONS] = go_json([_picked(item, *names) for item in conditions])
    if behavior:
        annotations[_BEHAVIOR] = go_json(_behavior_struct(behavior))
    return _rebuilt(obj, annotations, spec, status)


def _picked(item: Obj, *names: str) -> Struct:
    return Struct({name: item[name] for name in names if item.get(name) not in (None, "")})


def _cpu_percent(metric: Obj, part: str) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    percent: int | None = (resource.get(part) or {}).get("averageUtilization")
    return percent


def _behavior_struct(behavior: Obj) -> Struct:
    shown = Struct()
    for key, name in (("scaleUp", "ScaleUp"), ("scaleDown", "ScaleDown")):
        rules = behavior.get(key)
        shown[name] = None if rules is None else _rules_struct(rules)
    return shown


def _rules_struct(rules: Obj) -> Struct:
    policies = [
        Struct(Type=item.get("type", ""), Value=item.get("value", 0), PeriodSeconds=item.get("periodSeconds", 0))
        for item in rules.get("policies") or ()
    ]
    return Struct(
        StabilizationWindowSeconds=rules.get("stabilizationWindowSeconds"),
        SelectPolicy=rules.get("selectPolicy"),
        Policies=policies or None,
        Tolerance=rules.get("tolerance"),
    )


def _lower_names(value: Any) -> Any:
    """Go field names back to JSON names; nulls are left out."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower_names(item) for key, item in value.items() if item is not None}
    return [_lower_names(item) for item in value] if isinstance(value, list) else value


def _metric_to_v1(metric: Obj) -> Struct:
    kind = metric.get("type", "")
    out = Struct(type=kind)
    for key in ("object", "pods", "resource", "containerResource", "external"):
        source = metric.get(key)
        if source is None:
            continue
        target, identifier = source.get("target") or {}, source.get("metric") or {}
        names = _V1_NAMES[key]
        inner = Struct()
        for name in ("name", "container"):
            if name in source:
                inner[name] = source[name]
        if key == "object":
            inner["target"] = _picked(source.get("describedObject") or {}, "kind", "name", "apiVersion")
        if identifier:
            inner["metricName"] = identifier.get("name", "")
        for field_name, v1_name in names.items():
            if target.get(field_name) is not None:
                inner[v1_name] = target[field_name]
        if identifier.get("selector") is not None:
            inner["metricSelector" if key == "external" else "selector"] = identifier["selector"]
        out[key] = inner
    return out


_V1_NAMES = {
    "object": {"value": "targetValue", "averageValue": "averageValue"},
    "pods": {"averageValue": "targetAverageValue"},
    "resource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "containerResource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "external": {"value": "targetValue", "averageValue": "targetAverageValue"},
}
_TARGET_TYPES = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}


def _metric_to_v2(metric: Obj) -> Obj:
    out: Obj = {"type": metric.get("type", "")}
    for key, names in _V1_NAMES.items():
        source = metric.get(key)
        if source is None:
            continue
        target: Obj = {"type": ""}
        for field_name, v1_name in names.items():
            if source.get(v1_name) is not None:
                target[field_name] = source[v1_name]
                target["type"] = target["type"] or _TARGET_TYPES[field_name]
        inner: Obj = {name: source[name] for name in ("name", "container") if name in source}
        if "metricName" in source:
            inner["metric"] = {"name": source["metricName"]}
            selector = source.get("metricSelector" if key == "external" else "selector")
            if selector is not None:
                inner["metric"]["selector"] = selector
        if key == "object":
            inner["describedObject"] = source.get("target") or {}
        out[key] = {**inner, "target": target}
    return out


_CURRENT_NAMES = {
    "object": {"value": "currentValue", "averageValue": "averageValue"},
    "pods": {"averageValue": "currentAverageValue"},
    "resource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "containerResource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "external": {"value": "currentValue", "averageValue": "currentAverageValue"},
}


def _current_to_v1(metric: Obj) -> Struct:
    out = Struct(type=metric.get("type", ""))
    for key, names in _CURRENT_NAMES.items():
        source = metric.get(key)
        if source is None:
            continue
        current = source.get("current") or {}
        inner = Struct({name: source[name] for name in ("name", "container") if name in source})
        if key == "object":
            inner["target"] = _picked(source.get("describedObject") or {}, "kind", "name", "apiVersion")
        if source.get("metric"):
            inner["metricName"] = source["metric"].get("name", "")
        inner.update({v1: current[name] for name, v1 in names.items() if current.get(name) is not None})
        out[key] = inner
    return out


def _current_to_v2(metric: Obj) -> Obj:
    out: Obj = {"type": metric.get("type", "")}
    for key, names in _CURRENT_NAMES.items():
        source = metric.get(key)
        if source is None:
            continue
        inner: Obj = {name: source[name] for name in ("name", "container") if name in source}
        if "metricName" in source:
            inner["metric"] = {"name": source["metricName"]}
        if key == "object":
            inner["describedObject"] = source.get("target") or {}
        inner["current"] = {name: source[v1] for name, v1 in names.items() if source.get(v1) is not None}
        out[key] = inner
    return out


_EVENT_NAMES = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)
_TO_EVENTS = dict(_EVENT_NAMES)
_TO_CORE = {new: old for old, new in _EVENT_NAMES}


def _to_events_group(obj: Obj) -> Obj:
    return {_TO_EVENTS.get(key, key): value for key, value in obj.items()}


def _to_core_event(obj: Obj) -> Obj:
    out = {_TO_CORE.get(key, key): value for key, value in obj.items()}
    # These are always written in the old form.
    for key, empty in (("involvedObject", {}), ("source", {}), ("firstTimestamp", None), ("lastTimestamp", None)):
        out.setdefault(key, empty)
    for key in ("reportingComponent", "reportingInstance"):
        out.setdefault(key, "")
    return out


_STEPS: dict[tuple[str, str], Callable[[Obj], Obj]] = {
    ("autoscaling/v1", "autoscaling/v2"): _to_v2,
    ("autoscaling/v2", "autoscaling/v1"): _to_v1,
    ("v1", "events.k8s.io/v1"): _to_events_group,
    ("events.k8s.io/v1", "v1"): _to_core_event,
}
