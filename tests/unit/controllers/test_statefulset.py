"""StatefulSets: order, partitions, claims and revisions."""

from __future__ import annotations

from controllers_world import World, new_image, pod_spec, workload

SETS = "statefulsets.apps"


def images(world: World) -> list[str]:
    return [pod["spec"]["containers"][0]["image"][-1] for pod in world.items("pods")]


def test_pods_come_in_order_and_go_in_reverse(world: World) -> None:
    world.create(SETS, workload("StatefulSet", "db", replicas=3, serviceName="db"))
    world.merge(SETS, "db", {"spec": {"replicas": 1}})
    assert [text.split()[3] for text in world.events("StatefulSet")] == ["db-0", "db-1", "db-2", "db-2", "db-1"]
    pod = world.get("pods", "db-0")
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-0", "db")
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    assert world.settles()


def test_one_stuck_pod_holds_the_others_unless_parallel(world: World) -> None:
    stuck = pod_spec(nodeSelector={"no": "such"})
    world.create(SETS, workload("StatefulSet", "careful", replicas=3, serviceName="x", pod=stuck))
    world.create(
        SETS,
        workload(
            "StatefulSet", "eager", replicas=3, serviceName="x", pod=stuck, podManagementPolicy="Parallel",
            ordinals={"start": 5},
        ),
    )  # fmt: skip
    assert world.names("pods") == ["careful-0", "eager-5", "eager-6", "eager-7"]


def test_a_partition_updates_the_upper_ordinals_only(world: World) -> None:
    strategy = {"rollingUpdate": {"partition": 2}}
    world.create(SETS, workload("StatefulSet", "ix", replicas=3, serviceName="x", updateStrategy=strategy))
    world.merge(SETS, "ix", new_image("2"))
    assert images(world) == ["1", "1", "2"]
    status = world.status(SETS, "ix")
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
    world.delete("pods", "ix-0")
    assert images(world) == ["1", "1", "2"]
    world.merge(SETS, "ix", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    assert images(world) == ["2", "2", "2"]
    assert status["updateRevision"] == world.status(SETS, "ix")["currentRevision"]


def test_on_delete_waits_for_somebody_to_delete(world: World) -> None:
    world.create(SETS, workload("StatefulSet", "m", replicas=2, serviceName="x", updateStrategy={"type": "OnDelete"}))
    world.merge(SETS, "m", new_image("2"))
    status = world.status(SETS, "m")
    assert (status["currentReplicas"], status.get("updatedReplicas")) == (2, None)
    world.delete("pods", "m-1")
    assert images(world) == ["1", "2"]


def test_going_back_renumbers_the_old_revision(world: World) -> None:
    world.create(SETS, workload("StatefulSet", "h", replicas=1, serviceName="x"))
    for tag in ("2", "1"):
        world.merge(SETS, "h", new_image(tag))
    assert sorted(r["revision"] for r in world.items("controllerrevisions.apps")) == [2, 3]


def test_claims_follow_the_retention_policy(world: World) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast"},
        "provisioner": "minikctl.dev/emulated",
    }
    world.create("storageclasses.storage.k8s.io", storage)
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    world.create(
        SETS,
        workload(
            "StatefulSet", "v", replicas=2, serviceName="x", volumeClaimTemplates=[claim],
            persistentVolumeClaimRetentionPolicy=policy,
        ),
    )  # fmt: skip
    assert world.names("persistentvolumeclaims") == ["data-v-0", "data-v-1"]
    assert world.get("persistentvolumeclaims", "data-v-0")["metadata"]["labels"] == {"app": "v"}
    world.merge(SETS, "v", {"spec": {"replicas": 1}})
    assert world.names("persistentvolumeclaims") == ["data-v-0"]
    world.delete(SETS, "v")
    assert world.names("persistentvolumeclaims") == ["data-v-0"]


def test_a_finished_pod_is_replaced(world: World) -> None:
    world.create(SETS, workload("StatefulSet", "f", replicas=1, serviceName="x"))
    before = world.get("pods", "f-0")
    before["status"]["phase"] = "Failed"
    world.client.update("pods", before, subresource="status")
    world.cluster.settle()
    assert world.get("pods", "f-0")["metadata"]["uid"] != before["metadata"]["uid"]
