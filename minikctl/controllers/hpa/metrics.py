"""Metrics for autoscaling: emulated usage of pods, and metrics that annotations give.

A bare cluster has no metrics server; asking for a metric then fails with what the apiserver says.
Counterpart of `podautoscaler/metrics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import podusage
from minikctl.apimachinery.selectors import parse
from minikctl.controllers.controller import seconds_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.client.component import Env

# pod name -> thousandths
PodMetrics = dict[str, int]

_NO_SERVER = "unable to fetch metrics from {} metrics API: the server could not find the requested resource (get {})"
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
            running = [c for c in pod["spec"]["containers"] if container in ("", c["name"])]
            if (pod.get("status") or {}).get("phase") == "Running" and running:
                used = (podusage.container_usage(pod, c, resource, self._now) for c in running)
                found[pod["metadata"]["name"]] = sum(used)
        if not found:
            raise MetricsError("no metrics returned from resource metrics API")
        return found

    def pods(self, pods: list[Obj], name: str) -> PodMetrics:
        """A custom metric of each pod, from its annotation."""
        found = {}
        for pod in pods:
            value = self._annotated(pod, f"metric.{name}")
            if value is not None:
                found[pod["metadata"]["name"]] = value
        if not found:
            raise MetricsError(_NO_API.format("custom"))
        return found

    def object(self, obj: Obj | None, name: str) -> int:
        """A custom metric of one object."""
        value = self._annotated(obj, f"metric.{name}") if obj else None
        if value is None:
            raise MetricsError(_NO_API.format("custom"))
        return value

    def external(self, hpa: Obj, name: str) -> int:
        """An external metric, from an annotation of the autoscaler that asks for it."""
        value = self._annotated(hpa, f"external.{name}")
        if value is None:
            raise MetricsError(_NO_API.format("external"))
        return value

    def _annotated(self, obj: Obj, name: str) -> int | None:
        meta = obj["metadata"]
        text = (meta.get("annotations") or {}).get(podusage.PREFIX + name)
        if not text:
            return None
        since = (obj.get("status") or {}).get("startTime") or meta.get("creationTimestamp")
        return podusage.curve_value(text, self._now - seconds_of(since))


def pods_of(env: Env, namespace: str, selector: str) -> list[Obj]:
    """The pods behind a scale's selector."""
    return env.client.items("pods", namespace, label_selector=parse(selector))
