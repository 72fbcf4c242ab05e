"""Conversion between the served versions of a kind: autoscaling v1 and v2, and the two forms of Events.

`convert` makes a new object; what the target version cannot say goes into annotations, as upstream
does it. Counterparts: `pkg/apis/autoscaling/v1/conversion.go`, `pkg/apis/core` and `pkg/apis/events`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import typedjson
from minikctl.apimachinery.field import Struct, go_json
from minikctl.apimachinery.request import Obj

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS = f"{_PREFIX}metrics"
_CURRENT = f"{_PREFIX}current-metrics"
_CONDITIONS = f"{_PREFIX}conditions"
_BEHAVIOR = f"{_PREFIX}behavior"
_ANNOTATIONS = (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR)
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


def possible(version: str, to_version: str) -> bool:
    """Whether objects of one version can be had in the other."""
    return version == to_version or (version, to_version) in _STEPS


def _to_v2(obj: Obj) -> Obj:
    """v1 -> v2: the percentage becomes the last metric, the annotations become fields again."""
    annotations = dict(obj.get("metadata", {}).get("annotations") or {})
    saved = {key: _decoded(key, annotations.pop(key)) for key in _ANNOTATIONS if key in annotations}
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics = [_metric_to_v2(item) for item in saved.get(_METRICS) or ()]
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None or not metrics:
        target = {"type": "Utilization", "averageUtilization": _DEFAULT_CPU if percent is None else percent}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics
    if saved.get(_BEHAVIOR):
        spec["behavior"] = saved[_BEHAVIOR]
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)  # v2 leaves zero out
    current = status.pop("currentCPUUtilizationPercentage", None)
    if saved.get(_CURRENT) is not None:
        status["currentMetrics"] = [_current_to_v2(item) for item in saved[_CURRENT]]
    elif current is not None:
        cpu = {"name": "cpu", "current": {"averageUtilization": current}}
        status["currentMetrics"] = [{"type": "Resource", "resource": cpu}]
    if saved.get(_CONDITIONS):
        status["conditions"] = saved[_CONDITIONS]
    return _rebuilt(obj, annotations, spec, status)


def _decoded(key: str, text: str) -> Any:
    """What an annotation says; nothing if it cannot be read, as somebody may have written it by hand."""
    try:
        return typedjson.read(text, _READERS[key])
    except ValueError:
        return None


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
    for key in _ANNOTATIONS:
        annotations.pop(key, None)
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics = spec.pop("metrics", None) or []
    percent = next((_percent(metric, "target") for metric in metrics if _is_cpu(metric)), None)
    if percent is not None:
        spec["targetCPUUtilizationPercentage"] = percent
    others = [_metric_to_v1(metric) for metric in metrics if _percent(metric, "target") is None or not _is_cpu(metric)]
    behavior = spec.pop("behavior", None)
    current = status.pop("currentMetrics", None) or []
    for metric in current:
        if _is_cpu(metric) and _percent(metric, "current") is not None:
            status["currentCPUUtilizationPercentage"] = _percent(metric, "current")
    conditions = status.pop("conditions", None)
    if "status" in obj:
        status = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    if others:
        annotations[_METRICS] = go_json(others)
    if current:
        annotations[_CURRENT] = go_json([_current_to_v1(metric) for metric in current])
    if conditions:
        annotations[_CONDITIONS] = go_json([_condition_struct(item) for item in conditions])
    if behavior:
        annotations[_BEHAVIOR] = go_json(_behavior_struct(behavior))
    return _rebuilt(obj, annotations, spec, status)


def _condition_struct(condition: Obj) -> Struct:
    shown = Struct(type=condition.get("type", ""), status=condition.get("status", ""))
    shown["lastTransitionTime"] = condition.get("lastTransitionTime")
    shown.update({name: condition[name] for name in ("reason", "message") if condition.get(name)})
    return shown


def _is_cpu(metric: Obj) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _percent(metric: Obj, part: str) -> int | None:
    percent: int | None = ((metric.get("resource") or {}).get(part) or {}).get("averageUtilization")
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


# The fields of each of v1's metric sources, in the order of its struct: v1's name, where v2 has it, and whether v1
# always writes it (it is no pointer there).
_Row = tuple[str, tuple[str, str], bool]
_OBJECT, _METRIC, _OWN = "describedObject", "metric", ""


def _rows(part: str, word: str) -> dict[str, tuple[_Row, ...]]:
    """`part` is where v2 keeps the amounts ("target", "current"), `word` what v1 calls them ("target", "current")."""
    target, name = ("target", (_OBJECT, ""), True), ("metricName", (_METRIC, "name"), True)
    value, average = f"{word}Value", f"{word}AverageValue"
    in_source = part == "target"
    resource: tuple[_Row, ...] = (
        ("name", (_OWN, "name"), True),
        (f"{word}AverageUtilization", (part, "averageUtilization"), False),
        (average, (part, "averageValue"), not in_source),
    )
    return {
        "object": (
            *(target, name, (value, (part, "value"), True)),
            *(("selector", (_METRIC, "selector"), False), ("averageValue", (part, "averageValue"), False)),
        ),
        "pods": (name, (average, (part, "averageValue"), True), ("selector", (_METRIC, "selector"), False)),
        "resource": resource,
        "containerResource": (*resource, ("container", (_OWN, "container"), True)),
        "external": (
            *(name, ("metricSelector", (_METRIC, "selector"), False)),
            *((value, (part, "value"), not in_source), (average, (part, "averageValue"), False)),
        ),
    }


_SOURCES, _CURRENTS = _rows("target", "target"), _rows("current", "current")
_QUANTITIES = ("value", "averageValue")


def _metrics_reader(sources: dict[str, tuple[_Row, ...]]) -> typedjson.Reader:
    """What reads the annotation of metrics with these fields."""
    names = dict.fromkeys(("kind", "name", "apiVersion"), typedjson.string)
    of_part = {_OBJECT: typedjson.struct("v1.CrossVersionObjectReference", **names)}
    of_name = {
        **dict.fromkeys(_QUANTITIES, typedjson.amount),
        "averageUtilization": typedjson.int32,
        "selector": typedjson.LABEL_SELECTOR,
    }
    fields = {
        key: typedjson.struct(
            key, **{v1: of_part.get(part) or of_name.get(v2, typedjson.string) for v1, (part, v2), _ in rows}
        )
        for key, rows in sources.items()
    }
    return typedjson.many(typedjson.struct("v1.MetricSpec", type=typedjson.string, **fields))


_RULES = typedjson.struct(
    "autoscaling.HPAScalingRules",
    stabilizationWindowSeconds=typedjson.int32,
    selectPolicy=typedjson.string,
    policies=typedjson.many(
        typedjson.struct(
            "autoscaling.HPAScalingPolicy", type=typedjson.string, value=typedjson.int32, periodSeconds=typedjson.int32
        )
    ),
    tolerance=typedjson.amount,
)
_READERS = {
    _METRICS: _metrics_reader(_SOURCES),
    _CURRENT: _metrics_reader(_CURRENTS),
    _CONDITIONS: typedjson.many(
        typedjson.struct(
            "v1.HorizontalPodAutoscalerCondition",
            **dict.fromkeys(("type", "status", "reason", "message"), typedjson.string),
            lastTransitionTime=typedjson.moment,
        )
    ),
    _BEHAVIOR: typedjson.struct("autoscaling.HorizontalPodAutoscalerBehavior", scaleUp=_RULES, scaleDown=_RULES),
}


def _metric_to_v1(metric: Obj) -> Struct:
    return _to_v1_fields(metric, _SOURCES)


def _current_to_v1(metric: Obj) -> Struct:
    return _to_v1_fields(metric, _CURRENTS)


def _to_v1_fields(metric: Obj, sources: dict[str, tuple[_Row, ...]]) -> Struct:
    out = Struct(type=metric.get("type", ""))
    for key, rows in sources.items():
        source = metric.get(key)
        if source is None:
            continue
        inner = out[key] = Struct()
        for v1, (part, v2), always in rows:
            if part == _OBJECT:
                inner[v1] = _reference_struct(source.get(part) or {})
                continue
            found = (source if part == _OWN else source.get(part) or {}).get(v2)
            if found is not None or always:
                inner[v1] = found if found is not None else "0" if v2 in _QUANTITIES else ""
    return out


def _reference_struct(reference: Obj) -> Struct:
    shown = Struct(kind=reference.get("kind", ""), name=reference.get("name", ""))
    if reference.get("apiVersion"):
        shown["apiVersion"] = reference["apiVersion"]
    return shown


def _metric_to_v2(metric: Obj) -> Obj:
    out = _to_v2_fields(metric, _SOURCES)
    for key in _SOURCES:
        if key in out:
            target = out[key].setdefault("target", {})
            if key == "object" and "averageValue" in target and target.get("value") == "0":
                del target["value"]  # v1 cannot leave it out
            out[key]["target"] = {"type": _target_type(key, target), **target}
    return out


def _target_type(key: str, target: Obj) -> str:
    """What kind of target an annotation stands for: the type itself is not kept."""
    if key in ("resource", "containerResource"):
        return "AverageValue" if target.get("averageUtilization") is None else "Utilization"
    if key == "object":
        return "Value" if target.get("averageValue") is None else "AverageValue"
    return "Value" if key == "external" and target.get("value") is not None else "AverageValue"


def _current_to_v2(metric: Obj) -> Obj:
    out = _to_v2_fields(metric, _CURRENTS)
    for key in _CURRENTS:
        if key in out:
            out[key].setdefault("current", {})
    return out


def _to_v2_fields(metric: Obj, sources: dict[str, tuple[_Row, ...]]) -> Obj:
    out: Obj = {"type": metric.get("type", "")}
    for key, rows in sources.items():
        source = metric.get(key)
        if source is None:
            continue
        inner: Obj = {}
        for v1, (part, v2), always in rows:
            found = source.get(v1)
            if found is None and always:
                found = {} if part == _OBJECT else "0" if v2 in _QUANTITIES else ""
            if found is not None and part == _OBJECT:
                inner[part] = found
            elif found is not None:
                (inner if part == _OWN else inner.setdefault(part, {}))[v2] = found
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
