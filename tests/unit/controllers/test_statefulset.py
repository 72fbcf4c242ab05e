"""StatefulSets: order, partitions, claims and revisions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from controllers_world import Obj, World, new_image, pod_spec, workload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikctl.cluster import Cluster
from minikctl.controllers.statefulset.claims import _wanted, is_stale
from minikctl.controllers.statefulset.members import Members

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


def test_an_update_replaces_parallel_pods_that_never_got_ready(world: World) -> None:
    """Only what is above the next pod in turn holds an update up: the pods it is for may all be broken."""
    stuck = pod_spec(nodeSelector={"no": "such"})
    world.create(
        SETS,
        workload("StatefulSet", "p", replicas=3, serviceName="x", pod=stuck, podManagementPolicy="Parallel"),
    )
    mended = {"spec": {"template": {"spec": {"nodeSelector": None, "containers": pod_spec()["containers"]}}}}
    world.merge(SETS, "p", mended)
    assert {pod["status"]["phase"] for pod in world.items("pods")} == {"Running"}


def unavailable_at_once(world: World) -> tuple[Obj, int]:
    """How a set's update that may take two pods at once is kept, and how many it does take (of ready in time)."""
    strategy = {"rollingUpdate": {"maxUnavailable": 2}}
    world.create(
        SETS,
        workload(
            "StatefulSet", "q", replicas=4, serviceName="x", updateStrategy=strategy, podManagementPolicy="Parallel",
            minReadySeconds=30,
        ),
    )  # fmt: skip
    world.cluster.advance(60)
    world.merge(SETS, "q", new_image("2"))
    return world.get(SETS, "q")["spec"]["updateStrategy"]["rollingUpdate"], images(world).count("2")


def test_a_set_is_updated_one_pod_at_a_time(world: World) -> None:
    assert unavailable_at_once(world) == ({"partition": 0}, 1)


def test_more_than_one_at_once_is_behind_a_gate(make_cluster: Callable[..., Cluster]) -> None:
    gated = World(make_cluster(**{"feature-gates": {"MaxUnavailableStatefulSet": True}}))
    gated.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    assert unavailable_at_once(gated) == ({"partition": 0, "maxUnavailable": 2}, 2)
    gated.create(SETS, workload("StatefulSet", "one", replicas=0, serviceName="x"))
    assert gated.get(SETS, "one")["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0, "maxUnavailable": 1}


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


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}


def with_claims(world: World, **spec: Any) -> None:
    """The set v, whose pods have a claim each, and the storage for them."""
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast"},
        "provisioner": "minikctl.dev/emulated",
    }
    world.create("storageclasses.storage.k8s.io", storage)
    world.create(SETS, workload("StatefulSet", "v", serviceName="x", volumeClaimTemplates=[CLAIM], **spec))


def test_claims_follow_the_retention_policy(world: World) -> None:
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    with_claims(world, replicas=2, persistentVolumeClaimRetentionPolicy=policy)
    assert world.names("persistentvolumeclaims") == ["data-v-0", "data-v-1"]
    assert world.get("persistentvolumeclaims", "data-v-0")["metadata"]["labels"] == {"app": "v"}
    world.merge(SETS, "v", {"spec": {"replicas": 1}})
    assert world.names("persistentvolumeclaims") == ["data-v-0"]
    world.delete(SETS, "v")
    assert world.names("persistentvolumeclaims") == ["data-v-0"]


def test_another_retention_policy_is_told_of_every_pod(world: World) -> None:
    with_claims(world, replicas=1)
    world.merge(SETS, "v", {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}})
    (owner,) = world.get("persistentvolumeclaims", "data-v-0")["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("StatefulSet", "v", True)
    assert world.events("StatefulSet")[-1] == "SuccessfulUpdate: Update Pod v-0 in StatefulSet v successful"
    told = len(world.events("StatefulSet"))
    world.merge(SETS, "v", {"metadata": {"labels": {"a": "b"}}})
    assert len(world.events("StatefulSet")) == told


def test_claims_of_an_earlier_set_are_left_alone(world: World) -> None:
    set_ = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "v", "uid": "earlier"}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "other", "controller": True}
    meta = {"name": "v", "namespace": "demo", "uid": "now"}
    pod = {"metadata": {"name": "v-0", "uid": "pod"}}
    owner = {**set_, "uid": "now", "controller": True}
    assert _wanted([set_], {"metadata": meta}, pod, owner, True) == [set_]
    assert _wanted([other, owner], {"metadata": meta}, pod, owner, True) == [other]
    assert _wanted([other, owner], {"metadata": meta}, pod, None, False) == [other]
    assert _wanted([], {"metadata": meta}, pod, owner, True) == [owner]


