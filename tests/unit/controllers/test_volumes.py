"""Claims and volumes: binding, provisioning, growing, releasing, protection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec

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


@pytest.mark.parametrize(("profile", "attached"), [("default", True), ("bare", False)])
def test_csi_volumes_are_attached_unless_there_is_nobody_to_do_it(
    make_cluster: Callable[..., Cluster], profile: str, attached: bool
) -> None:
    world = World(make_cluster(profile=profile))
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    world.create("persistentvolumes", csi_volume("disk"))
    world.create("persistentvolumeclaims", claim("data", "1Gi", storageClassName="", volumeName="disk"))
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    meta = {"name": "user", "namespace": "demo"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec(volumes=volumes, nodeName="node-1")}
    world.create("pods", pod)
    (attachment,) = world.client.items("volumeattachments.storage.k8s.io")
    assert bool((attachment.get("status") or {}).get("attached")) is attached
    on_node = world.status("nodes", "node-1", "").get("volumesAttached")
    unique = "kubernetes.io/csi/disks.example.com^handle-disk"
    assert on_node == ([{"name": unique, "devicePath": ""}] if attached else None)
    told = 'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "disk" '
    assert (told in world.events("Pod", "user")) is attached
    assert world.settles()
    world.delete("pods", "user")
    assert world.client.items("volumeattachments.storage.k8s.io") == []
    assert "volumesAttached" not in world.status("nodes", "node-1", "")
