"""Plugins about volumes: restrictions, limits, zones, static volumes."""

from __future__ import annotations

from typing import Any

import pytest

Obj = dict[str, Any]


def _claim(api: Any, name: str, volume: str = "", mode: str = "ReadWriteOnce", storage_class: str = "") -> None:
    bound = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}} if volume else {}
    spec: Obj = {
        "accessModes": [mode],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    if volume:
        spec["volumeName"] = volume
    meta = {"name": name, "namespace": "demo", "uid": f"uid-{name}", **bound}
    api.put("persistentvolumeclaims", {"metadata": meta, "spec": spec, "status": {}})


def _volumes(*claims: str) -> list[Obj]:
    return [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]


@pytest.fixture
def two(api: Any, node: Any) -> Any:
    api.put("nodes", node("a", labels={"topology.kubernetes.io/zone": "z1"}))
    api.put("nodes", node("b", labels={"topology.kubernetes.io/zone": "z2"}))
    return api


def test_a_claim_for_one_pod_only(two: Any, pod: Any) -> None:
    two.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": {}})
    _claim(two, "c", "v", "ReadWriteOncePod")
    two.put("pods", pod("first", volumes=_volumes("c")))
    two.put("pods", pod("second", volumes=_volumes("c")))
    two.settle()
    text = "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    assert text in two.message("second")
    two.delete("pods", "first", "demo")
    two.settle()
    assert two.node_of("second")


def test_a_zonal_volume(two: Any, pod: Any) -> None:
    meta = {"name": "v", "labels": {"topology.kubernetes.io/zone": "z2"}}
    two.put("persistentvolumes", {"metadata": meta, "spec": {}})
    _claim(two, "c", "v")
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert two.node_of("p") == "b"


def test_volume_node_affinity(two: Any, pod: Any) -> None:
    wanted = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["elsewhere"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}
    two.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": {"nodeAffinity": affinity}})
    _claim(two, "c", "v")
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert "2 node(s) didn't match PersistentVolume's node affinity" in two.message("p")


def test_one_disk_on_one_node(api: Any, node: Any, pod: Any) -> None:
    api.put("nodes", node("a"))
    disk = [{"name": "d", "gcePersistentDisk": {"pdName": "x"}}]
    api.put("pods", pod("first", volumes=disk))
    api.put("pods", pod("second", volumes=disk))
    api.settle()
    assert "1 node(s) had no available disk" in api.message("second")


def test_the_driver_limit(two: Any, pod: Any) -> None:
    drivers = [{"name": "csi", "allocatable": {"count": 1}}]
    for name in ("a", "b"):
        two.put("csinodes.storage.k8s.io", {"metadata": {"name": name}, "spec": {"drivers": drivers}})
    for number in range(3):
        source = {"csi": {"driver": "csi", "volumeHandle": f"h{number}"}}
        two.put("persistentvolumes", {"metadata": {"name": f"v{number}"}, "spec": source})
        _claim(two, f"c{number}", f"v{number}")
        two.put("pods", pod(f"p{number}", volumes=_volumes(f"c{number}")))
    two.settle()
    assert "2 node(s) exceed max volume count" in two.message("p2")


def test_attached_volumes_count_until_they_are_detached(two: Any, pod: Any) -> None:
    drivers = [{"name": "csi", "allocatable": {"count": 1}}]
    for name in ("a", "b"):
        two.put("csinodes.storage.k8s.io", {"metadata": {"name": name}, "spec": {"drivers": drivers}})
        two.put("persistentvolumes", {
            "metadata": {"name": f"old-{name}"}, "spec": {"csi": {"driver": "csi", "volumeHandle": name}},
        })  # fmt: skip
        spec = {"attacher": "csi", "nodeName": name, "source": {"persistentVolumeName": f"old-{name}"}}
        two.put("volumeattachments.storage.k8s.io", {"metadata": {"name": f"va-{name}"}, "spec": spec})
    two.put("persistentvolumes", {
        "metadata": {"name": "new"}, "spec": {"csi": {"driver": "csi", "volumeHandle": "new"}},
    })  # fmt: skip
    _claim(two, "c", "new")
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert "2 node(s) exceed max volume count" in two.message("p")
    two.delete("volumeattachments.storage.k8s.io", "va-b")
    two.settle()
    assert two.node_of("p") == "b"


def test_a_static_volume_is_taken(two: Any, pod: Any) -> None:
    two.put(
        "storageclasses.storage.k8s.io",
        {
            "metadata": {"name": "local"},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    )
    _claim(two, "c", storage_class="local")
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert "2 node(s) didn't find available persistent volumes to bind" in two.message("p")
    wanted = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["b"]}
    spec = {
        "capacity": {"storage": "2Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "local",
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}},
    }
    two.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": spec, "status": {"phase": "Available"}})
    two.settle()
    assert two.find("persistentvolumes", "v")["spec"]["claimRef"]["name"] == "c"


