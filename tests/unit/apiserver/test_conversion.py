"""Converting between versions loses nothing."""

from __future__ import annotations

from typing import Any

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
            "metrics": [CPU, {"type": "Pods", "pods": pods}],
            "behavior": {"scaleUp": rules},
        },
        "status": {"currentReplicas": 1, "conditions": [{"type": "AbleToScale", "status": "True", "reason": "R"}]},
    }
    v1 = convert(v2, "autoscaling/v1")
    assert v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] == (
        '[{"type":"Pods","pods":{"metricName":"hits","targetAverageValue":"10"}}]'
    )
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