@pytest.mark.parametrize(
    ("policy", "owner", "expected"),
    [
        ("Delete", ("v1", "Pod", "v-0"), True),
        ("Delete", ("v1", "Pod", "v-1"), False),
        ("Delete", ("example.com/v1", "Pod", "v-0"), False),
        ("Retain", ("v1", "Pod", "v-0"), False),
    ],
)
def test_a_pod_waits_for_the_end_of_claims_that_go_with_an_earlier_one(
    cluster: Cluster, policy: str, owner: tuple[str, str, str], expected: bool
) -> None:
    """Where claims of a smaller set are kept they are used again, whoever owns them."""
    reference = dict(zip(("apiVersion", "kind", "name"), owner, strict=True))
    meta = {"name": "data-v-0", "namespace": "demo", "ownerReferences": [{**reference, "uid": "earlier"}]}
    client = cluster.client()
    client.create("persistentvolumeclaims", {"metadata": meta, "spec": CLAIM["spec"]}, "demo")
    retention = {"whenScaled": policy}
    spec = {"volumeClaimTemplates": [CLAIM], "persistentVolumeClaimRetentionPolicy": retention}
    set_ = {"metadata": {"name": "v", "namespace": "demo"}, "spec": spec}
    controller: Any = SimpleNamespace(client=client)
    assert is_stale(controller, set_, 0) is expected


def test_a_pod_whose_claim_is_refused_is_refused(world: World) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "demo"}}
    world.create("resourcequotas", {**quota, "spec": {"hard": {"persistentvolumeclaims": "0"}}})
    with_claims(world, replicas=1)
    why = (
        'persistentvolumeclaims "data-v-0" is forbidden: exceeded quota: q, '
        "requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0"
    )
    assert world.events("StatefulSet")[:2] == [
        f"FailedCreate: Create Claim data-v-0 for Pod v-0 in StatefulSet v failed error: {why}",
        f"FailedCreate: Create Pod v-0 in StatefulSet v failed error: failed to create PVC data-v-0: {why}",
    ]


def test_only_orphans_with_a_members_name_are_adopted(world: World) -> None:
    def orphan(name: str) -> Obj:
        meta = {"name": name, "namespace": "demo", "labels": {"app": "db"}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec()}

    for name in ("db", "tool-0"):
        world.create("pods", orphan(name))
    world.create(SETS, workload("StatefulSet", "db", replicas=1, serviceName="x"))
    world.create("pods", orphan("other-1"))
    owned = {pod["metadata"]["name"]: bool(pod["metadata"].get("ownerReferences")) for pod in world.items("pods")}
    assert owned == {"db": False, "db-0": True, "other-1": False, "tool-0": False}


def test_an_adopted_pod_is_labelled_as_a_member(world: World) -> None:
    meta = {"name": "db-0", "namespace": "demo", "labels": {"app": "db"}}
    world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec()})
    world.create(SETS, workload("StatefulSet", "db", replicas=1, serviceName="x", updateStrategy={"type": "OnDelete"}))
    assert "SuccessfulUpdate: Update Pod db-0 in StatefulSet db successful" in world.events("StatefulSet")
    world.merge("pods", "db-0", {"metadata": {"labels": {"apps.kubernetes.io/pod-index": None}}})
    assert "apps.kubernetes.io/pod-index" not in world.get("pods", "db-0")["metadata"]["labels"]


def test_a_finished_pod_is_replaced(world: World) -> None:
    world.create(SETS, workload("StatefulSet", "f", replicas=1, serviceName="x"))
    before = world.get("pods", "f-0")
    before["status"]["phase"] = "Failed"
    world.client.update("pods", before, subresource="status")
    world.cluster.settle()
    assert world.get("pods", "f-0")["metadata"]["uid"] != before["metadata"]["uid"]


def ordinal_pod(ordinal: int, revision: str, phase: str, ready: bool, going: bool) -> Obj:
    name = f"db-{ordinal}"
    labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(ordinal)}
    meta: Obj = {"name": name, "labels": {**labels, "controller-revision-hash": revision}}
    if going:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {"metadata": meta, "spec": {}, "status": {"phase": phase, "conditions": [condition]}}


changes = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.sampled_from(["gone", "old", "new"]),
        st.sampled_from(["Pending", "Running", "Failed"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
def test_members_are_what_their_pods_are(chosen: list[tuple[int, str, str, bool, bool]]) -> None:
    """Kept up to date pod by pod they answer as members made of all pods."""
    set_ = {"metadata": {"name": "db"}, "spec": {"replicas": 4, "ordinals": {"start": 1}}}
    pods: dict[int, Obj] = {}
    kept = Members(set_, "new", [], 1e12)
    for ordinal, revision, phase, ready, going in chosen:
        if revision == "gone":
            pods.pop(ordinal, None)
            kept.drop(f"db-{ordinal}")
        else:
            pods[ordinal] = ordinal_pod(ordinal, revision, phase, ready, going)
            kept.put(pods[ordinal])
    fresh = Members(set_, "new", pods.values(), 1e12)
    for members in (kept, fresh):
        assert members.first_wanting() == min(members.wanting(), default=None)
    for answer in ("created", "ready", "available", "unavailable", "condemned", "outdated"):
        assert getattr(kept, answer) == getattr(fresh, answer)
    assert kept.wanting() == fresh.wanting()
    assert [kept.living(r) for r in ("old", "new")] == [fresh.living(r) for r in ("old", "new")]


def test_a_refused_burst_stops_after_its_batch(world: World) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "demo"}}
    world.create("resourcequotas", {**quota, "spec": {"hard": {"pods": "4"}}})
    world.create(SETS, workload("StatefulSet", "db", replicas=20, podManagementPolicy="Parallel"))
    assert world.names("pods") == ["db-0", "db-1", "db-2", "db-3"]
    refused = {text.split()[3] for text in world.events("StatefulSet") if text.startswith("FailedCreate")}
    assert refused == {"db-4", "db-5", "db-6"}
