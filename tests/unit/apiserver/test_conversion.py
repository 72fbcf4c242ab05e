"""Converting between versions loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.conversion import convert

BASE: dict[str, Any] = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def test_a_cpu_percentage_is_a_field_of_v1() -> None:
    v2 = {**BASE, "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": REF, "metrics": [CPU]}}
    v1 = convert(v2, "autoscaling/v1")
    assert v1["spec"] == {
        "minReplicas": 1,
        "maxReplicas": 3,
        "scaleTargetRef": REF,
        "targetCPUUtilizationPercentage": 60,
    }
    assert v1["apiVersion"] == "autoscaling/v1"
    assert "annotations" not in v1["metadata"]
    assert convert(v1, "autoscaling/v2") == v2


def test_the_rest_travels_in_annotations() -> None:
    pods = {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}
    rules = {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}
    v2 = {
        **BASE,
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": REF,
            "metrics": [{"type": "Pods", "pods": pods}, CPU],
            "behavior": {"scaleUp": rules},
        },
        "status": {
            "currentReplicas": 1,
            "desiredReplicas": 2,
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "R"}],
        },
    }
    v1 = convert(v2, "autoscaling/v1")
    assert v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] == (
        '[{"type":"Pods","pods":{"metricName":"hits","targetAverageValue":"10"}}]'
    )
    assert convert(v1, "autoscaling/v2") == v2


def annotated(name: str, **parts: Any) -> str:
    """An annotation of the v1 form of a v2 autoscaler."""
    spec = {"maxReplicas": 3, "scaleTargetRef": REF, "metrics": [CPU], **parts.pop("spec", {})}
    v1 = convert({**BASE, "spec": spec, **parts}, "autoscaling/v1")
    text: str = v1["metadata"]["annotations"][f"autoscaling.alpha.kubernetes.io/{name}"]
    return text


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (
            {
                "type": "Object",
                "object": {
                    "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "s"},
                    "metric": {"name": "hits", "selector": {"matchLabels": {"a": "b"}}},
                    "target": {"type": "AverageValue", "averageValue": "2"},
                },
            },
            '{"type":"Object","object":{"target":{"kind":"Service","name":"s","apiVersion":"v1"},"metricName":"hits",'
            '"targetValue":"0","selector":{"matchLabels":{"a":"b"}},"averageValue":"2"}}',
        ),
        (
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "memory",
                    "container": "c",
                    "target": {"type": "AverageValue", "averageValue": "1Gi"},
                },
            },
            '{"type":"ContainerResource","containerResource":{"name":"memory","targetAverageValue":"1Gi","container":"c"}}',
        ),
        (
            {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "30"}}},
            '{"type":"External","external":{"metricName":"q","targetValue":"30"}}',
        ),
    ],
)
def test_a_metric_that_v1_does_not_know_is_written_in_its_words(metric: dict[str, Any], told: str) -> None:
    assert annotated("metrics", spec={"metrics": [metric, CPU]}) == f"[{told}]"
    v2 = {**BASE, "spec": {"maxReplicas": 3, "scaleTargetRef": REF, "metrics": [metric, CPU]}}
    assert convert(convert(v2, "autoscaling/v1"), "autoscaling/v2") == v2


def test_current_metrics_keep_their_raw_values() -> None:
    current = [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7, "averageValue": "7m"}}},
        {"type": "Pods", "pods": {"metric": {"name": "hits"}, "current": {"averageValue": "3"}}},
        {"type": "External", "external": {"metric": {"name": "q"}, "current": {"averageValue": "5"}}},
    ]
    assert annotated("current-metrics", status={"currentMetrics": current}) == (
        '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"7m"}},'
        '{"type":"Pods","pods":{"metricName":"hits","currentAverageValue":"3"}},'
        '{"type":"External","external":{"metricName":"q","currentValue":"0","currentAverageValue":"5"}}]'
    )


def test_annotations_that_cannot_be_read_are_dropped() -> None:
    broken = {"autoscaling.alpha.kubernetes.io/metrics": "[", "other": "kept"}
    v1 = {**BASE, "apiVersion": "autoscaling/v1", "metadata": {"annotations": broken}, "spec": {"maxReplicas": 3}}
    v2 = convert(v1, "autoscaling/v2")
    assert v2["metadata"]["annotations"] == {"other": "kept"}
    assert len(v2["spec"]["metrics"]) == 1


def test_only_the_first_cpu_metric_can_be_the_percentage() -> None:
    raw = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}}}
    v2 = {**BASE, "spec": {"maxReplicas": 3, "scaleTargetRef": REF, "metrics": [raw, CPU]}}
    assert "targetCPUUtilizationPercentage" not in convert(v2, "autoscaling/v1")["spec"]


def test_v1_always_tells_how_many_replicas_there_are() -> None:
    v2 = {**BASE, "spec": {"maxReplicas": 3, "metrics": [CPU]}, "status": {"desiredReplicas": 0}}
    v1 = convert(v2, "autoscaling/v1")
    assert v1["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    assert convert(v1, "autoscaling/v2") == v2


def test_v1_without_a_target_means_eighty_percent() -> None:
    v1 = {**BASE, "apiVersion": "autoscaling/v1", "spec": {"maxReplicas": 3}}
    assert convert(v1, "autoscaling/v2")["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80


def test_events_have_two_names_for_everything() -> None:
    old = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "message": "text",
        "reason": "R",
        "source": {"component": "c"},
        "count": 2,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingComponent": "c",
        "reportingInstance": "",
    }
    new = convert(old, "events.k8s.io/v1")
    assert new["regarding"] == old["involvedObject"]
    assert new["note"] == "text"
    assert new["deprecatedCount"] == 2
    assert convert(new, "v1") == old


@pytest.mark.parametrize("name", ["metrics", "current-metrics", "conditions", "behavior"])
@pytest.mark.parametrize("text", ["5", '"x"', "[5]", '[{"type":5}]', '{"ScaleUp":5}', "[" * 9999])
def test_annotations_that_do_not_say_what_they_should_say_nothing(name: str, text: str) -> None:
    v1 = {
        **BASE,
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": "web", "annotations": {f"autoscaling.alpha.kubernetes.io/{name}": text}},
        "spec": {"maxReplicas": 3, "scaleTargetRef": REF, "targetCPUUtilizationPercentage": 60},
    }
    spec = {"maxReplicas": 3, "scaleTargetRef": REF, "metrics": [CPU]}
    assert convert(v1, "autoscaling/v2") == {**BASE, "spec": spec}
