"""READY, STATUS and RESTARTS of pods."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver.tables import rows

NOW = 1767225600.0  # 2026-01-01T00:00:00Z


def cells(pod: dict[str, Any]) -> list[Any]:
    pod.setdefault("metadata", {"name": "p", "creationTimestamp": "2025-12-31T23:59:00Z"})
    pod.setdefault("spec", {"containers": [{"name": "main"}]})
    row: list[Any] = rows("pods", [pod], NOW)["rows"][0]["cells"]
    return row


def status(state: dict[str, Any], ready: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": "main", "state": state, "ready": ready, "restartCount": 0, **more}


RUNNING = {"running": {"startedAt": "2025-12-31T23:59:00Z"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}


@pytest.mark.parametrize(
    ("pod_status", "ready", "expected"),
    [
        ({"phase": "Pending"}, "0/1", "Pending"),
        ({"phase": "Failed", "reason": "Evicted"}, "0/1", "Evicted"),
        (
            {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            "0/1",
            "SchedulingGated",
        ),
        ({"phase": "Running", "containerStatuses": [status(RUNNING, True)]}, "1/1", "Running"),
        (
            {"phase": "Pending", "containerStatuses": [status({"waiting": {"reason": "ImagePullBackOff"}})]},
            "0/1",
            "ImagePullBackOff",
        ),
        ({"phase": "Succeeded", "containerStatuses": [status(DONE)]}, "0/1", "Completed"),
        ({"phase": "Failed", "containerStatuses": [status({"terminated": {"exitCode": 3}})]}, "0/1", "ExitCode:3"),
        ({"phase": "Failed", "containerStatuses": [status({"terminated": {"signal": 9}})]}, "0/1", "Signal:9"),
        ({"phase": "Running", "containerStatuses": [status(DONE), status(RUNNING, True)]}, "1/1", "NotReady"),
        (
            {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [status(DONE), status(RUNNING, True)],
            },
            "1/1",
            "Running",
        ),
    ],
)
def test_status_of_main_containers(pod_status: dict[str, Any], ready: str, expected: str) -> None:
    assert cells({"status": pod_status})[1:3] == [ready, expected]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"waiting": {"reason": "PodInitializing"}}, "Init:0/2"),
        (RUNNING, "Init:0/2"),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, "Init:CrashLoopBackOff"),
        ({"terminated": {"exitCode": 1, "reason": "Error"}}, "Init:Error"),
        ({"terminated": {"exitCode": 1}}, "Init:ExitCode:1"),
        ({"terminated": {"exitCode": 1, "signal": 15}}, "Init:Signal:15"),
    ],
)
def test_status_of_init_containers(state: dict[str, Any], expected: str) -> None:
    pod = {
        "spec": {"initContainers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "main"}]},
        "status": {"phase": "Pending", "initContainerStatuses": [{"name": "a", "restartCount": 2, "state": state}]},
    }
    assert cells(pod)[1:4] == ["0/1", expected, "2"]


def test_sidecars_count_as_containers() -> None:
    sidecar = {"name": "log", "restartCount": 1, "state": RUNNING, "started": True, "ready": True}
    pod = {
        "spec": {"initContainers": [{"name": "log", "restartPolicy": "Always"}], "containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "initContainerStatuses": [sidecar],
            "containerStatuses": [status(RUNNING, True)],
        },
    }
    assert cells(pod)[1:4] == ["2/2", "Running", "1"]


def test_restarts_say_when() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": "2025-12-31T23:59:55Z"}}
    pod = {
        "status": {
            "phase": "Running",
            "containerStatuses": [status(RUNNING, True, lastState=last) | {"restartCount": 4}],
        }
    }
    assert cells(pod)[3:5] == ["4 (5s ago)", "60s"]


@pytest.mark.parametrize(
    ("pod_status", "expected"),
    [
        ({"phase": "Running"}, "Terminating"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
        ({"phase": "Succeeded"}, "Succeeded"),
    ],
)
def test_pods_being_deleted(pod_status: dict[str, Any], expected: str) -> None:
    metadata = {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert cells({"metadata": metadata, "status": pod_status})[2] == expected


def test_wide_cells() -> None:
    pod = {
        "spec": {"nodeName": "node-1", "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]},
        "status": {"podIPs": [{"ip": "10.0.0.1"}], "conditions": [{"type": "a", "status": "True"}]},
    }
    assert cells(pod)[5:] == ["10.0.0.1", "node-1", "<none>", "1/2"]
    assert cells({"status": {}})[5:] == ["<none>"] * 4


def test_finished_pods_carry_a_row_condition() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {}, "status": {"phase": "Failed"}}
    assert rows("pods", [pod], NOW)["rows"][0]["conditions"][0]["reason"] == "Failed"
