"""Defaults of HorizontalPodAutoscalers, for the two versions they are served in."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.defaults.quantities import canonical_field

_CPU_PERCENT = 80
_METRIC_SOURCES = ("resource", "containerResource", "pods", "object", "external")


def _autoscaler(obj: Obj, version: str) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if version == "v1":
        return
    metrics = spec.get("metrics")
    if not metrics:
        target = {"type": "Utilization", "averageUtilization": _CPU_PERCENT}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    for metric in metrics or ():
        for source in _METRIC_SOURCES:
            target = (metric.get(source) or {}).get("target") or {}
            canonical_field(target, "value")
            canonical_field(target, "averageValue")
    behavior = spec.get("behavior")
    if behavior is not None:
        behavior["scaleUp"] = _rules(behavior.get("scaleUp"), up=True)
        behavior["scaleDown"] = _rules(behavior.get("scaleDown"), up=False)
        for rules in (behavior["scaleUp"], behavior["scaleDown"]):
            canonical_field(rules, "tolerance")


def _rules(rules: dict[str, Any] | None, up: bool) -> dict[str, Any]:
    rules = dict(rules or {})
    if up and rules.get("stabilizationWindowSeconds") is None:
        rules["stabilizationWindowSeconds"] = 0
    if rules.get("selectPolicy") is None:
        rules["selectPolicy"] = "Max"
    if rules.get("policies") is None:
        pods = [{"type": "Pods", "value": 4, "periodSeconds": 15}] if up else []
        rules["policies"] = [*pods, {"type": "Percent", "value": 100, "periodSeconds": 15}]
    return rules


DEFAULTS = {"horizontalpodautoscalers.autoscaling": _autoscaler}
