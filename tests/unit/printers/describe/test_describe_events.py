"""The Events section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CONFIG: dict[str, Any] = {"kind": "ServiceAccount", "metadata": {"name": "s", "namespace": "demo"}}
ABOUT = {"kind": "Pod", "name": "web"}


def section(text: str) -> str:
    return text[text.index("Events:") :]


def test_none_and_hidden(described: Callable[..., str]) -> None:
    assert section(described("serviceaccounts", CONFIG, events=[])) == "Events:              <none>\n"
    assert "Events" not in described("serviceaccounts", CONFIG)


def test_sorted_by_time_with_counts_and_sources(described: Callable[..., str]) -> None:
    events = [
        {
            "type": "Warning",
            "reason": "BackOff",
            "message": "back-off 10s \n",
            "involvedObject": {**ABOUT, "fieldPath": "spec.containers{web}"},
            "source": {"component": "kubelet", "host": "node-1"},
            "firstTimestamp": "2026-01-02T03:03:05Z",
            "lastTimestamp": "2026-01-02T03:04:00Z",
            "count": 3,
        },
        {
            "type": "Normal",
            "reason": "Created",
            "message": "Container created",
            "involvedObject": ABOUT,
            "source": {"component": "kubelet"},
            "firstTimestamp": "2026-01-02T03:03:00Z",
            "lastTimestamp": "2026-01-02T03:03:00Z",
            "count": 1,
        },
        {
            "type": "Normal",
            "reason": "Scheduled",
            "message": "Successfully assigned demo/web to node-1",
            "involvedObject": ABOUT,
            "source": {},
            "reportingComponent": "default-scheduler",
            "eventTime": "2026-01-02T03:02:55.000001Z",
            "series": {"count": 2, "lastObservedTime": "2026-01-02T03:04:03.000000Z"},
        },
    ]
    assert section(described("serviceaccounts", CONFIG, events=events)) == (
        "Events:\n"
        "  Type     Reason     Age               From               Message\n"
        "  ----     ------     ----              ----               -------\n"
        "  Normal   Scheduled  2s (x2 over 69s)  default-scheduler  Successfully assigned demo/web to node-1\n"
        "  Normal   Created    65s               kubelet            Container created\n"
        "  Warning  BackOff    5s (x3 over 60s)  kubelet            spec.containers{web}: back-off 10s\n"
    )
