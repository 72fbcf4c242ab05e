"""CronJobs: on time, with their policies, and never more than asked for."""

from __future__ import annotations

from typing import Any

import pytest
from controllers_world import Obj, World

from minikctl.apimachinery.cron import parse
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.controllers.cronjob import _missed

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


def test_a_job_that_is_not_kept_goes_before_it_is_seen_to_end(world: World) -> None:
    world.create(CRONS, cron("once", "* * * * *", successfulJobsHistoryLimit=0))
    world.cluster.advance(120)
    assert world.names("jobs.batch") == []
    told = [text.partition(":")[0] for text in world.events("CronJob")]
    assert told == ["SuccessfulCreate", "SuccessfulDelete"] * 2
    assert set(world.status(CRONS, "once")) == {"lastScheduleTime", "lastSuccessfulTime"}


def test_the_oldest_job_goes_before_the_newest_is_seen_to_end(world: World) -> None:
    world.create(CRONS, cron("m", "* * * * *", successfulJobsHistoryLimit=1))
    world.cluster.advance(120)
    told = [text.partition(":")[0] for text in world.events("CronJob")]
    assert told == ["SuccessfulCreate", "SawCompletedJob", "SuccessfulCreate", "SuccessfulDelete", "SawCompletedJob"]


def test_a_changed_schedule_starts_nothing_before_its_next_time(world: World) -> None:
    world.create(CRONS, cron("c", "0 0 1 1 *"))
    world.cluster.advance(600)
    world.merge(CRONS, "c", {"spec": {"schedule": "*/5 * * * *"}})
    assert world.names(JOBS) == []
    world.cluster.advance(300)
    assert len(world.names(JOBS)) == 1
    world.merge(CRONS, "c", {"spec": {"suspend": True}})
    world.cluster.advance(600)
    world.merge(CRONS, "c", {"spec": {"suspend": False}})
    assert len(world.names(JOBS)) == 2


def test_the_jobs_metadata_are_the_templates_labels_and_annotations(world: World) -> None:
    made = cron("c", "* * * * *")
    more = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/hold"], "generateName": "x-"}
    made["spec"]["jobTemplate"]["metadata"] = more
    world.create(CRONS, made)
    world.cluster.advance(60)
    (job,) = world.items(JOBS)
    assert "finalizers" not in job["metadata"] and "generateName" not in job["metadata"]
    assert (job["metadata"]["labels"]["a"], job["metadata"]["annotations"]["c"]) == ("b", "d")


def test_a_schedule_without_times_is_told(world: World) -> None:
    world.create(CRONS, cron("never", "59 23 31 2 *"))
    (told,) = world.events("CronJob")
    assert told == (
        "InvalidSchedule: invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second"
    )


@pytest.mark.parametrize(
    ("schedule", "since", "now", "expected"),
    [
        ("*/10 * * * *", 0, 599, (None, 0)),
        ("*/10 * * * *", 0, 1199, (600, 0)),
        ("*/10 * * * *", 0, 1200, (1200, 2)),
        ("*/10 * * * *", 0, 600 * 101 + 1, (600 * 101, 101)),
        ("@every 7m", 30, 30 + 420 * 5000 + 1, (30 + 420 * 5000, 5000)),
        # A gap: estimated as if it ran through the night, and then found nowhere near.
        ("*/5 9 * * *", 0, 20 * 3600, (None, 133)),
        ("30 6-16/4 * * 1-5", 0, 6 * 86400 + 15 * 3600, (6 * 86400 + 14.5 * 3600, 39)),
    ],
)
def test_missed_times(schedule: str, since: int, now: int, expected: tuple[float | None, int]) -> None:
    assert _missed(parse(schedule), "", since, now) == expected


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
