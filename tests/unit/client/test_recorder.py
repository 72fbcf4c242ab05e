"""The recorder's counts, combining and silence, against a client that only stores Events."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery.clock import Clock
from minikctl.apimachinery.errors import already_exists, not_found
from minikctl.apimachinery.rand import Rand
from minikctl.client.recorder import COMBINED, Recorder


class EventsOnly:
    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.lookups = 0

    def create(self, resource: str, obj: dict[str, Any], namespace: str = "", trusted: bool = False) -> None:
        assert trusted
        name = obj["metadata"]["name"]
        if name in self.events:
            raise already_exists("events", name)
        self.events[name] = {**obj}

    def patch(self, resource: str, name: str, patch: dict[str, Any], patch_type: str, namespace: str = "") -> None:
        if name not in self.events:
            raise not_found("events", name)
        self.events[name].update(patch)

    def items(self, resource: str, namespace: str = "", owner: str = "") -> list[dict[str, Any]]:
        self.lookups += 1
        return [e for e in self.events.values() if e["involvedObject"]["uid"] == owner]


POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
}  # fmt: skip


class Cluster:
    def __init__(self) -> None:
        self.client = EventsOnly()
        self.clock = Clock(frozen_at=1767225600.0)

    def recorder(self, component: str = "kubelet", host: str = "node-1") -> Recorder:
        return Recorder(self.client, self.clock, Rand("x"), component, host)  # type: ignore[arg-type]

    def sorted(self) -> list[dict[str, Any]]:
        return [self.client.events[name] for name in sorted(self.client.events)]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_fields_of_a_core_event(cluster: Cluster) -> None:
    cluster.recorder().event(POD, "Normal", "Started", "Container started", "spec.containers{web}")
    (event,) = cluster.sorted()
    assert event["metadata"] == {"name": f"web.{1767225600 * 10**9:016x}", "namespace": "shop"}
    assert event["involvedObject"] == {
        "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u1", "apiVersion": "v1",
        "resourceVersion": "7", "fieldPath": "spec.containers{web}",
    }  # fmt: skip
    assert event["source"] == {"component": "kubelet", "host": "node-1"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"
    assert (event["count"], event["eventTime"], event["reportingInstance"]) == (1, None, "node-1")


@pytest.mark.parametrize("same_process", [True, False])
def test_the_same_event_raises_the_count(cluster: Cluster, same_process: bool) -> None:
    recorder = cluster.recorder()
    for _ in range(3):
        recorder = recorder if same_process else cluster.recorder()
        recorder.event(POD, "Warning", "BackOff", "Back-off")
        cluster.clock.jump(cluster.clock.now() + 10)
    (event,) = cluster.sorted()
    assert (event["count"], event["lastTimestamp"]) == (3, "2026-01-01T00:00:20Z")


def test_other_sources_do_not_share_counts(cluster: Cluster) -> None:
    cluster.recorder("a", "").event(POD, "Normal", "X", "same")
    cluster.recorder("b", "").event(POD, "Normal", "X", "same")
    assert [event["count"] for event in cluster.sorted()] == [1, 1]


@pytest.mark.parametrize("same_process", [True, False])
def test_the_tenth_similar_message_is_combined(cluster: Cluster, same_process: bool) -> None:
    recorder = cluster.recorder()
    for number in range(13):
        recorder = recorder if same_process else cluster.recorder()
        recorder.event(POD, "Normal", "SuccessfulCreate", f"Created pod: p{number}")
    events = cluster.sorted()
    assert len(events) == 10
    assert events[-1]["message"] == COMBINED + "Created pod: p12"
    assert events[-1]["count"] == 4


@pytest.mark.parametrize("same_process", [True, False])
def test_a_flood_is_silenced_and_recovers(cluster: Cluster, same_process: bool) -> None:
    recorder = cluster.recorder()
    for _ in range(40):
        recorder = recorder if same_process else cluster.recorder()
        recorder.event(POD, "Normal", "X", "same")
    assert cluster.sorted()[0]["count"] == 25
    cluster.clock.jump(cluster.clock.now() + 301)
    recorder.event(POD, "Normal", "Y", "other")
    assert len(cluster.sorted()) == 2


def test_new_objects_cost_no_lookup(cluster: Cluster) -> None:
    recorder = cluster.recorder()
    young = {**POD, "metadata": {**POD["metadata"], "creationTimestamp": "2026-01-01T00:00:01Z"}}
    recorder.event(young, "Normal", "X", "first")
    assert cluster.client.lookups == 0


def test_a_lost_event_is_written_again(cluster: Cluster) -> None:
    recorder = cluster.recorder()
    recorder.event(POD, "Normal", "X", "same")
    cluster.client.events.clear()
    recorder.event(POD, "Normal", "X", "same")
    (event,) = cluster.sorted()
    assert event["count"] == 2


def test_scheduler_events_become_a_series(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.recorder("default-scheduler", "").event_v1(
            POD, None, "Warning", "FailedScheduling", "Scheduling", "no room"
        )
        cluster.clock.jump(cluster.clock.now() + 60)
    (event,) = cluster.sorted()
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert event["series"] == {"count": 2, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}
    assert (event["source"], event["firstTimestamp"], event["action"]) == ({}, None, "Scheduling")


def test_cluster_scoped_objects_speak_in_default(cluster: Cluster) -> None:
    node = {"kind": "Node", "name": "node-1", "uid": "node-1", "apiVersion": "v1"}
    cluster.recorder().event(node, "Normal", "Starting", "Starting kubelet.")
    assert cluster.sorted()[0]["metadata"]["namespace"] == "default"
