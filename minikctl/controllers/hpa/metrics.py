"""Metrics for autoscaling: emulated usage of pods, and metrics that annotations give.

A bare cluster has no metrics server; asking for a metric then fails with what the apiserver says.
Counterpart of `podautoscaler/metrics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import metricseries, podusage
from minikctl.apimachinery.selectors import from_label_selector, parse
from minikctl.controllers.controller import seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

# pod name -> thousandths
PodMetrics = dict[str, int]

_NO_SERVER = "unable to fetch metrics from {} metrics API: the server could not find the requested resource (get {})"
_NOT_FETCHED = "unable to fetch metrics from {} metrics API: {}"
_NO_CONTAINER = "container {} not present in metrics for {}"
_NONE = "no metrics returned from {} metrics API"
_NO_API = "unable to fetch metrics from {0} metrics API: no {0} metrics API ({0}.metrics.k8s.io) registered"


class MetricsError(Exception):
    """A metric that cannot be had; its message is upstream's."""


class Metrics:
    """What metrics clients answer in one sync."""

    def __init__(self, env: Env) -> None:
        self._now = env.clock.now()
        self._bare = env.settings.get("profile") == "bare"

    def resource(self, pods: list[Obj], resource: str, container: str = "") -> PodMetrics:
        """Usage of running pods by name: all of their containers, or one."""
        if self._bare:
            raise MetricsError(_NO_SERVER.format("resource", "pods.metrics.k8s.io"))
        if resource not in ("cpu", "memory"):
            raise MetricsError(f"no metrics returned from resource metrics API: unknown resource {resource}")
        found: PodMetrics = {}
        for pod in pods:
            if (pod.get("status") or {}).get("phase") != "Running":
                continue
            chosen = [c for c in podusage.measured(pod) if container in ("", c["name"])]
            if not chosen:
                where = f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
                raise MetricsError(f"failed to get container metrics: {_NO_CONTAINER.format(container, where)}")
            used = (podusage.container_usage(pod, c, resource, self._now) for c in chosen)
            found[pod["metadata"]["name"]] = sum(used)
        if not found:
            raise MetricsError("no metrics returned from resource metrics API")
        return found

    def pods(self, pods: list[Obj], metric: Obj) -> PodMetrics:
        """A custom metric of each pod, from its annotation. `metric`: the MetricIdentifier asked for."""
        found = {}
        known = False
        for pod in pods:
            text = _text(pod, f"metric.{metric['name']}")
            known = known or text is not None
            if text is not None and (value := self._value(pod, text, metric, "custom")) is not None:
                found[pod["metadata"]["name"]] = value
        if not found:
            raise MetricsError((_NONE if known else _NO_API).format("custom"))
        return found

    def object(self, obj: Obj | None, metric: Obj, resource: str) -> int:
        """A custom metric of one object of a resource."""
        text = _text(obj, f"metric.{metric['name']}") if obj else None
        if obj is None or text is None:
            raise MetricsError(_NO_API.format("custom"))
        value = self._value(obj, text, metric, "custom")
        if value is None:
            what = f"the server could not find the metric {metric['name']} for {resource} {obj['metadata']['name']}"
            raise MetricsError(_NOT_FETCHED.format("custom", what))
        return value

    def external(self, hpa: Obj, metric: Obj) -> int:
        """An external metric, from an annotation of the autoscaler that asks for it."""
        text = _text(hpa, f"external.{metric['name']}")
        if text is None:
            raise MetricsError(_NO_API.format("external"))
        value = self._value(hpa, text, metric, "external")
        if value is None:
            raise MetricsError(_NONE.format("external"))
        return value

    def _value(self, obj: Obj, text: str, metric: Obj, api: str) -> int | None:
        """What an annotation says now of the series that the metric's selector chooses."""
        selector = metric.get("selector")
        since = (obj.get("status") or {}).get("startTime") or obj["metadata"].get("creationTimestamp")
        try:
            chosen = None if selector is None else from_label_selector(selector)
            return metricseries.value(text, chosen, self._now - seconds_of(since))
        except ValueError as error:
            raise MetricsError(_NOT_FETCHED.format(api, error)) from None


def _text(obj: Obj, name: str) -> str | None:
    """An annotation; None where there is none or it is empty."""
    return (obj["metadata"].get("annotations") or {}).get(podusage.PREFIX + name) or None


def pods_of(env: Env, namespace: str, selector: str) -> list[Obj]:
    """The pods behind a scale's selector."""
    return env.client.items("pods", namespace, label_selector=parse(selector))