def _storage_class(api: Any, name: str, **fields: Any) -> None:
    mode = {"volumeBindingMode": "WaitForFirstConsumer", "provisioner": "csi.example.com", **fields}
    api.put("storageclasses.storage.k8s.io", {"metadata": {"name": name}, **mode})


def _capacity(api: Any, node: str, amount: str, **fields: Any) -> None:
    api.put("csistoragecapacities.storage.k8s.io", {
        "metadata": {"name": f"cap-{node}", "namespace": "csi"}, "storageClassName": "fast", "capacity": amount,
        "nodeTopology": {"matchLabels": {"kubernetes.io/hostname": node}}, **fields,
    })  # fmt: skip


def test_storage_capacity_is_looked_at(two: Any, pod: Any) -> None:
    _storage_class(two, "fast")
    _claim(two, "c", storage_class="fast")
    two.put("csidrivers.storage.k8s.io", {"metadata": {"name": "csi.example.com"}, "spec": {"storageCapacity": True}})
    _capacity(two, "a", "100Mi")
    _capacity(two, "b", "10Gi", maximumVolumeSize="512Mi")
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert "2 node(s) did not have enough free storage" in two.message("p")
    _capacity(two, "b", "10Gi")
    two.settle()
    chosen = two.objects["persistentvolumeclaims"]["demo", "c"]["metadata"]["annotations"]
    assert chosen == {"volume.kubernetes.io/selected-node": "b"}


def test_drivers_that_do_not_tell_have_room(two: Any, pod: Any) -> None:
    _storage_class(two, "fast")
    _claim(two, "c", storage_class="fast")
    two.put("csidrivers.storage.k8s.io", {"metadata": {"name": "csi.example.com"}, "spec": {}})
    two.put("pods", pod("p", volumes=_volumes("c")))
    two.settle()
    assert "annotations" in two.objects["persistentvolumeclaims"]["demo", "c"]["metadata"]


def test_two_claims_need_two_volumes(two: Any, pod: Any) -> None:
    _storage_class(two, "local", provisioner="kubernetes.io/no-provisioner")
    for name in ("c", "d"):
        _claim(two, name, storage_class="local")
    spec = {"storageClassName": "local", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
    two.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": spec})
    two.put("pods", pod("p", volumes=_volumes("c", "d")))
    two.settle()
    assert "2 node(s) didn't find available persistent volumes to bind" in two.message("p")


def test_ephemeral_claims_are_waited_for(two: Any, pod: Any) -> None:
    two.put("pods", pod("p", volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}]))
    two.settle()
    text = 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch". not found'
    assert two.message("p") == f"0/2 nodes are available: {text}"


def test_several_reasons_for_one_node(two: Any, pod: Any) -> None:
    _storage_class(two, "local", provisioner="kubernetes.io/no-provisioner")
    wanted = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["elsewhere"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}
    two.put("persistentvolumes", {"metadata": {"name": "v"}, "spec": {"nodeAffinity": affinity}})
    _claim(two, "c", "v")
    _claim(two, "d", storage_class="local")
    two.put("pods", pod("p", volumes=_volumes("c", "d")))
    two.settle()
    assert two.message("p").startswith(
        "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind, "
        "2 node(s) didn't match PersistentVolume's node affinity. "
    )
