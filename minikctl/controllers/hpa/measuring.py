"""One look at an autoscaler's metrics: how many replicas each of them asks for (computeReplicasForMetrics)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.apimachinery import quantity, selectors
from minikctl.controllers.hpa import replicas as calc
from minikctl.controllers.hpa.metrics import Metrics, MetricsError, pods_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.controllers.hpa.controller import HorizontalPodAutoscaler

RESOURCE = "horizontalpodautoscalers.autoscaling"

_REASONS = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}

Measured = tuple[calc.Proposal, str, "Obj"]


class Measuring:
    """The state of one look. `run` gives the most demanding proposal and notes what was found in `status`."""

    def __init__(self, controller: HorizontalPodAutoscaler, hpa: Obj, status: Obj, scale: Obj, now: float) -> None:
        self._controller = controller
        self._client = controller.client
        self._metrics = Metrics(controller.env)
        self._hpa = hpa
        self._status = status
        self._scale = scale
        self._now = now
        self._current: int = scale["spec"].get("replicas", 0)
        self._running: int = (scale.get("status") or {}).get("replicas", 0)
        self._tolerance = _tolerance(hpa)
        self._members: list[Obj] = []

    def run(self) -> tuple[int, str] | None:
        """(replicas, metric) of the most demanding metric; None where none could be had."""
        try:
            self._select()
        except MetricsError as error:
            self._status.pop("currentMetrics", None)
            self._controller.recorder.event(self._hpa, "Warning", "FailedComputeMetricsReplicas", str(error))
            return None
        specs = self._hpa["spec"].get("metrics") or []
        best: tuple[int, str] | None = None
        failures: list[tuple[Obj, MetricsError]] = []
        statuses: list[Obj] = []
        for metric in specs:
            try:
                proposal, name, shown = self._one(metric)
            except MetricsError as error:
                self._controller.recorder.event(self._hpa, "Warning", _REASONS[metric["type"]], str(error))
                failures.append((metric, error))
                statuses.append({"type": ""})
                continue
            statuses.append(shown)
            if not best or not best[0] or proposal.replicas > best[0]:
                best = (proposal.replicas, name)
        self._status["currentMetrics"] = statuses
        if best is None or (failures and best[0] < self._current):
            self._give_up(failures, len(specs))
            return None
        text = f"the HPA was able to successfully calculate a replica count from {best[1]}"
        self._controller.note(self._status, "ScalingActive", "True", "ValidMetricFound", text)
        return best

    def _select(self) -> None:
        """Find the target's pods; MetricsError where they are not this autoscaler's alone."""
        controller, namespace = self._controller, self._hpa["metadata"]["namespace"]
        selector = (self._scale.get("status") or {}).get("selector")
        if not selector:
            controller.recorder.event(self._hpa, "Warning", "SelectorRequired", "selector is required")
            message = "the HPA target's scale is missing a selector"
            controller.note(self._status, "ScalingActive", "False", "InvalidSelector", message)
            raise MetricsError("selector is required")
        self._members = pods_of(controller.env, namespace, selector)
        others = self._controlling()
        if len(others) > 1:
            keys = " ".join(f"{namespace}/{name}" for name in others)
            message = f"pods by selector {selector} are controlled by multiple HPAs: [{keys}]"
            controller.recorder.event(self._hpa, "Warning", "AmbiguousSelector", message)
            controller.note(self._status, "ScalingActive", "False", "AmbiguousSelector", message)
            raise MetricsError(message)

    def _controlling(self) -> list[str]:
        """Names of the autoscalers whose targets select any of the pods."""
        namespace = self._hpa["metadata"]["namespace"]
        found = self._client.items(RESOURCE, namespace)
        if len(found) < 2 or not self._members:
            return []
        names = []
        for hpa in found:
            scale = self._controller.scale_of(hpa)
            text = ((scale or {}).get("status") or {}).get("selector")
            chosen = selectors.parse(text) if text else None
            if chosen and any(chosen.matches(pod["metadata"].get("labels") or {}) for pod in self._members):
                names.append(hpa["metadata"]["name"])
        return sorted(names)

    def _give_up(self, failures: list[tuple[Obj, MetricsError]], count: int) -> None:
        """Say why no size can be told: because of the first metric that failed."""
        metric, error = failures[0]
        reason = _REASONS[metric["type"]]
        message = f"the HPA was unable to compute the replica count: {error}"
        self._controller.note(self._status, "ScalingActive", "False", reason, message)
        message = f"invalid metrics ({len(failures)} invalid out of {count}), first error is: {_wrapped(metric, error)}"
        self._controller.recorder.event(self._hpa, "Warning", "FailedComputeMetricsReplicas", message)

    def _one(self, metric: Obj) -> Measured:
        kind = metric["type"]
        handler: Callable[[Obj], Measured]
        if kind in ("Resource", "ContainerResource"):
            handler = self._resource
        else:
            handler = {"Pods": self._pods, "Object": self._object, "External": self._external}[kind]
        return handler(metric[kind[0].lower() + kind[1:]])

    def _resource(self, source: Obj) -> Measured:
        name, container, target = source["name"], source.get("container", ""), source["target"]
        by_value = target.get("averageValue") is not None
        try:
            usage = self._fetch(name, container)
            if by_value:
                wanted = quantity.as_milli(target["averageValue"])
                proposal = calc.by_average(
                    self._current, wanted, self._members, usage, name, self._tolerance, self._now
                )
            else:
                share = target["averageUtilization"]
                proposal = calc.by_utilization(
                    self._current, share, self._members, usage, name, container, self._tolerance, self._now
                )
        except MetricsError as error:
            what = "usage" if by_value else "utilization"
            raise MetricsError(f"failed to get {name} {what}: {error}") from None
        shown: Obj = {"averageValue": _milli(proposal.raw)}
        if not by_value:
            shown["averageUtilization"] = proposal.utilization
        entry = {"name": name, "current": shown, **({"container": container} if container else {})}
        field = "containerResource" if container else "resource"
        kind = "container resource" if container else "resource"
        text = f"{name} resource" if by_value else f"{name} {kind} utilization (percentage of request)"
        return proposal, text, {"type": "ContainerResource" if container else "Resource", field: entry}

    def _fetch(self, name: str, container: str) -> dict[str, int]:
        try:
            return self._metrics.resource(self._members, name, container)
        except MetricsError as error:
            raise MetricsError(f"unable to get metrics for resource {name}: {error}") from None

    def _pods(self, source: Obj) -> Measured:
        name = source["metric"]["name"]
        try:
            usage = self._metrics.pods(self._members, source["metric"])
        except MetricsError as error:
            raise MetricsError(f"unable to get metric {name}: {error}") from None
        wanted = quantity.as_milli(source["target"]["averageValue"])
        proposal = calc.by_average(self._current, wanted, self._members, usage, "", self._tolerance, self._now)
        entry = {"metric": source["metric"], "current": {"averageValue": _milli(proposal.raw)}}
        return proposal, f"pods metric {name}", {"type": "Pods", "pods": entry}

    def _object(self, source: Obj) -> Measured:
        metric, about = source["metric"], source["describedObject"]
        namespace, name = self._hpa["metadata"]["namespace"], metric["name"]
        row = self._client.resource_set().by_kind(about.get("apiVersion") or "v1", about["kind"])
        obj = self._client.peek(row.key, about["name"], namespace) if row else None
        try:
            usage = self._metrics.object(obj, metric, row.key if row else "")
        except MetricsError as error:
            where = f"{about['kind']} on {namespace} {about['name']}"
            raise MetricsError(f"unable to get metric {name}: {where}/{error}") from None
        proposal, shown = self._of_one_value(source["target"], usage)
        text = f"{about['kind']} metric {name}"
        if "value" not in shown:  # upstream's words, copied from the external metric's
            text = f"external metric {name}({selectors.go_text(metric.get('selector'))})"
            about = {"kind": "", "name": ""}
        entry = {"metric": metric, "describedObject": about, "current": shown}
        return proposal, text, {"type": "Object", "object": entry}

    def _external(self, source: Obj) -> Measured:
        name, selector = source["metric"]["name"], source["metric"].get("selector")
        try:
            usage = self._metrics.external(self._hpa, source["metric"])
        except MetricsError as error:
            where = f"{self._hpa['metadata']['namespace']}/{name}/{selectors.go_text(selector)}"
            raise MetricsError(f"unable to get external metric {where}: {error}") from None
        proposal, shown = self._of_one_value(source["target"], usage)
        entry = {"metric": source["metric"], "current": shown}
        return (
            proposal,
            f"external metric {name}({selectors.go_text(selector)})",
            {"type": "External", "external": entry},
        )

    def _of_one_value(self, target: Obj, usage: int) -> tuple[calc.Proposal, Obj]:
        """What a metric of the whole asks for: in proportion, or shared among the pods there are."""
        if target.get("value") is not None:
            wanted = quantity.as_milli(target["value"])
            proposal = calc.by_total(self._current, usage, wanted, self._members, self._tolerance)
            return proposal, {"value": _milli(usage)}
        wanted = quantity.as_milli(target["averageValue"])
        proposal = calc.by_share(self._running, usage, wanted, self._tolerance)
        return proposal, {"averageValue": _milli(proposal.raw)}


def _wrapped(metric: Obj, error: MetricsError) -> str:
    """A metric's failure with what upstream says around it."""
    kind = metric["type"]
    source = metric[kind[0].lower() + kind[1:]]
    name = (source.get("metric") or {}).get("name", "")
    shared = source["target"].get("averageValue") is not None
    if kind == "Resource":
        return f"failed to get {source['name']} resource metric value: {error}"
    if kind == "ContainerResource":
        return f"failed to get {source['container']} container metric value: {error}"
    if kind == "Pods":
        return f"failed to get pods metric value: {error}"
    if kind == "Object":
        inner = f"failed to get {name} object metric: " if shared else ""
        return f"failed to get object metric value: {inner}{error}"
    inner = f"failed to get {name} external metric" if shared else f"failed to get external metric {name}"
    return f"failed to get {name} external metric value: {inner}: {error}"


def _tolerance(hpa: Obj) -> calc.Tolerance:
    behavior = hpa["spec"].get("behavior") or {}
    down, up = ((behavior.get(way) or {}).get("tolerance") for way in ("scaleDown", "scaleUp"))
    default = calc.Tolerance()
    return calc.Tolerance(
        default.down if down is None else quantity.as_milli(down) / 1000,
        default.up if up is None else quantity.as_milli(up) / 1000,
    )


def _milli(value: int) -> str:
    return str(quantity.of_milli(value))
