"""Hours and days of cluster time to the second, in milliseconds: what is due happens when it is due.

The clock stands at 03:04:05 and moves by `advance` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controllers_world import Obj, World, new_image, pod_spec, workload

from minikctl import machines
from minikctl.apimachinery.clock import parse_time
from minikctl.cluster import Cluster

DEPLOYMENTS, JOBS, CRONS = "deployments.apps", "jobs.batch", "cronjobs.batch"
HPAS = "horizontalpodautoscalers.autoscaling"
START = parse_time("2026-01-02T03:04:05Z")


def at(hour: int, minute: int, second: int) -> float:
    """Seconds from the start to a time of that day."""
    return hour * 3600 + minute * 60 + second - (3 * 3600 + 4 * 60 + 5)


def until(world: World, seconds: float) -> None:
    """Move the clock to so many seconds after the start."""
    world.cluster.advance(START + seconds - world.cluster.present())


def times(events: list[Obj], reason: str) -> list[str]:
    """The times of day at which something was said for the first time, in order."""
    return sorted(event["firstTimestamp"][11:-1] for event in events if event["reason"] == reason)


def about(world: World, kind: str) -> list[Obj]:
    return [e for e in world.client.items("events") if e["involvedObject"]["kind"] == kind]


def task(command: str, **spec: Any) -> Obj:
    container = {"name": "main", "image": "example.com/task:1", "command": ["sh", "-c", command]}
    return {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}, **spec}


def cron(name: str, schedule: str, command: str, **spec: Any) -> Obj:
    meta = {"name": name, "namespace": "demo"}
    spec = {"schedule": schedule, "jobTemplate": {"spec": task(command)}, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec}


def test_a_day_of_a_cronjob(world: World) -> None:
    world.create(CRONS, cron("backup", "15 */6 * * *", "sleep 90", successfulJobsHistoryLimit=10))
    world.cluster.advance(24 * 3600)
    jobs = [job["status"] for job in world.items(JOBS)]
    assert [status["startTime"][5:] for status in jobs] == [
        "01-02T06:15:00Z", "01-02T12:15:00Z", "01-02T18:15:00Z", "01-03T00:15:00Z",
    ]  # fmt: skip
    assert {parse_time(s["completionTime"]) - parse_time(s["startTime"]) for s in jobs} == {90.0}
    status = world.status(CRONS, "backup")
    assert (status["lastScheduleTime"], status["lastSuccessfulTime"]) == (jobs[-1]["startTime"], "2026-01-03T00:16:30Z")


def test_a_cronjob_that_slept_too_long_starts_once(world: World) -> None:
    world.create(CRONS, cron("often", "* * * * *", "true", suspend=True))
    until(world, at(6, 0, 30))
    world.merge(CRONS, "often", {"spec": {"suspend": False}})
    (job,) = world.items(JOBS)
    assert job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-02T06:00:00Z"
    assert world.events("CronJob")[0] == (
        "TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check"
        " clock skew"
    )


def test_a_node_that_dies_loses_its_pods_after_five_minutes(world: World) -> None:
    pod = pod_spec(nodeSelector={"kubernetes.io/hostname": "node-1"}, terminationGracePeriodSeconds=30)
    world.create(DEPLOYMENTS, workload("Deployment", "web", replicas=1, pod=pod))
    (name,) = world.names("pods")
    machines.stop(world.cluster, "node-1", 0)
    world.cluster.settle()
    until(world, 49)
    assert world.conditions("pods", name)["Ready"].startswith("True")
    until(world, 50)
    assert world.conditions("nodes", "node-1", "")["Ready"] == "Unknown NodeStatusUnknown"
    assert world.conditions("pods", name)["Ready"].startswith("False")
    assert times(about(world, "Node"), "NodeNotReady") == ["03:04:55"]
    until(world, 349)
    assert "deletionTimestamp" not in world.get("pods", name)["metadata"]
    until(world, 350)
    assert world.get("pods", name)["metadata"]["deletionTimestamp"] == "2026-01-02T03:10:25Z"
    assert times(about(world, "Pod"), "TaintManagerEviction") == ["03:09:55"]
    assert len(world.names("pods")) == 2  # its successor waits for the node, and nobody ends the old one
    until(world, 900)
    assert name in world.names("pods")


def test_a_rollout_that_misses_its_deadline(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "web", replicas=3))
    until(world, 100)
    broken = new_image("2")
    broken["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["false"]}}
    broken["spec"]["progressDeadlineSeconds"] = 120
    world.merge(DEPLOYMENTS, "web", broken)
    until(world, 220)
    progressing = {c["type"]: c for c in world.status(DEPLOYMENTS, "web")["conditions"]}["Progressing"]
    assert (progressing["status"], progressing["lastUpdateTime"]) == ("True", "2026-01-02T03:05:45Z")
    until(world, 222)
    conditions = {c["type"]: c for c in world.status(DEPLOYMENTS, "web")["conditions"]}
    assert conditions["Progressing"]["reason"] == "ProgressDeadlineExceeded"
    assert conditions["Progressing"]["lastTransitionTime"] == "2026-01-02T03:07:46Z"
    assert conditions["Available"]["status"] == "True"


def test_finished_jobs_live_as_long_as_their_ttl(world: World) -> None:
    for name, ttl in (("at-once", 0), ("hour", 3600), ("kept", None)):
        spec = task("sleep 10", **({} if ttl is None else {"ttlSecondsAfterFinished": ttl}))
        meta = {"name": name, "namespace": "demo"}
        world.create(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec})
    until(world, 9)
    assert world.names(JOBS) == ["at-once", "hour", "kept"]
    until(world, 10)
    assert world.names(JOBS) == ["hour", "kept"]
    until(world, 3609)
    assert world.names(JOBS) == ["hour", "kept"]
    until(world, 3610)
    assert (world.names(JOBS), len(world.names("pods"))) == (["kept"], 1)


def test_a_crash_loop_backs_off_to_five_minutes(world: World) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "demo"}}
    world.create("pods", {**pod, "spec": pod_spec(["sh", "-c", "exit 1"])})
    starts: list[float] = []
    while len(starts) < 8:
        (container,) = world.status("pods", "p")["containerStatuses"]
        last = parse_time(container["lastState"]["terminated"]["startedAt"]) - START
        starts += [last] if last not in starts else []
        due = world.cluster.store.next_due()
        assert due is not None
        until(world, due - START)
    assert starts == [0.0, 10.0, 30.0, 70.0, 150.0, 310.0, 610.0, 910.0]
    until(world, 1300)
    waiting = world.status("pods", "p")["containerStatuses"][0]["state"]["waiting"]
    assert waiting["message"].startswith("back-off 5m0s restarting failed container=main pod=p_demo(")


@pytest.fixture
def metered(make_cluster: Callable[..., Cluster]) -> World:
    """A cluster with metrics: the profile is not bare."""
    made = World(make_cluster(profile="default"))
    made.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    return made


def test_an_autoscaler_follows_a_load_curve(metered: World) -> None:
    """The load of the whole is a metric of the Service: one unit for each pod."""
    curve = "0s=2,10m=2,10m1s=9,20m=9,20m1s=3"
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "demo", "annotations": {"minikctl.dev/metric.load": curve}},
        "spec": {"ports": [{"port": 80}]},
    }
    metered.create("services", service)
    metered.create(DEPLOYMENTS, workload("Deployment", "web", replicas=2))
    metric = {
        "type": "Object",
        "object": {
            "metric": {"name": "load"},
            "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "web"},
            "target": {"type": "AverageValue", "averageValue": "1"},
        },
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"minReplicas": 1, "maxReplicas": 8, "scaleTargetRef": target, "metrics": [metric]}
    meta = {"name": "web", "namespace": "demo"}
    metered.create(
        HPAS, {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
    )
    sizes: dict[float, int] = {}
    for quarter in range(4 * 40):
        until(metered, 15.0 * quarter)
        size = metered.get(DEPLOYMENTS, "web")["spec"]["replicas"]
        if not sizes or list(sizes.values())[-1] != size:
            sizes[15.0 * quarter] = size
    # Up at the first look after the rise, at most twofold (but four at least); down when five minutes have
    # passed since the last look that still saw nine.
    assert sizes == {0.0: 2, 615.0: 4, 630.0: 8, 1500.0: 3}
    assert metered.events("HorizontalPodAutoscaler") == [
        "SuccessfulRescale: New size: 4; reason: external metric load(nil) above target",
        "SuccessfulRescale: New size: 8; reason: external metric load(nil) above target",
        "SuccessfulRescale: New size: 3; reason: All metrics below target",
    ]
