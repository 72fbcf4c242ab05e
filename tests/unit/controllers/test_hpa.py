"""Autoscaling: from usage to replicas, through a load curve, with windows and policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec, workload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikctl.apimachinery import podusage
from minikctl.cluster import Cluster
from minikctl.controllers.hpa import replicas as calc
from minikctl.controllers.hpa.behavior import Memory, normalize
from minikctl.controllers.hpa.metrics import MetricsError

HPAS = "horizontalpodautoscalers.autoscaling"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}


def hpa(*metrics: Obj, **spec: Any) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"minReplicas": 1, "maxReplicas": 10, "scaleTargetRef": target, "metrics": list(metrics), **spec}
    meta = {"name": "web", "namespace": "demo"}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}


def loaded(curve: str, **notes: str) -> Obj:
    pod = pod_spec()
    pod["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    deployment = workload("Deployment", "web", replicas=1, pod=pod)
    deployment["spec"]["template"]["metadata"]["annotations"] = {"minikctl.dev/cpu": curve, **notes}
    return deployment


@pytest.fixture
def metered(make_cluster: Callable[..., Cluster]) -> World:
    """A cluster with metrics: the profile is not bare."""
    made = World(make_cluster(profile="default"))
    made.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    return made


def size(world: World) -> int:
    return int(world.get("deployments.apps", "web")["spec"]["replicas"])


def test_limits_come_first_and_metrics_with_the_next_look(world: World) -> None:
    world.create("deployments.apps", loaded("50m"))
    world.create(HPAS, hpa(CPU, minReplicas=3))
    assert size(world) == 1
    world.cluster.advance(15)
    assert size(world) == 3
    assert "ScalingActive" not in world.conditions(HPAS, "web")
    world.cluster.advance(15)
    assert world.conditions(HPAS, "web")["ScalingActive"] == "False FailedGetResourceMetric"
    assert world.events("HorizontalPodAutoscaler")[0] == (
        "SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas"
    )


def test_a_load_curve(metered: World) -> None:
    metered.create("deployments.apps", loaded("0s=50m,20m=50m,20m1s=100m,40m=100m,40m1s=10m"))
    metered.create(HPAS, hpa(CPU, minReplicas=1, maxReplicas=4))
    metered.cluster.advance(19 * 60)
    assert size(metered) == 1
    metered.cluster.advance(120)
    assert size(metered) == 3  # new pods start at the beginning of their own curve
    (metric,) = metered.status(HPAS, "web")["currentMetrics"]
    assert metric["resource"]["name"] == "cpu"
    seen = set()
    for _ in range(60):
        metered.cluster.advance(60)
        seen.add(metered.conditions(HPAS, "web")["AbleToScale"])
    assert "True ScaleDownStabilized" in seen
    assert size(metered) == 1
    assert (
        metered.events("HorizontalPodAutoscaler")[-1]
        == "SuccessfulRescale: New size: 1; reason: All metrics below target"
    )


def test_selectors_tell_series_of_a_metric_apart(metered: World) -> None:
    pods = "{verb=GET} 10; {verb=PUT} 30"
    metered.create("deployments.apps", loaded("1m", **{"minikctl.dev/metric.jobs": pods}))
    meta = {"name": "web", "namespace": "demo", "annotations": {"minikctl.dev/metric.hits": "{code=200} 500"}}
    spec = {"ports": [{"port": 80}]}
    metered.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})

    def metrics(**labels: str) -> list[Obj]:
        def asked(name: str) -> Obj:
            return {"name": name, "selector": {"matchLabels": labels}}

        about = {"apiVersion": "v1", "kind": "Service", "name": "web"}
        target = {"type": "AverageValue", "averageValue": "10"}
        whole = {"type": "Value", "value": "500"}
        return [
            {"type": "Pods", "pods": {"metric": asked("jobs"), "target": target}},
            {"type": "Object", "object": {"metric": asked("hits"), "describedObject": about, "target": whole}},
            {"type": "External", "external": {"metric": asked("queue"), "target": target}},
        ]

    scaler = hpa(metrics(verb="PUT")[0])
    scaler["metadata"]["annotations"] = {"minikctl.dev/external.queue": "{q=a} 7; {q=b} 9"}
    metered.create(HPAS, scaler)
    metered.cluster.advance(60)
    (shown,) = metered.status(HPAS, "web")["currentMetrics"]
    assert (size(metered), shown["pods"]["current"]) == (10, {"averageValue": "30"})
    metered.merge(HPAS, "web", {"spec": {"metrics": metrics(verb="DELETE", q="c")}})
    metered.cluster.advance(30)
    labels = "map[string]string{q: c,verb: DELETE,}"
    go = f"&LabelSelector{{MatchLabels:{labels},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    texts = [text for text in metered.events("HorizontalPodAutoscaler") if text.startswith("FailedGet")]
    assert sorted(texts) == [
        f"FailedGetExternalMetric: unable to get external metric demo/queue/{go}: "
        "no metrics returned from external metrics API",
        "FailedGetObjectMetric: unable to get metric hits: Service on demo web/"
        "unable to fetch metrics from custom metrics API: the server could not find the metric hits for services web",
        "FailedGetPodsMetric: unable to get metric jobs: no metrics returned from custom metrics API",
    ]
    metered.merge(HPAS, "web", {"metadata": {"annotations": {"minikctl.dev/external.queue": "{q=c 7"}}})
    metered.cluster.advance(15)
    assert any("cannot read '{q=c 7' as series" in text for text in metered.events("HorizontalPodAutoscaler"))


def test_pods_object_and_external_metrics(metered: World) -> None:
    metered.create("deployments.apps", loaded("1m", **{"minikctl.dev/metric.jobs": "10"}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "demo", "annotations": {"minikctl.dev/metric.hits": "500"}},
        "spec": {"ports": [{"port": 80}]},
    }
    metered.create("services", service)
    about = {"apiVersion": "v1", "kind": "Service", "name": "web"}
    metrics = [
        {
            "type": "Pods",
            "pods": {"metric": {"name": "jobs"}, "target": {"type": "AverageValue", "averageValue": "10"}},
        },
        {
            "type": "Object",
            "object": {
                "metric": {"name": "hits"},
                "describedObject": about,
                "target": {"type": "AverageValue", "averageValue": "125"},
            },
        },
        {
            "type": "External",
            "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "2"}},
        },
    ]
    scaler = hpa(*metrics)
    scaler["metadata"]["annotations"] = {"minikctl.dev/external.queue": "7"}
    metered.create(HPAS, scaler)
    metered.cluster.advance(45)
    kinds = [metric["type"] for metric in metered.status(HPAS, "web")["currentMetrics"]]
    assert (size(metered), kinds) == (4, ["Pods", "Object", "External"])


def test_a_size_that_windows_alone_ask_for_has_no_reason(metered: World) -> None:
    metered.create("deployments.apps", loaded("1m"))
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    target = {"type": "AverageValue", "averageValue": "1"}
    metric = {"type": "Object", "object": {"metric": {"name": "load"}, "describedObject": about, "target": target}}
    note = {"metadata": {"annotations": {"minikctl.dev/metric.load": "0s=10,20s=10,21s=4"}}}
    metered.merge("deployments.apps", "web", note)
    metered.create(HPAS, hpa(metric))
    metered.cluster.advance(30)
    assert metered.events("HorizontalPodAutoscaler") == [
        "SuccessfulRescale: New size: 4; reason: external metric load(nil) above target",
        "SuccessfulRescale: New size: 8; reason: ",
    ]


def test_two_autoscalers_of_the_same_pods_do_nothing(metered: World) -> None:
    metered.create("deployments.apps", loaded("100m"))
    for name in ("a", "b"):
        scaler = hpa(CPU)
        scaler["metadata"]["name"] = name
        metered.create(HPAS, scaler)
    metered.cluster.advance(60)
    assert size(metered) == 1
    message = "pods by selector app=web are controlled by multiple HPAs: [demo/a demo/b]"
    assert metered.events("HorizontalPodAutoscaler", "a")[-2:] == [
        f"AmbiguousSelector: {message}",
        f"FailedComputeMetricsReplicas: {message}",
    ]
    assert metered.conditions(HPAS, "a")["ScalingActive"] == "False AmbiguousSelector"


def test_what_cannot_be_measured_is_told_by_the_first_failure(metered: World) -> None:
    metered.create("deployments.apps", loaded("0s=100m,2m=100m,2m1s=1m"))
    external = {
        "type": "External",
        "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "2"}},
    }
    metered.create(HPAS, hpa(external, CPU, minReplicas=1))
    metered.cluster.advance(120)
    assert size(metered) == 10  # what is known asks for more; for less it is not enough
    metered.cluster.advance(120)
    assert size(metered) == 10
    conditions = {c["type"]: c for c in metered.status(HPAS, "web")["conditions"]}
    why = (
        "unable to get external metric demo/queue/nil: unable to fetch metrics from external metrics API: no external"
        " metrics API (external.metrics.k8s.io) registered"
    )
    assert conditions["ScalingActive"]["message"] == f"the HPA was unable to compute the replica count: {why}"
    assert [m["type"] for m in metered.status(HPAS, "web")["currentMetrics"]] == ["", "Resource"]
    events = metered.events("HorizontalPodAutoscaler")
    assert (
        events.count(
            "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 2), first error is: failed to get queue"
            f" external metric value: failed to get external metric queue: {why}"
        )
        == 1
    )


def test_a_target_that_is_not_there(metered: World) -> None:
    metered.create(HPAS, hpa(CPU))
    metered.cluster.advance(15)
    assert metered.events("HorizontalPodAutoscaler") == ['FailedGetScale: deployments/scale.apps "web" not found']


def member(name: str, ready: bool = True, phase: str = "Running") -> Obj:
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"phase": phase, "startTime": "2026-01-01T00:00:00Z", "conditions": [condition]},
    }


NOW = 1767225600.0 + 100_000


def wanted(current: int, usage: dict[str, int], *more: Obj) -> int:
    pods = [member(name) for name in usage] + list(more)
    return calc.by_utilization(current, 50, pods, dict(usage), "cpu", "", calc.Tolerance(), NOW).replicas


def test_replicas_follow_the_ratio_outside_the_tolerance() -> None:
    assert wanted(2, {"a": 1000, "b": 1000}) == 4
    assert wanted(2, {"a": 540, "b": 540}) == 2
    assert wanted(4, dict.fromkeys("abcd", 100)) == 1


def test_missing_and_pending_pods_dampen() -> None:
    assert wanted(3, {"a": 1000, "b": 1000}, member("c")) == 4
    assert wanted(3, {"a": 100, "b": 100}, member("c")) == 3
    assert wanted(3, {"a": 1000, "b": 1000}, member("c", phase="Pending")) == 4
    with pytest.raises(MetricsError, match="did not receive metrics"):
        wanted(1, {}, member("a"))


def test_one_value_for_all_is_shared_among_ready_pods() -> None:
    pods = [member("a"), member("b"), member("c", ready=False)]
    assert calc.by_total(3, 2000, 1000, pods, calc.Tolerance()).replicas == 4
    assert calc.by_total(3, 1050, 1000, [], calc.Tolerance()).replicas == 3
    assert calc.by_total(0, 2500, 1000, [], calc.Tolerance()).replicas == 3
    with pytest.raises(MetricsError, match="unable to calculate ready pods: no pods returned by selector"):
        calc.by_total(3, 2000, 1000, [], calc.Tolerance())


def test_pods_have_to_say_what_they_request() -> None:
    bare = member("a")
    bare["spec"]["containers"][0]["resources"] = {}
    with pytest.raises(MetricsError, match="missing request for cpu in container c of Pod a"):
        calc.by_utilization(1, 50, [bare], {"a": 5}, "cpu", "", calc.Tolerance(), NOW)


def test_pods_may_say_it_as_a_whole() -> None:
    pod = member("a")
    pod["spec"]["containers"][0]["resources"] = {}
    pod["spec"]["resources"] = {"requests": {"cpu": "2", "memory": "1Gi"}}
    found = calc.by_utilization(1, 50, [pod], {"a": 2000}, "cpu", "", calc.Tolerance(), NOW)
    assert (found.replicas, found.utilization) == (2, 100)
    found = calc.by_utilization(1, 50, [pod], {"a": 2**28 * 1000}, "memory", "", calc.Tolerance(), NOW)
    assert found.utilization == 25
    with pytest.raises(MetricsError, match="missing request for cpu in container c of Pod a"):
        calc.by_utilization(1, 50, [pod], {"a": 5}, "cpu", "c", calc.Tolerance(), NOW)
    pod["spec"]["resources"] = {"requests": {"memory": "1Gi"}}
    with pytest.raises(MetricsError, match="missing pod-level request for cpu in Pod a"):
        calc.by_utilization(1, 50, [pod], {"a": 5}, "cpu", "", calc.Tolerance(), NOW)


def test_a_container_that_no_pod_has(metered: World) -> None:
    metered.create("deployments.apps", loaded("100m"))
    source = {"name": "cpu", "container": "nope", "target": {"type": "Utilization", "averageUtilization": 50}}
    metered.create(HPAS, hpa({"type": "ContainerResource", "containerResource": source}))
    metered.cluster.advance(15)
    (pod,) = metered.names("pods")
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container metrics: "
        f"container nope not present in metrics for pod demo/{pod}"
    )
    assert f"FailedGetContainerResourceMetric: {why}" in metered.events("HorizontalPodAutoscaler")


def test_sidecars_are_measured(metered: World) -> None:
    deployment = loaded("100m")
    sidecar = {"name": "side", "image": "example.com/side:1", "restartPolicy": "Always"}
    deployment["spec"]["template"]["spec"]["initContainers"] = [
        {**sidecar, "resources": {"requests": {"cpu": "100m"}}},
        {"name": "first", "image": "example.com/first:1", "command": ["true"]},
    ]
    metered.create("deployments.apps", deployment)
    metered.create(HPAS, hpa(CPU))
    metered.cluster.advance(60)
    (metric,) = metered.status(HPAS, "web")["currentMetrics"]
    assert metric["resource"]["current"] == {"averageUtilization": 100, "averageValue": "200m"}


def test_a_pods_metric_of_pods_that_do_not_run(metered: World) -> None:
    deployment = loaded("1m", **{"minikctl.dev/metric.jobs": "10"})
    deployment["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such"}
    metered.create("deployments.apps", deployment)
    target = {"type": "AverageValue", "averageValue": "10"}
    metered.create(HPAS, hpa({"type": "Pods", "pods": {"metric": {"name": "jobs"}, "target": target}}))
    metered.cluster.advance(15)
    why = "did not receive metrics for targeted pods (pods might be unready)"
    assert f"FailedGetPodsMetric: {why}" in metered.events("HorizontalPodAutoscaler")


def memory() -> Memory:
    return Memory([], [], [])


def test_policies_limit_the_pace() -> None:
    up = {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}], "selectPolicy": "Max"}
    spec = {"minReplicas": 1, "maxReplicas": 20, "behavior": {"scaleUp": up}}
    kept = memory()
    first = normalize(spec, 4, 20, kept, 0.0)
    assert (first.replicas, first.limit[0]) == (6, "ScaleUpLimit")
    kept.scaled_up.append((0.0, 2))
    assert normalize(spec, 6, 20, kept, 30.0).replicas == 6
    assert normalize(spec, 6, 20, kept, 60.0).replicas == 8
    never = {**spec, "behavior": {"scaleDown": {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}}}
    assert normalize(never, 6, 1, memory(), 0.0).replicas == 6


def test_without_behavior_growth_is_at_most_twofold() -> None:
    size_ = normalize({"maxReplicas": 100}, 3, 50, memory(), 0.0)
    assert (size_.replicas, size_.limit[0]) == (6, "ScaleUpLimit")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 50), st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_the_size_stays_within_its_limits(current: int, recommended: list[int]) -> None:
    kept = memory()
    for step, number in enumerate(recommended):
        current = normalize({"minReplicas": 2, "maxReplicas": 40}, current, number, kept, 15.0 * step).replicas
        assert 2 <= current <= 40


def test_usage_curves() -> None:
    assert podusage.curve_value("250m", 99.0) == 250
    curve = "10s=1,0s=0,1m=1"
    assert [podusage.curve_value(curve, at) for at in (-5.0, 0.0, 5.0, 10.0, 600.0)] == [0, 0, 500, 1000, 1000]
    pod: Obj = {"metadata": {"annotations": {"minikctl.dev/cpu.a": "2", "minikctl.dev/cpu": "1"}}, "spec": {}}
    containers: list[Obj] = [{"name": "a"}, {"name": "b"}]
    assert [podusage.container_usage(pod, c, "cpu", 0.0) for c in containers] == [2000, 1000]
    asking = {"name": "c", "resources": {"requests": {"memory": "100Mi"}}}
    assert podusage.container_usage({"metadata": {}}, asking, "memory", 0.0) == 60 * 2**20 * 1000
