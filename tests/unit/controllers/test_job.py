"""Jobs: completions, indexes, back-off, policies, suspension; and what cleans them up."""

from __future__ import annotations

from typing import Any

import pytest
from controllers_world import Obj, World
from hypothesis import given
from hypothesis import strategies as st

from minikctl.controllers.job import indexes, policy
from minikctl.controllers.job.tally import Tally

JOBS = "jobs.batch"


def job(name: str, command: str = "true", **spec: Any) -> Obj:
    container = {"name": "main", "image": "example.com/task:1", "command": ["sh", "-c", command]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"template": template, **spec},
    }


def test_a_job_completes(world: World) -> None:
    world.create(JOBS, job("one"))
    world.cluster.advance(5)
    assert world.conditions(JOBS, "one") == {
        "SuccessCriteriaMet": "True CompletionsReached",
        "Complete": "True CompletionsReached",
    }
    status = world.status(JOBS, "one")
    assert (status["succeeded"], status["uncountedTerminatedPods"], status["ready"]) == (1, {}, 0)
    assert [pod["metadata"].get("finalizers") for pod in world.items("pods")] == [None]
    assert world.events("Job")[-1] == "Completed: Job completed"
    assert world.settles()


def test_indexes_are_started_in_order_and_counted(world: World) -> None:
    world.create(JOBS, job("ix", completions=5, parallelism=2, completionMode="Indexed"))
    world.cluster.advance(20)
    assert world.status(JOBS, "ix")["completedIndexes"] == "0-4"
    first = world.items("pods")[0]
    assert first["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == "0"
    assert first["spec"]["hostname"] == "ix-0"
    assert first["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"


def test_failures_are_retried_later_and_later(world: World) -> None:
    world.create(JOBS, job("bad", "exit 3", backoffLimit=2))
    start = world.cluster.present()
    world.cluster.advance(600)
    assert world.conditions(JOBS, "bad")["Failed"] == "True BackoffLimitExceeded"
    created = sorted(pod["metadata"]["creationTimestamp"] for pod in world.items("pods"))
    assert len(created) == 3
    assert world.status(JOBS, "bad")["failed"] == 3
    assert world.cluster.present() - start == 600


def test_pods_that_run_are_counted_while_others_wait(world: World) -> None:
    """Releases of upstream's before June 2026 told of no active pods then, which the API refused."""
    command = 'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then sleep 1000; fi; exit 1'
    for name, limit in (("whole", {}), ("each", {"backoffLimitPerIndex": 5})):
        world.create(JOBS, job(name, command, completions=2, parallelism=2, completionMode="Indexed", **limit))
        world.cluster.advance(3)
        status = world.status(JOBS, name)
        assert (status["active"], status["ready"], status.get("failed", 0)) == (1, 1, name == "whole")


def running(name: str, ready: str, index: int = 0, **fields: Any) -> Obj:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": ready}
    notes = {"batch.kubernetes.io/job-completion-index": str(index)}
    return {
        "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": notes},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "conditions": [condition] if ready else [], "containerStatuses": [fields]},
    }


def test_who_came_last_goes_first() -> None:
    early, late = "2026-01-01T00:00:05Z", "2026-01-01T00:00:09Z"
    members = [
        running("early", early),
        running("late", late, 1),
        running("restarted", early, 1, restartCount=2),
        running("unready", "", 2),
        running("beyond", early, 7),
    ]
    members[0]["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"] = "-5"
    tally = Tally({"spec": {"completions": 5}}, members)
    assert [p["metadata"]["name"] for p in tally.surplus(4)] == ["unready", "late", "restarted", "early"]
    tally = Tally({"spec": {"completions": 3, "completionMode": "Indexed"}}, members)
    assert [p["metadata"]["name"] for p in tally.surplus(0)] == ["beyond", "late"]
    assert [p["metadata"]["name"] for p in tally.surplus(3)] == ["beyond", "late", "unready"]


def test_a_relabelled_pod_is_released(world: World) -> None:
    made = world.create(JOBS, job("a", "sleep 1000"))
    (first,) = world.names("pods")
    label = "batch.kubernetes.io/controller-uid"
    assert world.get("pods", first)["metadata"]["labels"][label] == made["metadata"]["uid"]
    world.merge("pods", first, {"metadata": {"labels": {label: None}}})
    released = world.get("pods", first)["metadata"]
    assert "ownerReferences" not in released and "finalizers" not in released
    assert len(world.names("pods")) == 2
    assert world.status(JOBS, "a")["active"] == 1


def test_the_deadline_ends_active_pods(world: World) -> None:
    world.create(JOBS, job("late", "sleep 1000", activeDeadlineSeconds=30))
    world.cluster.advance(100)
    assert world.conditions(JOBS, "late")["Failed"] == "True DeadlineExceeded"
    assert (world.names("pods"), world.status(JOBS, "late")["failed"]) == ([], 1)


