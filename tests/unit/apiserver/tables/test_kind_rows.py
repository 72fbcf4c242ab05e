"""Columns and rows of the other kinds."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver import tables
from minikctl.apiserver.tables import columns, rows
from minikctl.apiserver.tables.cells import epoch, selector

NOW = 1767225600.0
META = {"name": "x", "creationTimestamp": "2025-12-31T23:00:00Z"}


def cells(key: str, **obj: Any) -> list[Any]:
    row: list[Any] = rows(key, [{"metadata": META, **obj}], NOW)["rows"][0]["cells"]
    return row


@pytest.mark.parametrize("key", sorted(tables._MODULES))
def test_every_kind_fills_its_columns(key: str) -> None:
    empty: dict[str, Any] = {"spec": {"template": {}, "scaleTargetRef": {}}, "status": {}}
    assert len(cells(key, **empty)) >= len(columns(key)) > 0


def test_kinds_without_a_printer() -> None:
    assert [c["name"] for c in columns("limitranges")] == ["Name", "Created At"]
    assert cells("limitranges") == ["x", "2025-12-31T23:00:00Z"]
    assert cells("widgets.example.com") == ["x", "60m"]


def test_row_objects() -> None:
    obj = {"metadata": META, "data": {}}
    partial = rows("configmaps", [obj], NOW)["rows"][0]["object"]
    assert partial == {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": META}
    assert rows("configmaps", [obj], NOW, include_object="Object")["rows"][0]["object"] is obj
    assert rows("configmaps", [obj], NOW, include_object="None")["rows"][0]["object"] is None


def test_workloads() -> None:
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": {"b": "2", "a": "1"}},
        "template": {"spec": {"containers": [{"name": "c", "image": "i:1"}, {"name": "d", "image": "j"}]}},
    }
    status = {"replicas": 2, "readyReplicas": 1, "updatedReplicas": 2}
    assert cells("deployments.apps", spec=spec, status=status) == ["x", "1/3", 2, 0, "60m", "c,d", "i:1,j", "a=1,b=2"]
    assert cells("replicasets.apps", spec=spec, status=status)[1:4] == [3, 2, 1]
    assert cells("statefulsets.apps", spec=spec, status=status)[1] == "1/3"


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"completions": 3}, {"succeeded": 1}, ["Running", "1/3", ""]),
        ({"parallelism": 3}, {"startTime": "2025-12-31T23:59:00Z"}, ["Running", "0/1 of 3", "60s"]),
        (
            {"parallelism": 1},
            {
                "startTime": "2025-12-31T23:00:00Z",
                "completionTime": "2025-12-31T23:00:07Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
            ["Complete", "0/1", "7s"],
        ),
        ({}, {"conditions": [{"type": "FailureTarget", "status": "True"}]}, ["FailureTarget", "0/1", ""]),
    ],
)
def test_jobs(spec: dict[str, Any], status: dict[str, Any], expected: list[str]) -> None:
    assert cells("jobs.batch", spec={"template": {}, **spec}, status=status)[1:4] == expected


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"type": "ClusterIP", "clusterIPs": ["None"]}, {}, ["ClusterIP", "None", "<none>", "<none>"]),
        ({"type": "ExternalName", "externalName": "a.b"}, {}, ["ExternalName", "<none>", "a.b", "<none>"]),
        (
            {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]},
            {},
            ["LoadBalancer", "<none>", "<pending>", "80:30080/TCP"],
        ),
        (
            {"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]},
            {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "h"}]}},
            ["LoadBalancer", "<none>", "1.2.3.4,h,9.9.9.9", "<none>"],
        ),
    ],
)
def test_services(spec: dict[str, Any], status: dict[str, Any], expected: list[str]) -> None:
    assert cells("services", spec=spec, status=status)[1:5] == expected


def test_lists_are_shortened() -> None:
    subset = {"addresses": [{"ip": f"10.0.0.{i}"} for i in range(4)], "ports": [{"port": 80}]}
    assert cells("endpoints", subsets=[subset])[1] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 1 more..."
    rules = [{"host": h} for h in "abcd"]
    assert cells("ingresses.networking.k8s.io", spec={"rules": rules})[2] == "a,b,c + 1 more..."


def test_quota_splits_requests_from_limits() -> None:
    status = {"hard": {"pods": "2", "limits.cpu": "1"}, "used": {"pods": "1"}}
    assert cells("resourcequotas", status=status)[1:3] == ["pods: 1/2", "limits.cpu: 0/1"]


def test_nodes() -> None:
    labels = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge"}
    node = {"metadata": {**META, "labels": labels}, "spec": {"unschedulable": True}}
    row = rows("nodes", [{**node, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}], NOW)
    assert row["rows"][0]["cells"][1:4] == ["Ready,SchedulingDisabled", "control-plane,edge", "60m"]
    assert cells("nodes", status={})[1:3] == ["Unknown", "<none>"]


def test_autoscaler_targets() -> None:
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}},
        {"type": "Pods", "pods": {"target": {"averageValue": "10"}}},
        {"type": "Odd"},
    ]
    seen = [{"type": "Resource", "resource": {"current": {"averageUtilization": 5}}}]
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "metrics": metrics, "maxReplicas": 4}
    row = cells("horizontalpodautoscalers.autoscaling", spec=spec, status={"currentMetrics": seen})
    assert row[1:6] == ["Deployment/web", "cpu: 5%/80%, <unknown>/10 + 1 more...", "<unset>", 4, 0]


def test_events_in_both_forms() -> None:
    old = {"involvedObject": {"kind": "Pod", "name": "p"}, "lastTimestamp": "2025-12-31T23:59:00Z", "message": " m\n"}
    assert cells("events", **old)[:7] == ["60s", "", "", "pod/p", "", "", "m"]
    new = {"regarding": {"kind": "Pod"}, "eventTime": "2025-12-31T23:59:00.000000Z", "note": "n"}
    assert cells("events.events.k8s.io", **new)[:9] == ["60s", "", "", "pod", "", "", "n", "60s", 1]


def test_custom_columns() -> None:
    wanted = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Phase", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status', "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Gone", "type": "string", "jsonPath": ".spec.gone"},
    ]
    obj = {"metadata": META, "spec": {"size": 3}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    table = rows("pots.example.com", [obj], NOW, wanted)
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Size", "Phase", "Age", "Gone"]
    assert table["rows"][0]["cells"] == ["x", 3, "True", "60m", None]


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("string", ["a", 1], '["a",1]'),
        ("string", None, "<no value>"),
        ("string", 5, "5"),
        ("integer", 2.7, 2),
        ("integer", "2", None),
        ("integer", True, None),
        ("number", 2, 2.0),
        ("boolean", True, True),
        ("boolean", "true", None),
        ("date", "2025-12-31T23:00:00Z", "60m"),
        ("date", "yesterday", "<invalid>"),
        ("date", 5, None),
    ],
)
def test_cells_of_custom_columns(kind: str, value: Any, cell: Any) -> None:
    wanted = [{"name": "C", "type": kind, "jsonPath": ".v"}]
    table = rows("pots.example.com", [{"metadata": META, "v": value}], NOW, wanted)
    assert table["rows"][0]["cells"][1] == cell


def test_selector_texts() -> None:
    wanted = {
        "matchLabels": {"b": "1"},
        "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["y", "x"]},
            {"key": "c", "operator": "DoesNotExist"},
            {"key": "d", "operator": "Exists"},
            {"key": "e", "operator": "NotIn", "values": ["z"]},
        ],
    }
    assert selector(wanted) == "a in (x,y),b=1,!c,d,e notin (z)"
    assert selector({}) == selector(None) == "<none>"


def test_epoch() -> None:
    assert epoch("1970-01-01T00:00:00Z") == 0
    assert epoch("2024-02-29T12:30:05Z") == 1709209805
    assert epoch("2026-01-01T00:00:00.250000Z") == NOW + 0.25
    assert epoch("2026-01-01T01:00:00+01:00") == NOW


def test_rows_of_autoscalers_do_not_depend_on_the_version_asked_for() -> None:
    memory = '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"500Mi"}}]'
    meta = {**META, "annotations": {"autoscaling.alpha.kubernetes.io/metrics": memory}}
    spec = {
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 50,
        "scaleTargetRef": {"kind": "Deployment", "name": "d"},
    }
    row = cells("horizontalpodautoscalers.autoscaling", apiVersion="autoscaling/v1", metadata=meta, spec=spec)
    assert row[2] == "memory: <unknown>/500Mi, cpu: <unknown>/50%"
