"""Rows of horizontal pod autoscalers and of the scale subresource."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import NONE, UNKNOWN, UNSET, Obj, age, define, name

_FIELDS = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metric(spec: Obj, status: Obj) -> str:
    kind = spec.get("type", "")
    field = _FIELDS.get(kind)
    if field is None:
        return "<unknown type>"
    source = spec.get(field) or {}
    target = source.get("target") or {}
    seen = status.get(field)
    current = (seen or {}).get("current") or {}
    average = target.get("averageValue")
    if kind == "Pods":
        return f"{UNKNOWN if seen is None else current.get('averageValue', '0')}/{average or '0'}"
    if kind in ("External", "Object"):
        if average is not None:
            return f"{current.get('averageValue') or UNKNOWN}/{average} (avg)"
        return f"{UNKNOWN if seen is None else current.get('value', '0')}/{target.get('value', '0')}"
    resource = source.get("name", "")
    if average is not None:
        return f"{resource}: {UNKNOWN if seen is None else current.get('averageValue', '0')}/{average}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    used_text = UNKNOWN if used is None else f"{used}%"
    return f"{resource}: {used_text}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _metrics(obj: Obj) -> str:
    specs = obj["spec"].get("metrics") or []
    statuses = (obj.get("status") or {}).get("currentMetrics") or []
    if not specs:
        return NONE
    texts = [_metric(spec, statuses[i] if i < len(statuses) else {}) for i, spec in enumerate(specs)]
    text = ", ".join(texts[:2])
    return f"{text} + {len(texts) - 2} more..." if len(texts) > 2 else text


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    if obj.get("apiVersion") == "autoscaling/v1":
        from minikctl.apiserver.conversion import convert

        obj = convert(obj, "autoscaling/v2")  # upstream prints the internal object, whatever version is asked for
    spec = obj["spec"]
    target = spec.get("scaleTargetRef") or {}
    minimum = spec.get("minReplicas")
    return [
        name(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(obj),
        UNSET if minimum is None else str(minimum),
        spec.get("maxReplicas", 0),
        (obj.get("status") or {}).get("currentReplicas", 0),
        age(obj, now),
    ]


def _scale(obj: Obj, now: float) -> list[Any]:
    replicas = [(obj.get(part) or {}).get("replicas", 0) for part in ("spec", "status")]
    return [name(obj), *replicas, age(obj, now)]


TABLES = {
    "horizontalpodautoscalers.autoscaling": (
        define("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"),
        _autoscaler,
    ),
    "scales.autoscaling": (define("Name", "Desired:integer", "Available:integer", "Age"), _scale),
}
