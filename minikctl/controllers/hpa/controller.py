"""The autoscaler's sync, every 15 seconds: measure, decide, scale, say so in status and events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.apimachinery import quantity
from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.meta import set_condition
from minikctl.client.component import split_key
from minikctl.controllers.controller import Controller
from minikctl.controllers.hpa import replicas as calc
from minikctl.controllers.hpa.behavior import Memory, normalize
from minikctl.controllers.hpa.metrics import Metrics, MetricsError, pods_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj

_RESOURCE = "horizontalpodautoscalers.autoscaling"
_PERIOD = 15.0
_KEPT_SECONDS = 3600.0
_GOT_SCALE = "the HPA controller was able to get the target's current scale"
_REASONS = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}

Measured = tuple[calc.Proposal, str, "Obj"]


class HorizontalPodAutoscaler(Controller):
    """The state holds, per autoscaler, when it is due and what it remembers."""

    def sync(self, key: str) -> float | None:
        namespace, name = split_key(key)
        hpa = self.client.peek(_RESOURCE, name, namespace)
        kept = self.env.state.get(key)
        if hpa is None or "deletionTimestamp" in hpa["metadata"]:
            if kept is not None:
                self.env.state.delete(key)
            return None
        now, uid = self.clock.now(), hpa["metadata"]["uid"]
        if kept is None or kept["uid"] != uid:
            # As upstream: a new autoscaler waits one period before its first look.
            kept = {"uid": uid, "due": now + _PERIOD, "recommended": [], "up": [], "down": []}
        elif now >= kept["due"]:
            kept["due"] = now + _PERIOD
            self._look(hpa, kept, now)
        else:
            return float(kept["due"])
        self.env.state.put(key, kept)
        return float(kept["due"])

    def _look(self, hpa: Obj, kept: Obj, now: float) -> None:
        memory = Memory(*([(at, n) for at, n in kept[part]] for part in ("recommended", "up", "down")))
        status = dict(hpa.get("status") or {})
        try:
            self._reconcile(hpa, status, memory, now)
        finally:
            for part, history in zip(("recommended", "up", "down"), memory, strict=True):
                kept[part] = [[at, n] for at, n in history if now - at < _KEPT_SECONDS]
            self.put_status(_RESOURCE, hpa, status)

    def _reconcile(self, hpa: Obj, status: Obj, memory: Memory, now: float) -> None:
        spec = hpa["spec"]
        target = spec["scaleTargetRef"]
        try:
            scale, resource = self._scale(hpa)
        except StatusError as error:
            self.recorder.event(hpa, "Warning", "FailedGetScale", error.message)
            message = f"the HPA controller was unable to get the target's current scale: {error.message}"
            self._note(status, "AbleToScale", "False", "FailedGetScale", message)
            return
        self._note(status, "AbleToScale", "True", "SucceededGetScale", _GOT_SCALE)
        if not (scale.get("status") or {}).get("selector"):
            self.recorder.event(hpa, "Warning", "SelectorRequired", "selector is required")
            message = "the HPA target's scale is missing a selector"
            self._note(status, "ScalingActive", "False", "InvalidSelector", message)
            return
        current = scale["spec"].get("replicas", 0)
        if not memory.recommendations:
            memory.recommendations.append((now, current))
        least, most, reason = spec.get("minReplicas", 1), spec["maxReplicas"], ""
        if current == 0 and least != 0:
            desired = 0
            message = "scaling is disabled since the replica count of the target is zero"
            self._note(status, "ScalingActive", "False", "ScalingDisabled", message)
        elif current > most:
            desired, reason = most, "Current number of replicas above Spec.MaxReplicas"
        elif current < least:
            desired, reason = least, "Current number of replicas below Spec.MinReplicas"
        else:
            found = self._measure(hpa, status, scale, current, now)
            if found is None:
                status["currentReplicas"] = current
                status.setdefault("desiredReplicas", 0)
                return
            wanted, metric = found
            reason = f"{metric} above target" if wanted > current else "All metrics below target"
            desired = self._limit(hpa, status, current, wanted, memory, now)
        status["currentReplicas"], status["desiredReplicas"] = current, desired
        if desired != current and reason:
            self._rescale(hpa, status, scale, (resource, target["name"]), desired, reason, memory, now)

    def _scale(self, hpa: Obj) -> tuple[Obj, str]:
        """The scale subresource of the target, and the target's resource key."""
        target = hpa["spec"]["scaleTargetRef"]
        row = self.client.resource_set().by_kind(target.get("apiVersion") or "v1", target["kind"])
        if row is None:
            group = (target.get("apiVersion") or "").rpartition("/")[0]
            kind = f'"{target["kind"]}" in group "{group}"'
            message = f"unable to determine resource for scale target reference: no matches for kind {kind}"
            raise StatusError("NotFound", message)
        scale = self.client.get(row.key, target["name"], hpa["metadata"]["namespace"], subresource="scale")
        return scale, row.key

    def _rescale(
        self, hpa: Obj, status: Obj, scale: Obj, target: tuple[str, str], desired: int, reason: str, memory: Memory,
        now: float,
    ) -> None:  # fmt: skip
        before = scale["spec"].get("replicas", 0)
        scale["spec"]["replicas"] = desired
        try:
            self.client.update(target[0], scale, subresource="scale")
        except StatusError as error:
            text = f"New size: {desired}; reason: {reason}; error: {error.message}"
            self.recorder.event(hpa, "Warning", "FailedRescale", text)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            self._note(status, "AbleToScale", "False", "FailedUpdateScale", message)
            return
        message = f"the HPA controller was able to update the target scale to {desired}"
        self._note(status, "AbleToScale", "True", "SucceededRescale", message)
        self.recorder.event(hpa, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        history = memory.scaled_up if desired > before else memory.scaled_down
        history.append((now, abs(desired - before)))
        status["lastScaleTime"] = rfc3339(now)

    def _limit(self, hpa: Obj, status: Obj, current: int, wanted: int, memory: Memory, now: float) -> int:
        size = normalize(hpa["spec"], current, wanted, memory, now)
        self._note(status, "AbleToScale", "True", *size.able)
        self._note(status, "ScalingLimited", "True" if size.limited else "False", *size.limit)
        return size.replicas

    # Metrics

    def _measure(self, hpa: Obj, status: Obj, scale: Obj, current: int, now: float) -> tuple[int, str] | None:
        """(replicas, metric) of the most demanding metric; None where none could be had."""
        specs = hpa["spec"].get("metrics") or []
        members = pods_of(self.env, hpa["metadata"]["namespace"], scale["status"]["selector"])
        best: tuple[int, str] | None = None
        first: MetricsError | None = None
        wrong, statuses = 0, []
        for metric in specs:
            try:
                proposal, name, shown = self._one(hpa, metric, members, current, now)
            except MetricsError as error:
                self._refuse(hpa, status, metric, error)
                first, wrong = first or error, wrong + 1
                continue
            statuses.append(shown)
            if best is None or proposal.replicas > best[0]:
                best = (proposal.replicas, name)
        status["currentMetrics"] = statuses or None
        if not statuses:
            status.pop("currentMetrics")
        if best is None or (wrong and best[0] < current):
            message = f"invalid metrics ({wrong} invalid out of {len(specs)}), first error is: "
            message += f"{_wrapping(specs)}{first}"
            self.recorder.event(hpa, "Warning", "FailedComputeMetricsReplicas", message)
            return None
        text = f"the HPA was able to successfully calculate a replica count from {best[1]}"
        self._note(status, "ScalingActive", "True", "ValidMetricFound", text)
        return best

    def _refuse(self, hpa: Obj, status: Obj, metric: Obj, error: MetricsError) -> None:
        reason = _REASONS[metric["type"]]
        self.recorder.event(hpa, "Warning", reason, str(error))
        message = f"the HPA was unable to compute the replica count: {error}"
        self._note(status, "ScalingActive", "False", reason, message)

    def _one(self, hpa: Obj, metric: Obj, members: list[Obj], current: int, now: float) -> Measured:
        kind = metric["type"]
        handler: Callable[[Obj, Obj, list[Obj], int, float], Measured]
        if kind in ("Resource", "ContainerResource"):
            handler = self._resource
        else:
            handler = {"Pods": self._pods, "Object": self._object, "External": self._external}[kind]
        field = kind[0].lower() + kind[1:]
        return handler(hpa, metric[field], members, current, now)

    def _resource(self, hpa: Obj, source: Obj, members: list[Obj], current: int, now: float) -> Measured:
        name, container, target = source["name"], source.get("container", ""), source["target"]
        metrics, tolerance = Metrics(self.env), _tolerance(hpa)
        kind = "container resource" if container else "resource"
        by_value = target.get("averageValue") is not None
        try:
            usage = self._fetch(metrics, members, name, container)
            if by_value:
                wanted = quantity.as_milli(target["averageValue"])
                proposal = calc.by_average(current, wanted, members, usage, name, tolerance, now)
            else:
                share = target["averageUtilization"]
                proposal = calc.by_utilization(current, share, members, usage, name, container, tolerance, now)
        except MetricsError as error:
            what = "usage" if by_value else "utilization"
            raise MetricsError(f"failed to get {name} {what}: {error}") from None
        shown: Obj = {"averageValue": _milli(proposal.raw)}
        if not by_value:
            shown["averageUtilization"] = proposal.utilization
        entry = {"name": name, "current": shown, **({"container": container} if container else {})}
        field = "containerResource" if container else "resource"
        text = f"{name} {kind}" if by_value else f"{name} {kind} utilization (percentage of request)"
        return proposal, text, {"type": "ContainerResource" if container else "Resource", field: entry}

    def _fetch(self, metrics: Metrics, members: list[Obj], name: str, container: str) -> dict[str, int]:
        try:
            return metrics.resource(members, name, container)
        except MetricsError as error:
            raise MetricsError(f"unable to get metrics for resource {name}: {error}") from None

    def _pods(self, hpa: Obj, source: Obj, members: list[Obj], current: int, now: float) -> Measured:
        name = source["metric"]["name"]
        try:
            usage = Metrics(self.env).pods(members, name)
            wanted = quantity.as_milli(source["target"]["averageValue"])
            proposal = calc.by_average(current, wanted, members, usage, "", _tolerance(hpa), now)
        except MetricsError as error:
            raise MetricsError(f"unable to get metric {name}: {error}") from None
        entry = {"metric": source["metric"], "current": {"averageValue": _milli(proposal.raw)}}
        return proposal, f"pods metric {name}", {"type": "Pods", "pods": entry}

    def _object(self, hpa: Obj, source: Obj, members: list[Obj], current: int, now: float) -> Measured:
        name, about = source["metric"]["name"], source["describedObject"]
        row = self.client.resource_set().by_kind(about.get("apiVersion") or "v1", about["kind"])
        obj = self.client.peek(row.key, about["name"], hpa["metadata"]["namespace"]) if row else None
        try:
            usage = Metrics(self.env).object(obj, name)
        except MetricsError as error:
            where = f"{about['kind']} on {hpa['metadata']['namespace']} {about['name']}"
            raise MetricsError(f"unable to get metric {name}: {where}/{error}") from None
        proposal, shown = self._of_one_value(hpa, source["target"], usage, members, current)
        entry = {"metric": source["metric"], "describedObject": about, "current": shown}
        return proposal, f"{about['kind']} metric {name}", {"type": "Object", "object": entry}

    def _external(self, hpa: Obj, source: Obj, members: list[Obj], current: int, now: float) -> Measured:
        name = source["metric"]["name"]
        selector = source["metric"].get("selector")
        try:
            usage = Metrics(self.env).external(hpa, name)
        except MetricsError as error:
            where = f"{hpa['metadata']['namespace']}/{name}/{_go_selector(selector)}"
            raise MetricsError(f"unable to get external metric {where}: {error}") from None
        proposal, shown = self._of_one_value(hpa, source["target"], usage, members, current)
        entry = {"metric": source["metric"], "current": shown}
        return proposal, f"external metric {name}({_go_selector(selector)})", {"type": "External", "external": entry}

    def _of_one_value(
        self, hpa: Obj, target: Obj, usage: int, members: list[Obj], current: int
    ) -> tuple[calc.Proposal, Obj]:
        tolerance = _tolerance(hpa)
        if target.get("value") is not None:
            wanted, ready = quantity.as_milli(target["value"]), calc.ready_pods(members)
            return calc.by_total(current, usage, wanted, ready, tolerance), {"value": _milli(usage)}
        proposal = calc.by_share(current, usage, quantity.as_milli(target["averageValue"]), tolerance)
        return proposal, {"averageValue": _milli(proposal.raw)}

    def _note(self, status: Obj, type_: str, value: str, reason: str, message: str) -> None:
        set_condition(status, {"type": type_, "status": value, "reason": reason, "message": message}, self.stamp())


def _tolerance(hpa: Obj) -> calc.Tolerance:
    behavior = hpa["spec"].get("behavior") or {}
    down, up = ((behavior.get(way) or {}).get("tolerance") for way in ("scaleDown", "scaleUp"))
    default = calc.Tolerance()
    return calc.Tolerance(
        default.down if down is None else quantity.as_milli(down) / 1000,
        default.up if up is None else quantity.as_milli(up) / 1000,
    )


def _wrapping(specs: list[Obj]) -> str:
    """How the first failure is introduced, by the kind of the first metric."""
    metric: Obj = specs[0] if specs else {"type": ""}
    if metric["type"] == "Resource":
        return f"failed to get {metric['resource']['name']} resource metric value: "
    if metric["type"] == "ContainerResource":
        return f"failed to get {metric['containerResource']['name']} container metric value: "
    return {
        "Pods": "failed to get pods metric value: ",
        "Object": "failed to get object metric value: ",
        "External": "failed to get external metric value: ",
    }.get(metric["type"], "")


def _milli(value: int) -> str:
    return str(quantity.of_milli(value))


def _go_selector(selector: Obj | None) -> str:
    """A label selector as Go prints the pointer to the structure."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    pattern = "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    return pattern.format(labels)
