"""Claims and volumes: binding, provisioning, growing, releasing, protection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec

from minikctl import machines
from minikctl.cluster import Cluster

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


def claim(name: str, size: str = "1Gi", **spec: Any) -> Obj:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    meta = {"name": name, "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}


def volume(name: str, size: str, **spec: Any) -> Obj:
    spec = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": f"/srv/{name}"},
        **spec,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def default_class(world: World, **fields: Any) -> None:
    notes = {"storageclass.kubernetes.io/is-default-class": "true"}
    class_ = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": notes},
        "provisioner": "minikctl.dev/emulated",
        **fields,
    }
    world.create("storageclasses.storage.k8s.io", class_)


def test_the_smallest_volume_that_fits_is_bound(world: World) -> None:
    for name, size in (("big", "10Gi"), ("small", "500Mi"), ("right", "2Gi")):
        world.create(VOLUMES, volume(name, size))
    world.create(CLAIMS, claim("c", storageClassName=""))
    status = world.status(CLAIMS, "c")
    assert (status["phase"], status["capacity"]) == ("Bound", {"storage": "2Gi"})
    assert world.get(CLAIMS, "c")["spec"]["volumeName"] == "right"
    assert world.status(VOLUMES, "right", "")["phase"] == "Bound"
    assert world.settles()


def test_a_claim_without_a_class_waits_for_a_volume(world: World) -> None:
    world.create(CLAIMS, claim("c", storageClassName=""))
    assert world.events("PersistentVolumeClaim") == [
        "FailedBinding: no persistent volumes available for this claim and no storage class is set"
    ]
    world.create(VOLUMES, volume("v", "1Gi"))
    assert world.status(CLAIMS, "c")["phase"] == "Bound"


def test_a_volume_reserved_for_a_claim_is_kept_for_it(world: World) -> None:
    world.create(VOLUMES, volume("v", "1Gi", claimRef={"namespace": "demo", "name": "mine"}))
    world.create(CLAIMS, claim("other", storageClassName=""))
    world.create(CLAIMS, claim("mine", storageClassName=""))
    assert (world.status(CLAIMS, "other")["phase"], world.status(CLAIMS, "mine")["phase"]) == ("Pending", "Bound")


def test_a_volume_asked_for_by_name_has_to_fit(world: World) -> None:
    world.create(VOLUMES, volume("v", "1Gi"))
    world.create(CLAIMS, claim("c", "5Gi", storageClassName="", volumeName="v"))
    assert world.events("PersistentVolumeClaim") == [
        'VolumeMismatch: Cannot bind to requested volume "v": requested PV is too small'
    ]


def test_the_fewest_access_modes_come_before_the_size(world: World) -> None:
    many = ["ReadWriteOnce", "ReadWriteMany"]
    world.create(VOLUMES, volume("shared", "1Gi", accessModes=many))
    gold = csi_volume("attributes")
    gold["spec"]["volumeAttributesClassName"] = "gold"
    world.create(VOLUMES, gold)
    world.create(VOLUMES, volume("big", "9Gi"))
    world.create(CLAIMS, claim("c", storageClassName=""))
    assert world.get(CLAIMS, "c")["spec"]["volumeName"] == "big"


def test_a_volume_of_another_mode_is_not_bound(world: World) -> None:
    reference = {"namespace": "demo", "name": "c", "uid": "1"}
    made = world.create(CLAIMS, claim("c", storageClassName="", volumeMode="Block"))
    world.create(VOLUMES, volume("v", "1Gi", claimRef={**reference, "uid": made["metadata"]["uid"]}))
    what = "Cannot bind PersistentVolume"
    assert world.events("PersistentVolume") == [
        f'VolumeMismatch: {what} to requested PersistentVolumeClaim "c" due to incompatible volumeMode.'
    ]
    assert world.events("PersistentVolumeClaim")[-1] == (
        f'VolumeMismatch: {what} "v" to requested PersistentVolumeClaim due to incompatible volumeMode.'
    )


@pytest.mark.parametrize(
    ("policy", "source", "told"),
    [
        ("Delete", {"hostPath": {"path": "/tmp/v"}}, ""),
        (
            "Delete",
            {"hostPath": {"path": "/srv/v"}},
            "VolumeFailedDelete: host_path deleter only supports /tmp/.+ but received provided /srv/v",
        ),
        (
            "Delete",
            {"nfs": {"server": "nas", "path": "/v"}},
            'VolumeFailedDelete: error getting deleter volume plugin for volume "v":'
            " no deletable volume plugin matched",
        ),
        ("Recycle", {"nfs": {"server": "nas", "path": "/v"}}, "VolumeRecycled: Volume recycled"),
        (
            "Recycle",
            {"csi": {"driver": "d", "volumeHandle": "v"}},
            "VolumeFailedRecycle: No recycler plugin found for the volume!",
        ),
    ],
)
def test_what_becomes_of_a_released_volume(world: World, policy: str, source: Obj, told: str) -> None:
    made = volume("v", "1Gi", persistentVolumeReclaimPolicy=policy)
    del made["spec"]["hostPath"]
    made["spec"].update(source)
    world.create(VOLUMES, made)
    world.create(CLAIMS, claim("c", storageClassName=""))
    world.delete(CLAIMS, "c")
    assert world.events("PersistentVolume") == ([told] if told else [])
    phases = [found["status"]["phase"] for found in world.client.items(VOLUMES)]
    assert phases == (["Available"] if "Recycled" in told else ["Failed"] if told else [])


def test_all_pods_that_wait_for_a_claim_are_named(world: World) -> None:
    default_class(world, volumeBindingMode="WaitForFirstConsumer")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    gated = pod_spec(volumes=volumes, schedulingGates=[{"name": "example.com/wait"}])
    for name in ("a", "b"):
        meta = {"name": name, "namespace": "demo"}
        world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": gated})
    world.create(CLAIMS, claim("c"))
    assert world.events("PersistentVolumeClaim") == ["WaitForPodScheduled: waiting for pods a,b to be scheduled"]


def test_the_default_class_provisions_and_reclaims(world: World) -> None:
    default_class(world)
    world.create(CLAIMS, claim("c"))
    name = world.get(CLAIMS, "c")["spec"]["volumeName"]
    assert name == f"pvc-{world.get(CLAIMS, 'c')['metadata']['uid']}"
    assert [text.split(":")[0] for text in world.events("PersistentVolumeClaim")] == [
        "ExternalProvisioning", "Provisioning", "ProvisioningSucceeded",
    ]  # fmt: skip
    world.delete(CLAIMS, "c")
    assert world.client.items(VOLUMES) == []


def test_a_claim_older_than_the_default_class_gets_it(world: World) -> None:
    world.create(CLAIMS, claim("c"))
    assert world.status(CLAIMS, "c")["phase"] == "Pending"
    default_class(world)
    assert world.get(CLAIMS, "c")["spec"]["storageClassName"] == "standard"
    assert world.status(CLAIMS, "c")["phase"] == "Bound"


def test_of_several_default_classes_the_newest_counts(world: World) -> None:
    world.create(CLAIMS, claim("c"))
    notes = {"storageclass.beta.kubernetes.io/is-default-class": "true"}
    for name in ("z", "y"):
        fields = {"metadata": {"name": name, "annotations": notes}, "provisioner": "example.com/disk"}
        kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
        world.client.create("storageclasses.storage.k8s.io", {**kind, **fields})
    world.cluster.settle()
    assert world.get(CLAIMS, "c")["spec"]["storageClassName"] == "y"


def test_claims_grow_where_their_class_lets_them(world: World) -> None:
    default_class(world, allowVolumeExpansion=True)
    world.create(CLAIMS, claim("c"))
    world.merge(CLAIMS, "c", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    assert world.status(CLAIMS, "c")["capacity"] == {"storage": "3Gi"}


def test_binding_waits_for_the_first_consumer(world: World) -> None:
    default_class(world, volumeBindingMode="WaitForFirstConsumer")
    world.create(CLAIMS, claim("c"))
    assert world.status(CLAIMS, "c")["phase"] == "Pending"
    assert world.events("PersistentVolumeClaim") == [
        "WaitForFirstConsumer: waiting for first consumer to be created before binding"
    ]
    world.merge(CLAIMS, "c", {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "node-1"}}})
    (made,) = world.client.items(VOLUMES)
    term = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]
    assert term["matchExpressions"][0]["values"] == ["node-1"]


def test_retained_volumes_are_released_not_reused(world: World) -> None:
    world.create(VOLUMES, volume("v", "1Gi"))
    world.create(CLAIMS, claim("c", storageClassName=""))
    world.delete(CLAIMS, "c")
    assert world.status(VOLUMES, "v", "")["phase"] == "Released"
    world.create(CLAIMS, claim("c", storageClassName=""))
    assert world.status(CLAIMS, "c")["phase"] == "Pending"


def test_a_lost_volume_loses_its_claim(world: World) -> None:
    world.create(VOLUMES, volume("v", "1Gi"))
    world.create(CLAIMS, claim("c", storageClassName=""))
    world.merge(VOLUMES, "v", {"metadata": {"finalizers": None}}, "")
    world.delete(VOLUMES, "v", "")
    assert world.status(CLAIMS, "c")["phase"] == "Lost"


def test_claims_stay_while_a_pod_uses_them(world: World) -> None:
    world.create(VOLUMES, volume("v", "1Gi"))
    world.create(CLAIMS, claim("c", storageClassName=""))
    mounted = pod_spec(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}])
    meta = {"name": "user", "namespace": "demo"}
    world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": mounted})
    world.delete(CLAIMS, "c")
    world.delete(VOLUMES, "v", "")
    assert "deletionTimestamp" in world.get(CLAIMS, "c")["metadata"]
    assert "deletionTimestamp" in world.get(VOLUMES, "v", "")["metadata"]
    world.delete("pods", "user", gracePeriodSeconds=0)
    assert (world.names(CLAIMS), world.client.items(VOLUMES)) == ([], [])


def test_ephemeral_volumes_have_claims_of_their_pod(world: World) -> None:
    default_class(world)
    template = {"spec": claim("x")["spec"]}
    spec = pod_spec(volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}])
    meta = {"name": "p", "namespace": "demo"}
    world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    assert world.status(CLAIMS, "p-scratch")["phase"] == "Bound"
    world.delete("pods", "p", gracePeriodSeconds=0)
    assert world.names(CLAIMS) == []


def csi_volume(name: str) -> Obj:
    made = volume(name, "1Gi", storageClassName="")
    made["spec"] = {key: value for key, value in made["spec"].items() if key != "hostPath"}
    made["spec"]["csi"] = {"driver": "disks.example.com", "volumeHandle": f"handle-{name}"}
    return made


def with_disk(cluster: Cluster, **spec: Any) -> World:
    """A world with the volume "disk", to be attached, and the claim "data" that is bound to it."""
    world = World(cluster)
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    disk = csi_volume("disk")
    disk["spec"].update(spec)
    world.create("persistentvolumes", disk)
    modes = disk["spec"]["accessModes"]
    world.create("persistentvolumeclaims", claim("data", storageClassName="", volumeName="disk", accessModes=modes))
    return world


def user(name: str, node: str) -> Obj:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    meta = {"name": name, "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec(volumes=volumes, nodeName=node)}


@pytest.mark.parametrize(("profile", "attached"), [("default", True), ("bare", False)])
def test_csi_volumes_are_attached_unless_there_is_nobody_to_do_it(
    make_cluster: Callable[..., Cluster], profile: str, attached: bool
) -> None:
    world = with_disk(make_cluster(profile=profile))
    world.create("pods", user("user", "node-1"))
    (attachment,) = world.client.items("volumeattachments.storage.k8s.io")
    assert bool((attachment.get("status") or {}).get("attached")) is attached
    on_node = world.status("nodes", "node-1", "").get("volumesAttached")
    unique = "kubernetes.io/csi/disks.example.com^handle-disk"
    assert on_node == ([{"name": unique, "devicePath": ""}] if attached else None)
    told = 'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "disk" '
    assert (told in world.events("Pod", "user")) is attached
    assert world.status("pods", "user")["phase"] == ("Running" if attached else "Pending")
    assert world.settles()
    world.delete("pods", "user")
    assert world.client.items("volumeattachments.storage.k8s.io") == []
    assert "volumesAttached" not in world.status("nodes", "node-1", "")


def test_attachments_made_by_others_stay(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="bare"))
    spec = {"attacher": "disks.example.com", "nodeName": "node-1", "source": {"persistentVolumeName": "disk"}}
    meta = {"name": "by-hand"}
    attachment = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": meta, "spec": spec}
    world.create("volumeattachments.storage.k8s.io", attachment)
    world.create("pods", user("user", "node-1"))
    world.delete("pods", "user")
    (kept,) = world.client.items("volumeattachments.storage.k8s.io")
    assert kept["metadata"]["name"] == "by-hand"


def waiting(world: World, name: str) -> str:
    (entry,) = world.status("pods", name)["containerStatuses"]
    return str(entry["state"].get("waiting", {}).get("reason", "runs"))


def test_a_pod_waits_until_its_volume_is_attached(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="default"))
    world.merge("persistentvolumes", "disk", {"metadata": {"annotations": {"minikctl.dev/attach-seconds": "90"}}})
    world.create("pods", user("user", "node-1"))
    world.cluster.advance(89)
    assert (waiting(world, "user"), world.events("Pod", "user")) == ("ContainerCreating", [])
    world.cluster.advance(1)
    assert [text.split(":")[0] for text in world.events("Pod", "user")][:2] == ["SuccessfulAttachVolume", "Pulling"]
    assert waiting(world, "user") == "runs"


def test_failing_attachments_are_told_and_tried_again(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="default"))
    error = {"minikctl.dev/attach-error": "rpc error: code = Internal desc = no such disk"}
    world.merge("persistentvolumes", "disk", {"metadata": {"annotations": error}})
    start = world.cluster.present()
    world.create("pods", user("user", "node-1"))
    text = 'AttachVolume.Attach failed for volume "disk" : rpc error: code = Internal desc = no such disk'
    assert world.events("Pod", "user") == [f"FailedAttachVolume: {text}"]
    world.cluster.advance(8)
    (event,) = world.items("events")
    assert event["count"] == 5  # after 0, 0.5, 1.5, 3.5 and 7.5 seconds
    world.merge("persistentvolumes", "disk", {"metadata": {"annotations": {"minikctl.dev/attach-error": None}}})
    world.cluster.advance(start + 60 - world.cluster.present())
    assert waiting(world, "user") == "runs"


def test_nobody_to_attach_ends_in_a_timeout(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster())
    world.create("pods", user("user", "node-1"))
    world.cluster.advance(119)
    assert world.events("Pod", "user") == []
    world.cluster.advance(1)
    who = "external-attacher of disks.example.com CSI driver"
    why = f"timed out waiting for {who} to attach volume handle-disk"
    text = f'AttachVolume.Attach failed for volume "disk" : {why}'
    assert world.events("Pod", "user") == [f"FailedAttachVolume: {text}"]
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "disks.example.com"}}
    world.create("csidrivers.storage.k8s.io", {**driver, "spec": {"attachRequired": False}})
    world.delete("pods", "user")
    world.create("pods", user("other", "node-2"))
    assert waiting(world, "other") == "runs"


def test_a_disk_is_on_one_node_at_a_time(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="default"))
    world.create("pods", user("first", "node-1"))
    world.create("pods", user("second", "node-2"))
    text = 'FailedAttachVolume: Multi-Attach error for volume "disk" Volume is already used by pod(s) first'
    assert (waiting(world, "second"), world.events("Pod", "second")) == ("ContainerCreating", [text])
    assert world.settles()
    world.delete("pods", "first")
    assert waiting(world, "second") == "runs"
    assert [a["spec"]["nodeName"] for a in world.client.items("volumeattachments.storage.k8s.io")] == ["node-2"]


def test_a_shared_volume_is_on_several_nodes(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="default"), accessModes=["ReadWriteMany"])
    world.create("pods", user("first", "node-1"))
    world.create("pods", user("second", "node-2"))
    assert [waiting(world, name) for name in ("first", "second")] == ["runs", "runs"]


def test_a_dead_node_keeps_its_disk_for_six_minutes(make_cluster: Callable[..., Cluster]) -> None:
    world = with_disk(make_cluster(profile="default"))
    world.create("pods", user("first", "node-1"))
    machines.stop(world.cluster, "node-1", 0.0)
    world.cluster.advance(60)
    world.delete("pods", "first", gracePeriodSeconds=0)
    world.create("pods", user("second", "node-2"))
    text = "Volume is already exclusively attached to one node and can't be attached to another"
    assert world.events("Pod", "second") == [f'FailedAttachVolume: Multi-Attach error for volume "disk" {text}']
    world.cluster.advance(359)
    assert waiting(world, "second") == "ContainerCreating"
    world.cluster.advance(1)
    assert waiting(world, "second") == "runs"


def test_a_claim_bound_after_its_pod_was_placed_is_attached(make_cluster: Callable[..., Cluster]) -> None:
    world = World(make_cluster(profile="default"))
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    world.create("pods", user("early", "node-1"))
    world.create("persistentvolumeclaims", claim("data", storageClassName="", volumeName="disk"))
    world.create("persistentvolumes", csi_volume("disk"))
    world.cluster.advance(5)
    assert waiting(world, "early") == "runs"
