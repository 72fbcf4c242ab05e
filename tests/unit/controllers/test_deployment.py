"""Rollouts: pacing, recreation, pausing, proportional scaling, history, deadlines."""

from __future__ import annotations

import re

from controllers_world import World, new_image, pod_spec, workload

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"
NOWHERE = pod_spec(nodeSelector={"no": "such"})


def scalings(world: World) -> list[str]:
    """ "up 0>3" for each ScalingReplicaSet event."""
    pattern = r"ScalingReplicaSet: Scaled (up|down) replica set \S+ from (\d+) to (\d+)"
    return [f"{m[1]} {m[2]}>{m[3]}" for m in (re.fullmatch(pattern, text) for text in world.events("Deployment")) if m]


def sizes(world: World) -> list[int]:
    """Replicas of the ReplicaSets by revision."""
    sets = sorted(
        world.items(SETS), key=lambda s: int(s["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
    )
    return [s["spec"]["replicas"] for s in sets]


def test_a_new_deployment_becomes_available(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "web", replicas=3))
    status = world.status(DEPLOYMENTS, "web")
    counts = {key: value for key, value in status.items() if isinstance(value, int)}
    assert counts == {
        "observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
        "terminatingReplicas": 0,
    }  # fmt: skip
    assert world.conditions(DEPLOYMENTS, "web") == {
        "Available": "True MinimumReplicasAvailable",
        "Progressing": "True NewReplicaSetAvailable",
    }
    assert world.settles()


def test_surge_one_unavailable_none_goes_up_and_down_in_turn(world: World) -> None:
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.create(DEPLOYMENTS, workload("Deployment", "web", replicas=2, strategy=strategy))
    world.merge(DEPLOYMENTS, "web", new_image("2"))
    assert scalings(world) == ["up 0>2", "up 0>1", "down 2>1", "up 1>2", "down 1>0"]


def test_recreate_waits_for_the_old_pods_to_go(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "q", replicas=2, strategy={"type": "Recreate"}))
    world.merge(DEPLOYMENTS, "q", new_image("2"))
    assert scalings(world) == ["up 0>2", "down 2>0", "up 0>2"]
    assert {pod["spec"]["containers"][0]["image"] for pod in world.items("pods")} == {"example.com/app:2"}


def test_a_paused_deployment_scales_but_does_not_roll(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "web", replicas=2))
    world.merge(DEPLOYMENTS, "web", {"spec": {"paused": True, **new_image("2")["spec"]}})
    world.merge(DEPLOYMENTS, "web", {"spec": {"replicas": 3}})
    assert world.conditions(DEPLOYMENTS, "web")["Progressing"] == "Unknown DeploymentPaused"
    assert (sizes(world), world.status(DEPLOYMENTS, "web").get("updatedReplicas")) == ([3], None)
    world.cluster.advance(700)  # its deadline does not run while it is paused
    assert world.conditions(DEPLOYMENTS, "web")["Progressing"] == "Unknown DeploymentPaused"
    world.merge(DEPLOYMENTS, "web", {"spec": {"paused": False}})
    assert sizes(world) == [0, 3]


def test_a_stuck_rollout_is_scaled_in_proportion(world: World) -> None:
    strategy = {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    world.create(DEPLOYMENTS, workload("Deployment", "r", replicas=4, strategy=strategy))
    world.merge(DEPLOYMENTS, "r", {"spec": {"template": {"spec": NOWHERE}}})
    assert sizes(world) == [4, 2]
    world.merge(DEPLOYMENTS, "r", {"spec": {"replicas": 8}})
    assert sizes(world) == [7, 3]
    world.merge(DEPLOYMENTS, "r", {"spec": {"replicas": 5}})
    assert sizes(world) == [5, 2]


def test_a_missed_deadline_is_seen_on_time(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "d", replicas=1, progressDeadlineSeconds=60, pod=NOWHERE))
    start = world.cluster.present()
    world.cluster.advance(60)
    assert world.conditions(DEPLOYMENTS, "d")["Progressing"] == "True ReplicaSetUpdated"
    world.cluster.advance(2)
    assert world.conditions(DEPLOYMENTS, "d")["Progressing"] == "False ProgressDeadlineExceeded"
    assert world.cluster.present() - start == 62
    assert world.settles()


def test_min_ready_seconds_delays_availability(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "s", replicas=1, minReadySeconds=5))
    assert "availableReplicas" not in world.status(DEPLOYMENTS, "s")
    world.cluster.advance(5)
    assert world.status(DEPLOYMENTS, "s")["availableReplicas"] == 1


def test_old_revisions_are_reused_and_forgotten(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "b", replicas=1, revisionHistoryLimit=2))
    for tag in ("2", "3", "2", "4", "5"):
        world.merge(DEPLOYMENTS, "b", new_image(tag))
    revisions = [int(s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) for s in world.items(SETS)]
    assert sorted(revisions) == [4, 5, 6]
    reused = [s["metadata"]["annotations"].get("deployment.kubernetes.io/revision-history") for s in world.items(SETS)]
    assert "2" in reused


def test_a_name_taken_by_another_set_counts_as_collision(world: World) -> None:
    made = world.create(DEPLOYMENTS, workload("Deployment", "c", replicas=1))
    (name,) = world.names(SETS)
    world.delete(DEPLOYMENTS, made["metadata"]["name"])
    world.create(SETS, {**workload("ReplicaSet", "other", replicas=0), "metadata": {"name": name, "namespace": "demo"}})
    world.create(DEPLOYMENTS, workload("Deployment", "c", replicas=1))
    assert world.status(DEPLOYMENTS, "c")["collisionCount"] == 1
    assert len(world.names("pods")) == 1


def test_orphaned_sets_are_adopted_again(world: World) -> None:
    world.create(DEPLOYMENTS, workload("Deployment", "o", replicas=2))
    pods = world.names("pods")
    world.delete(DEPLOYMENTS, "o", propagationPolicy="Orphan")
    assert world.names("pods") == pods
    world.create(DEPLOYMENTS, workload("Deployment", "o", replicas=2))
    assert (world.names("pods"), len(world.names(SETS))) == (pods, 1)