def test_suspending_and_resuming(world: World) -> None:
    world.create(JOBS, job("s", suspend=True))
    assert world.conditions(JOBS, "s") == {"Suspended": "True JobSuspended"}
    assert (world.names("pods"), "startTime" in world.status(JOBS, "s")) == ([], False)
    world.merge(JOBS, "s", {"spec": {"suspend": False}})
    world.cluster.advance(5)
    assert next(iter(world.conditions(JOBS, "s").values())) == "False JobResumed"
    assert [text.split(":")[0] for text in world.events("Job")] == [
        "Suspended", "SuccessfulCreate", "Resumed", "Completed",
    ]  # fmt: skip


def test_each_index_has_its_own_limit(world: World) -> None:
    spec: Obj = {"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1}
    world.create(JOBS, job("per", "exit 1", **spec))
    world.cluster.advance(120)
    status = world.status(JOBS, "per")
    assert (status["failedIndexes"], status["failed"]) == ("0-2", 6)
    assert world.conditions(JOBS, "per")["Failed"] == "True FailedIndexes"


def test_a_failure_policy_ends_the_job_at_once(world: World) -> None:
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
    world.create(JOBS, job("p", "exit 42", podFailurePolicy={"rules": rules}))
    world.cluster.advance(60)
    assert world.conditions(JOBS, "p")["Failed"] == "True PodFailurePolicy"
    (pod,) = world.names("pods")
    message = f"Container main for pod demo/{pod} failed with exit code 42 matching FailJob rule at index 0"
    assert world.status(JOBS, "p")["conditions"][-1]["message"] == message


def test_a_success_policy_ends_it_early(world: World) -> None:
    rules = [{"succeededIndexes": "0", "succeededCount": 1}]
    spec: Obj = {"completions": 3, "parallelism": 1, "completionMode": "Indexed", "successPolicy": {"rules": rules}}
    world.create(JOBS, job("lead", **spec))
    world.cluster.advance(60)
    assert world.conditions(JOBS, "lead")["Complete"] == "True SuccessPolicy"
    assert world.status(JOBS, "lead")["succeeded"] == 1


def finalizers(world: World) -> dict[str, Any]:
    return {pod["metadata"]["name"]: pod["metadata"].get("finalizers") for pod in world.items("pods")}


def test_pods_that_a_job_stops_are_no_failures_unless_it_fails(world: World) -> None:
    world.create(JOBS, job("s", "sleep 1000", parallelism=3, completions=3))
    world.merge(JOBS, "s", {"spec": {"parallelism": 2}})
    world.merge(JOBS, "s", {"spec": {"suspend": True}})
    world.cluster.advance(60)
    assert (world.names("pods"), world.status(JOBS, "s").get("failed")) == ([], None)
    assert "startTime" not in world.status(JOBS, "s")
    rules = [{"succeededIndexes": "0"}]
    spec: Obj = {"completions": 3, "parallelism": 3, "completionMode": "Indexed", "successPolicy": {"rules": rules}}
    script = 'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then exit 0; else sleep 1000; fi'
    world.create(JOBS, job("lead", script, **spec))
    world.cluster.advance(60)
    status = world.status(JOBS, "lead")
    assert (status["succeeded"], status.get("failed"), status["completedIndexes"]) == (1, None, "0")
    assert list(finalizers(world).values()) == [None]
    policy_ = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}
    script = 'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then exit 42; else sleep 1000; fi'
    spec = {"completions": 3, "parallelism": 3, "completionMode": "Indexed", "podFailurePolicy": policy_}
    world.create(JOBS, job("lost", script, **spec))
    world.cluster.advance(60)
    assert world.status(JOBS, "lost")["failed"] == 3
    assert world.conditions(JOBS, "lost")["Failed"] == "True PodFailurePolicy"


