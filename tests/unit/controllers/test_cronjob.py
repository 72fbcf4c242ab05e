"""CronJobs: on time, with their policies, and never more than asked for."""

from __future__ import annotations

from typing import Any

from controllers_world import Obj, World

from minikctl.apimachinery.request import MERGE_PATCH

CRONS, JOBS = "cronjobs.batch", "jobs.batch"


def cron(name: str, schedule: str, command: str = "true", **spec: Any) -> Obj:
    container = {"name": "main", "image": "example.com/task:1", "command": ["sh", "-c", command]}
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"schedule": schedule, "jobTemplate": template, **spec},
    }


def test_a_day_of_an_hourly_job(world: World) -> None:
    world.create(CRONS, cron("hourly", "0 * * * *", successfulJobsHistoryLimit=50))
    world.cluster.advance(24 * 3600)
    started = [job["metadata"]["creationTimestamp"] for job in world.items(JOBS)]
    assert started == sorted(started)
    assert [at[11:] for at in started] == [f"{hour % 24:02}:00:00Z" for hour in range(4, 28)]
    assert world.status(CRONS, "hourly")["lastScheduleTime"] == started[-1]
    assert world.settles()


def test_the_name_tells_the_minute_and_history_is_limited(world: World) -> None:
    world.create(CRONS, cron("m", "* * * * *"))
    world.cluster.advance(600)
    jobs = world.items(JOBS)
    assert len(jobs) == 3
    minutes = int(jobs[-1]["metadata"]["name"].removeprefix("m-"))
    scheduled = jobs[-1]["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert scheduled == jobs[-1]["metadata"]["creationTimestamp"]
    assert minutes * 60 <= world.cluster.present() < minutes * 60 + 60


def test_a_job_that_is_not_kept_is_seen_to_end(world: World) -> None:
    world.create(CRONS, cron("once", "* * * * *", successfulJobsHistoryLimit=0))
    world.cluster.advance(120)
    assert world.names("jobs.batch") == []
    told = [text.partition(":")[0] for text in world.events("CronJob")]
    assert told == ["SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"] * 2


def test_time_zones(world: World) -> None:
    world.create(CRONS, cron("z", "30 12 * * *", timeZone="Asia/Kolkata"))
    world.cluster.advance(24 * 3600)
    (job,) = world.items(JOBS)
    assert job["metadata"]["creationTimestamp"].endswith("T07:00:00Z")
    scheduled = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert scheduled.endswith("T12:30:00+05:30")


def test_concurrency_policies(world: World) -> None:
    for policy in ("Allow", "Forbid", "Replace"):
        world.create(CRONS, cron(policy.lower(), "* * * * *", "sleep 100000", concurrencyPolicy=policy))
    world.cluster.advance(180)
    names = [name.rpartition("-")[0] for name in world.names(JOBS)]
    assert names == ["allow", "allow", "allow", "forbid", "replace"]
    assert any("concurrency policy is Forbid" in text for text in world.events("CronJob", "forbid"))
    assert len(world.status(CRONS, "allow")["active"]) == 3


def test_suspended_ones_miss_their_time(world: World) -> None:
    world.create(CRONS, cron("s", "*/5 * * * *", suspend=True, startingDeadlineSeconds=30))
    world.cluster.advance(7 * 60)
    assert world.names(JOBS) == []
    world.merge(CRONS, "s", {"spec": {"suspend": False}})
    assert world.names(JOBS) == []
    world.cluster.advance(300)
    assert len(world.names(JOBS)) == 1


def test_a_job_made_by_hand_sets_only_the_last_success(world: World) -> None:
    made = world.create(CRONS, cron("b", "0 0 1 1 *"))
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "b", "uid": made["metadata"]["uid"]}
    template = cron("b", "")["spec"]["jobTemplate"]
    meta = {"name": "now", "namespace": "demo", "ownerReferences": [{**owner, "controller": True}]}
    world.create(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, **template})
    world.cluster.advance(5)
    assert list(world.status(CRONS, "b")) == ["lastSuccessfulTime"]


def test_an_active_job_without_uid_is_missed(world: World) -> None:
    world.create(CRONS, cron("c", "0 0 1 1 *"))
    status = {"status": {"active": [{"kind": "Job"}, {"kind": "Job", "name": "gone"}]}}
    world.client.patch(CRONS, "c", status, MERGE_PATCH, "demo", "status")
    world.cluster.settle()
    assert "active" not in world.status(CRONS, "c")
    assert any("went missing: gone" in text for text in world.events("CronJob", "c"))
