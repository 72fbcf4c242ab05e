"""HorizontalPodAutoscalers, in version v2 and as v1.

Upstream counterpart: HorizontalPodAutoscalerDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.quantity import canonical
from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import UNKNOWN, UNSET, Writer, date, head
from minikctl.printers.gofmt import quote

Obj = dict[str, Any]

_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def describe(autoscaler: Obj, lookup: Lookup, now: float) -> str:
    """An autoscaler: what it scales by which metrics, and its conditions."""
    spec, status = autoscaler["spec"], autoscaler.get("status") or {}
    out = head(autoscaler)
    out.field("CreationTimestamp", date(autoscaler["metadata"].get("creationTimestamp")))
    target = spec.get("scaleTargetRef") or {}
    out.field("Reference", f"{target.get('kind', '')}/{target.get('name', '')}")
    newest = autoscaler.get("apiVersion") != "autoscaling/v1"
    if newest:
        out.field("Metrics", "( current / target )")
        currents = status.get("currentMetrics") or []
        for i, metric in enumerate(spec.get("metrics") or ()):
            _metric(out, metric, currents[i] if i < len(currents) else {})
    elif spec.get("targetCPUUtilizationPercentage") is not None:
        out.field("Target CPU utilization", f"{spec['targetCPUUtilizationPercentage']}%")
        out.field("Current CPU utilization", f"{status.get('currentCPUUtilizationPercentage', UNKNOWN)}%")
    out.field("Min replicas", spec.get("minReplicas", UNSET))
    out.field("Max replicas", spec.get("maxReplicas") or 0)
    if newest and spec.get("behavior") is not None:
        out.line("Behavior:")
        _rules(out, "Scale Up", spec["behavior"].get("scaleUp"))
        _rules(out, "Scale Down", spec["behavior"].get("scaleDown"))
    current, desired = status.get("currentReplicas") or 0, status.get("desiredReplicas") or 0
    out.field(f"{target.get('kind', '')} pods", f"{current} current / {desired} desired")
    if newest and status.get("conditions"):
        out.line("Conditions:")
        out.heading("Type", "Status", "Reason", "Message", level=1)
        out.conditions(status["conditions"], "reason", "message")
    return finish(out, autoscaler, lookup, now)


def _metric(out: Writer, metric: Obj, current: Obj) -> None:
    kind = metric.get("type", "")
    key = _SOURCES.get(kind)
    if key is None:
        out.line(f"<unknown metric type {quote(kind)}>", 1)
        return
    source = metric.get(key) or {}
    target = source.get("target") or {}
    measured = (current.get(key) or {}).get("current")
    if kind in ("Resource", "ContainerResource"):
        _resource(out, source, target, measured)
        return
    name = (source.get("metric") or {}).get("name", "")
    if kind == "Pods":
        out.field(f"{quote(name)} on pods", _ratio(measured, target, "averageValue"), 1)
        return
    where = ""
    if kind == "Object":
        described = source.get("describedObject") or {}
        where = f'"{name}" on {described.get("kind", "")}/{described.get("name", "")}'
        average = target.get("type") == "AverageValue"
    else:
        where = quote(name)
        average = target.get("averageValue") is not None
        if average and (measured or {}).get("averageValue") is None:
            measured = None
    value = "averageValue" if average else "value"
    out.field(f"{where} (target {'average ' if average else ''}value)", _ratio(measured, target, value), 1)


def _ratio(measured: Obj | None, target: Obj, key: str) -> str:
    now = UNKNOWN if measured is None else _amount(measured.get(key))
    return f"{now} / {_amount(target.get(key))}"


def _amount(value: Any) -> str:
    return "<nil>" if value is None else canonical(value)


def _resource(out: Writer, source: Obj, target: Obj, measured: Obj | None) -> None:
    what = f"resource {source.get('name', '')}"
    if "container" in source:
        what += f' of container "{source["container"]}"'
    if target.get("averageValue") is not None:
        out.field(f"{what} on pods", _ratio(measured, target, "averageValue"), 1)
        return
    now = UNKNOWN
    if measured is not None and measured.get("averageUtilization") is not None:
        now = f"{measured['averageUtilization']}% ({_amount(measured.get('averageValue'))})"
    wanted = target.get("averageUtilization")
    text = "<auto>" if wanted is None else f"{wanted}%"
    out.field(f"{what} on pods  (as a percentage of request)", f"{now} / {text}", 1)


def _rules(out: Writer, direction: str, rules: Obj | None) -> None:
    if rules is None:
        return
    out.line(f"{direction}:", 1)
    if rules.get("stabilizationWindowSeconds") is not None:
        out.line(f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds", 2)
    if rules.get("policies"):
        out.line(f"Select Policy: {rules.get('selectPolicy', 'Max')}", 2)
        out.line("Policies:", 2)
        for policy in rules["policies"]:
            kind, value, period = policy.get("type", ""), policy.get("value") or 0, policy.get("periodSeconds") or 0
            out.line(f"- Type: {kind}\tValue: {value}\tPeriod: {period} seconds", 3)
