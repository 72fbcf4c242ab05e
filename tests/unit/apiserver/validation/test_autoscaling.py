"""Rules of HorizontalPodAutoscalers."""

from __future__ import annotations

from typing import Any

import pytest
from validationlab import changed, made, refused

KEY = "horizontalpodautoscalers.autoscaling"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
TYPES = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'


def told(version: str = "v2", **spec: Any) -> list[str]:
    whole = {"maxReplicas": 3, "scaleTargetRef": TARGET, **spec}
    return [text.removeprefix("spec.") for text in refused(KEY, f"autoscaling/{version}", spec=whole)]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_replicas(version: str) -> None:
    assert told(version, maxReplicas=0) == [
        "maxReplicas: Required value: must be set and greater than 0",
        "maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ]
    assert told(version, maxReplicas=-1, minReplicas=0) == [
        "minReplicas: Invalid value: 0: must be greater than or equal to 1",
        "maxReplicas: Invalid value: -1: must be greater than or equal to 1",
        "maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
    ]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ({"kind": "Deployment", "name": "web"}, 'apiVersion: Invalid value: "": apiVersion must specify API group'),
        (
            {"apiVersion": "v1", "kind": "Pod", "name": "p"},
            'apiVersion: Invalid value: "v1": apiVersion must specify API group',
        ),
        (
            {"apiVersion": "a/b/c", "kind": "Deployment", "name": "web"},
            'apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        ),
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, "name: Required value"),
    ],
)
def test_targets(target: dict[str, str], wanted: str) -> None:
    assert told(scaleTargetRef=target) == [f"scaleTargetRef.{wanted}"]


def test_the_one_scalable_core_kind_needs_no_group() -> None:
    made(
        KEY, "autoscaling/v2", spec={"maxReplicas": 1, "scaleTargetRef": {"kind": "ReplicationController", "name": "a"}}
    )


def test_a_target_that_stays_as_it_was_is_not_looked_at_again() -> None:
    old = made(KEY, "autoscaling/v2", spec={"maxReplicas": 1, "scaleTargetRef": TARGET})
    old["spec"]["scaleTargetRef"] = {"kind": "Deployment", "name": "web"}
    kept = {**old["spec"], "maxReplicas": 2}
    assert changed(KEY, old, spec=kept) == []
    assert changed(KEY, old, spec={**kept, "scaleTargetRef": {"kind": "StatefulSet", "name": "web"}}) == [
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'
    ]


def test_metrics_of_no_known_type() -> None:
    assert told(metrics=[{"type": "Odd", "resource": {"name": "cpu", "target": {"type": "Value", "value": "1"}}}]) == [
        f'metrics[0].type: Unsupported value: "Odd": {TYPES}',
        "metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target"
        " utilization",
        f'metrics[0].type: Unsupported value: "Odd": {TYPES}',
    ]


def test_objects_and_containers_of_metrics() -> None:
    described = {"apiVersion": "a/b/c", "kind": "Service", "name": "s"}
    target = {"type": "Value", "value": "1"}
    metric = {"type": "Object", "object": {"describedObject": described, "metric": {"name": "m"}, "target": target}}
    assert told(metrics=[metric]) == [
        'metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'
    ]
    source = {"name": "tokens", "container": "A", "target": {"type": "Utilization", "averageUtilization": 1}}
    found = told(metrics=[{"type": "ContainerResource", "containerResource": source}])
    path = 'metrics[0].containerResource.name: Invalid value: "tokens"'
    assert found[:2] == [
        f"{path}: must be a standard resource type or fully qualified",
        f"{path}: must be a standard resource for containers",
    ]
    assert len(found) == 3
    assert found[2].startswith('metrics[0].containerResource.container: Invalid value: "A": a lowercase RFC 1123 label')