def test_a_failed_pod_of_an_index_is_counted_when_it_is_replaced(world: World) -> None:
    spec: Obj = {"completions": 1, "completionMode": "Indexed", "backoffLimitPerIndex": 1}
    world.create(JOBS, job("per", "exit 1", **spec))
    (first,) = world.names("pods")
    assert (world.status(JOBS, "per").get("failed"), finalizers(world)[first]) == (
        None, ["batch.kubernetes.io/job-tracking"],
    )  # fmt: skip
    world.cluster.advance(11)
    assert (len(world.names("pods")), finalizers(world)[first]) == (2, None)
    second = next(pod for pod in world.items("pods") if pod["metadata"]["name"] != first)
    assert second["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] == "1"
    status = world.status(JOBS, "per")
    assert (status["failed"], status["failedIndexes"]) == (2, "0")


def test_a_long_name_leaves_room_for_the_index(world: World) -> None:
    name = "n" * 60
    world.create(JOBS, job(name, completions=12, parallelism=12, completionMode="Indexed"))
    assert sorted(pod["metadata"]["generateName"] for pod in world.items("pods"))[-1] == f"{'n' * 55}-9-"


def test_a_job_that_is_being_deleted_lets_its_pods_go(world: World) -> None:
    world.create(JOBS, job("old", "sleep 1000", podReplacementPolicy="Failed"))
    world.delete(JOBS, "old", propagationPolicy="Foreground")
    world.cluster.advance(60)
    assert (world.names(JOBS), world.names("pods")) == ([], [])


@pytest.mark.parametrize("policy_", ["Background", "Orphan"])
def test_pods_lose_their_finalizer_with_the_job(world: World, policy_: str) -> None:
    world.create(JOBS, job("gone", "sleep 1000"))
    world.delete(JOBS, "gone", propagationPolicy=policy_)
    world.cluster.advance(60)
    left = [pod["metadata"] for pod in world.items("pods")]
    assert [(m.get("finalizers"), m.get("ownerReferences")) for m in left] == [(None, None)] * (policy_ == "Orphan")


def test_finished_jobs_go_after_their_time(world: World) -> None:
    world.create(JOBS, job("tidy", ttlSecondsAfterFinished=100))
    world.cluster.advance(5)
    finished = world.cluster.present()
    world.cluster.advance(90)
    assert world.names(JOBS) == ["tidy"]
    world.cluster.advance(110 - (world.cluster.present() - finished))
    assert (world.names(JOBS), world.names("pods")) == ([], [])


numbers = st.sets(st.integers(0, 60))


@given(numbers, numbers, st.integers(0, 70))
def test_indexes_are_sets_of_numbers(a: set[int], b: set[int], limit: int) -> None:
    runs, other = indexes.Indexes.of(a), indexes.Indexes.of(b)
    assert str(indexes.Indexes.parse(str(runs))) == str(runs)
    assert len(runs) == len(a)
    assert {n for n in range(70) if n in runs} == a
    assert list(runs.missing(limit)) == sorted(set(range(limit)) - a)
    assert str(runs | other) == str(indexes.Indexes.of(a | b))
    assert str(runs.without(other)) == str(indexes.Indexes.of(a - b))
    assert runs.overlap(other) == len(a & b)


def test_index_text_forms() -> None:
    assert str(indexes.Indexes.of([0, 1])) == "0,1"
    assert str(indexes.Indexes.of([3, 0, 1, 2, 7])) == "0-3,7"
    assert str(indexes.Indexes.parse("1,3-9,x,7", 5)) == "1,3,4"


def failed(code: int, *conditions: str, **fields: Any) -> Obj:
    status = {
        "phase": "Failed",
        "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": code}}}],
        "conditions": [{"type": type_, "status": "True"} for type_ in conditions],
    }
    return {"metadata": {"name": "p", "namespace": "demo", **fields}, "status": status}


def test_which_rule_a_failed_pod_matches() -> None:
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}},
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [1, 2], "containerName": "main"}},
    ]
    a_job: Obj = {"spec": {"podFailurePolicy": {"rules": rules}}}
    assert policy.judge(a_job, failed(1, "DisruptionTarget"))[0] == "Ignore"
    assert policy.judge(a_job, failed(1)) == ("", "")
    a_job["spec"]["backoffLimitPerIndex"] = 3
    assert policy.judge(a_job, failed(1))[0] == "FailIndex"
    assert policy.judge(a_job, failed(7))[0] == "FailJob"
    assert policy.judge(a_job, failed(2)) == ("", "")
    assert policy.next_failure_counts(a_job, failed(2, annotations={policy.FAILURES: "2"})) == {policy.FAILURES: "3"}
    # what somebody wrote by hand, and Go reads no number in
    assert policy.next_failure_counts(a_job, failed(2, annotations={policy.FAILURES: "\u00b2"})) == {
        policy.FAILURES: "1"
    }


def test_back_off_doubles_up_to_ten_minutes() -> None:
    assert [policy.retry_at(n, 0.0) for n in (0, 1, 2, 3, 7, 50)] == [0.0, 10.0, 20.0, 40.0, 600.0, 600.0]


def ended(second: int, phase: str) -> Obj:
    at = f"2026-01-01T00:00:{second:02}Z"
    return {
        "metadata": {"name": "p"},
        "status": {"phase": phase, "containerStatuses": [{"state": {"terminated": {"finishedAt": at}}}]},
    }


def test_when_a_pod_has_finished() -> None:
    start = 1767225600.0
    assert policy.finish_time(ended(9, "Failed"), start) == start + 9
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:04Z"}
    gone = {"deletionTimestamp": "2026-01-01T00:00:40Z", "deletionGracePeriodSeconds": 30}
    assert policy.finish_time({"metadata": gone, "status": {"conditions": [unready]}}, start) == start + 4
    assert policy.finish_time({"metadata": gone}, start) == start + 10
    assert policy.finish_time({"metadata": {}}, start) == start


def test_failures_count_since_the_last_success() -> None:
    start = 1767225600.0
    first = policy.Backoff().after([], [ended(3, "Failed"), ended(5, "Failed")], start)
    assert (first.failures, first.retry_at()) == (2, start + 5 + 20)
    assert first.after([], [], start) == first
    assert first.after([ended(7, "Succeeded")], [], start).retry_at() == 0.0
    later = first.after([ended(7, "Succeeded")], [ended(6, "Failed"), ended(9, "Failed")], start)
    assert (later.failures, later.retry_at()) == (1, start + 9 + 10)
