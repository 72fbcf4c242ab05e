"""Garbage collection and namespaces: what goes with what."""

from __future__ import annotations

from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec, workload

from minikctl.controllers.node import podgc

MAPS = "configmaps"


def config_map(name: str, *owners: Obj, namespace: str = "demo", **meta: Any) -> Obj:
    references = [
        {
            "apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for o in owners
    ]  # fmt: skip
    meta = {"name": name, "namespace": namespace, **meta}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "ownerReferences": references}}


def mine(world: World) -> list[str]:
    return [name for name in world.names(MAPS) if name != "kube-root-ca.crt"]


def test_dependents_go_with_their_last_owner(world: World) -> None:
    a, b = (world.create(MAPS, config_map(name)) for name in "ab")
    world.create(MAPS, config_map("child", a, b))
    world.delete(MAPS, "a", propagationPolicy="Background")
    child = world.get(MAPS, "child")
    assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["b"]
    world.delete(MAPS, "b", propagationPolicy="Background")
    assert mine(world) == []


def test_orphaning_cuts_the_tie(world: World) -> None:
    a = world.create(MAPS, config_map("a"))
    world.create(MAPS, config_map("child", a))
    world.delete(MAPS, "a", propagationPolicy="Orphan")
    assert mine(world) == ["child"]
    assert "ownerReferences" not in world.get(MAPS, "child")["metadata"]


def test_foreground_deletion_waits_for_what_blocks_it(world: World) -> None:
    a = world.create(MAPS, config_map("a"))
    world.create(MAPS, config_map("child", a, finalizers=["example.com/hold"]))
    world.delete(MAPS, "a", propagationPolicy="Foreground")
    assert world.get(MAPS, "a")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert "deletionTimestamp" in world.get(MAPS, "child")["metadata"]
    world.merge(MAPS, "child", {"metadata": {"finalizers": None}})
    assert mine(world) == []


def test_an_owner_that_never_was_takes_its_dependents_along(world: World) -> None:
    ghost = {"metadata": {"name": "ghost", "uid": "00000000-0000-0000-0000-000000000000"}}
    world.create(MAPS, config_map("child", ghost))
    assert mine(world) == []


def test_an_owner_in_another_namespace_is_a_mistake(world: World) -> None:
    owner = world.create(MAPS, config_map("o", namespace="default"))
    world.create(MAPS, config_map("child", owner))
    assert mine(world) == []
    assert any(
        text.startswith("OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap") for text in world.events("ConfigMap")
    )


def test_a_namespace_is_emptied(world: World) -> None:
    world.create("deployments.apps", workload("Deployment", "web", replicas=2))
    world.create(MAPS, config_map("held", finalizers=["example.com/hold"]))
    world.delete("namespaces", "demo", "")
    assert world.items("pods") == []
    found = world.conditions("namespaces", "demo", "")
    assert found["NamespaceContentRemaining"] == "True SomeResourcesRemain"
    assert found["NamespaceFinalizersRemaining"] == "True SomeFinalizersRemain"
    messages = {c["type"]: c["message"] for c in world.status("namespaces", "demo", "")["conditions"]}
    assert messages["NamespaceFinalizersRemaining"] == (
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    )
    world.merge(MAPS, "held", {"metadata": {"finalizers": None}})
    assert world.client.find("namespaces", "demo") is None
    assert world.items("events") == []


def test_every_namespace_has_its_account_and_certificate(world: World) -> None:
    assert (world.names("serviceaccounts"), world.names(MAPS)) == (["default"], ["kube-root-ca.crt"])
    world.delete("serviceaccounts", "default")
    world.merge(MAPS, "kube-root-ca.crt", {"data": {"ca.crt": "mine"}})
    assert world.names("serviceaccounts") == ["default"]
    assert world.get(MAPS, "kube-root-ca.crt")["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")


def test_too_many_finished_pods_are_thinned_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podgc, "_FINISHED_PODS", 3)

    def run(name: str) -> None:
        spec = pod_spec(["true"], restartPolicy="Never")
        meta = {"name": name, "namespace": "demo"}
        world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        world.cluster.advance(1)

    for name in "abcde":
        run(name)
    assert world.names("pods") == ["b", "c", "d", "e"]  # the next look is after twenty seconds
    world.cluster.advance(20)
    assert world.names("pods") == ["c", "d", "e"]
