"""Endpoints and EndpointSlices: who is in them, and how they are spread."""

from __future__ import annotations

from hashlib import md5
from typing import Any

import pytest
from controllers_world import Obj, World, pod_spec, workload

from minikctl.controllers import endpoints
from minikctl.controllers.endpointslice import topology
from minikctl.controllers.endpointslice.slices import Reconciliation, ports_key

SLICES = "endpointslices.discovery.k8s.io"


def service(name: str, **spec: Any) -> Obj:
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "demo"}, "spec": spec}


def serving_pods() -> Obj:
    spec = pod_spec()
    spec["containers"][0]["ports"] = [{"name": "web", "containerPort": 8080}]
    return spec


def endpoints_of(world: World, name: str) -> list[Obj]:
    slices = world.items(SLICES, label_selector=f"kubernetes.io/service-name={name}")
    return [endpoint for slice_ in slices for endpoint in slice_["endpoints"] or ()]


def test_pods_come_and_go(world: World) -> None:
    world.create("services", service("web"))
    (slice_,) = world.items(SLICES)
    assert (slice_["endpoints"] or [], slice_["ports"] or []) == ([], [])
    world.create("deployments.apps", workload("Deployment", "web", replicas=2, pod=serving_pods()))
    found = endpoints_of(world, "web")
    assert [e["conditions"] for e in found] == [{"ready": True, "serving": True, "terminating": False}] * 2
    (subset,) = world.get("endpoints", "web")["subsets"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert [a["targetRef"]["name"] for a in subset["addresses"]] == [
        p["metadata"]["name"] for p in sorted(world.items("pods"), key=lambda p: str(p["status"]["podIP"]))
    ]
    world.merge("pods", world.names("pods")[0], {"metadata": {"labels": {"app": "aside"}}})
    world.merge("deployments.apps", "web", {"spec": {"replicas": 0}})
    assert endpoints_of(world, "web") == []
    assert world.settles()
    world.delete("services", "web")
    assert (world.names(SLICES), world.names("endpoints")) == ([], [])


def test_headless_services_name_their_hosts(world: World) -> None:
    world.create("services", service("db", clusterIP="None", ports=[]))
    world.create("statefulsets.apps", workload("StatefulSet", "db", replicas=2, serviceName="db"))
    assert [e["hostname"] for e in endpoints_of(world, "db")] == ["db-0", "db-1"]
    assert world.items(SLICES)[0]["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def writes_of(world: World, resource: str, since: int) -> int:
    return sum(change.resource == resource for change in world.cluster.store.changes(since))


def test_what_changes_at_one_instant_is_written_a_few_times(world: World) -> None:
    world.create("services", service("db", clusterIP="None", ports=[{"port": 80}]))
    since = world.cluster.store.revision()
    world.create("statefulsets.apps", workload("StatefulSet", "db", replicas=60, serviceName="db"))
    assert len(endpoints_of(world, "db")) == 60
    (subset,) = world.get("endpoints", "db")["subsets"]
    assert len(subset["addresses"]) == 60
    assert writes_of(world, "endpoints", since) < 45
    since = world.cluster.store.revision()
    for name in ("db-7", "db-8"):
        world.merge("pods", name, {"metadata": {"labels": {"app": "aside"}}})
    assert len(endpoints_of(world, "db")) == 58
    assert writes_of(world, "endpoints", since) == 2
    # Whoever knows nothing reads all pods, and finds everything as it should be.
    since = world.cluster.store.revision()
    world.cluster.forget_reconciling()
    with world.cluster.store.transaction():
        for component in ("endpoint-controller", "endpointslice-controller"):
            world.cluster.store.set_due(component, "demo/db", world.cluster.present())
    world.cluster.settle()
    assert world.cluster.store.revision() == since


def test_pods_with_other_ports_make_other_slices(world: World) -> None:
    world.create("services", service("mix"))
    for name, port in (("a", 1), ("b", 2)):
        spec = serving_pods()
        spec["containers"][0]["ports"][0]["containerPort"] = port
        pod = {"name": name, "namespace": "demo", "labels": {"app": "mix"}}
        world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": spec})
    assert sorted(s["ports"][0]["port"] for s in world.items(SLICES)) == [1, 2]


def test_endpoints_kept_by_others_are_mirrored(world: World) -> None:
    plain = service("mail")
    del plain["spec"]["selector"]
    world.create("services", plain)
    subset = {"addresses": [{"ip": "192.0.2.1"}], "notReadyAddresses": [{"ip": "192.0.2.2"}], "ports": [{"port": 25}]}
    meta = {"name": "mail", "namespace": "demo"}
    world.create("endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": [subset]})
    assert [(e["addresses"], e["conditions"]["ready"]) for e in endpoints_of(world, "mail")] == [
        (["192.0.2.1"], True), (["192.0.2.2"], False),
    ]  # fmt: skip
    world.delete("endpoints", "mail")
    assert world.names(SLICES) == []


class Written:
    """A client that only notes what is written."""

    def __init__(self) -> None:
        self.slices: dict[str, Obj] = {}
        self.log: list[str] = []

    def create(self, resource: str, obj: Obj, namespace: str) -> None:
        name = f"s{len(self.log)}"
        self.log.append(f"create {len(obj['endpoints'])}")
        self.slices[name] = {**obj, "metadata": {**obj["metadata"], "name": name}}

    def update(self, resource: str, obj: Obj) -> None:
        self.log.append(f"update {len(obj['endpoints'])}")
        self.slices[obj["metadata"]["name"]] = obj

    def delete(self, resource: str, name: str, namespace: str) -> None:
        self.log.append("delete")
        del self.slices[name]


def test_a_hundred_to_a_slice_and_few_writes() -> None:
    client = Written()

    def new_slice(address_type: str, ports: list[Obj]) -> Obj:
        return {"metadata": {"namespace": "demo", "labels": {}}, "addressType": address_type, "ports": ports}

    def run(count: int, skip: int = -1) -> list[str]:
        endpoints = [{"addresses": [f"10.0.0.{n}"], "conditions": {"ready": True}} for n in range(count) if n != skip]
        client.log.clear()
        wanted = {ports_key("IPv4", []): ("IPv4", list[Obj](), endpoints)}
        Reconciliation(client, new_slice, None).run(list(client.slices.values()), wanted)  # type: ignore[arg-type]
        return client.log

    assert run(250) == ["create 100", "create 100", "create 50"]
    assert run(250) == []
    assert run(251) == ["update 51"]
    assert run(251, skip=5) == ["update 99"]
    assert run(0) == ["update 0", "delete", "delete"]


def test_endpoints_are_in_the_order_of_their_hashes(world: World) -> None:
    ports = [{"name": name, "port": number, "targetPort": number} for number, name in enumerate("abcd", 1)]
    world.create("services", service("web", ports=ports))
    world.create("deployments.apps", workload("Deployment", "web", replicas=1))
    (subset,) = world.get("endpoints", "web")["subsets"]
    digests = [
        md5(f"(v1.EndpointPort){{Name:(string){p['name']} Port:(int32){p['port']} Protocol:(v1.Protocol)TCP"
            " AppProtocol:(*string)<nil>}".encode()).hexdigest()
        for p in subset["ports"]
    ]  # fmt: skip
    assert len(digests) == 4
    assert digests == sorted(digests)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([(600, 0), (600, 9)], [(500, 0), (500, 0)]),
        ([(1200, 5), (3, 0)], [(998, 0), (2, 0)]),
        ([(900, 150), (0, 50)], [(900, 75), (0, 25)]),
        ([(500, 500)], [(500, 500)]),
    ],
)
def test_a_thousand_addresses_at_most(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
    fields = ("addresses", "notReadyAddresses")
    subsets = [{f: [{"ip": "x"}] * n for f, n in zip(fields, pair, strict=True) if n} for pair in before]
    assert endpoints._truncate(subsets) == (before != after)
    assert [tuple(len(s.get(f, ())) for f in fields) for s in subsets] == after


def test_the_servers_own_service_comes_back(world: World) -> None:
    old = world.get("services", "kubernetes", "default")
    for key in ("services", "endpoints", SLICES):
        world.delete(key, "kubernetes", "default")
    new = world.get("services", "kubernetes", "default")
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["spec"] == old["spec"]
    assert world.get("endpoints", "kubernetes", "default")["subsets"]
    assert world.get(SLICES, "kubernetes", "default")["endpoints"]


def hinted(zones: str, hints: str = "") -> list[Obj]:
    """Ready endpoints, one in each of these zones ("-": not ready), with the hints they have."""
    made: list[Obj] = [{"conditions": {"ready": zone != "-"}, "zone": zone} for zone in zones]
    for endpoint, hint in zip(made, hints, strict=False):
        endpoint["hints"] = {"forZones": [{"name": hint}]}
    return made


def hints_of(endpoints: list[Obj]) -> str:
    return "".join(e["hints"]["forZones"][0]["name"] if "hints" in e else "." for e in endpoints)


@pytest.mark.parametrize(
    ("changed", "unchanged", "parts", "after"),
    [
        (hinted("ab"), hinted(""), {"a": 0.5, "b": 0.5}, "ab"),
        (hinted("aaab"), hinted(""), {"a": 0.5, "b": 0.5}, "baab"),
        (hinted("a-b"), hinted("ab", "ab"), {"a": 0.5, "b": 0.5}, "a.bab"),
        (hinted("a"), hinted("aaa", "aab"), {"a": 0.5, "b": 0.5}, "baab"),
        (hinted("b"), hinted("aaa", "aaa"), {"a": 0.5, "b": 0.5}, "bbaa"),
        (hinted("aaabbc"), hinted(""), {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, "caabbc"),
    ],
)
def test_hints_follow_the_zones_cpus(
    changed: list[Obj], unchanged: list[Obj], parts: dict[str, float], after: str
) -> None:
    zones, problem = topology.assign([changed], [unchanged], parts)
    assert problem == ""
    assert hints_of(changed + unchanged) == after
    assert zones == {zone: after.count(zone) for zone in parts}


@pytest.mark.parametrize(
    ("endpoints", "parts", "problem"),
    [
        (hinted("ab", "ab"), {}, "Insufficient Node information"),
        (hinted("a"), {"a": 0.5, "b": 0.5}, "Insufficient number of endpoints (1 endpoints, 2 zones)"),
        (hinted("aab"), {"a": 0.5, "b": 0.5}, "Unable to allocate minimum required endpoints to each zone"),
        ([*hinted("a"), {"conditions": {"ready": True}}], {"a": 0.5, "b": 0.5}, "One or more endpoints do not have"),
    ],
)
def test_hints_that_cannot_be_given(endpoints: list[Obj], parts: dict[str, float], problem: str) -> None:
    zones, why = topology.assign([endpoints], [], parts)
    assert (zones, why.startswith(problem)) == ({}, True)
    assert not any("hints" in endpoint for endpoint in endpoints)


def test_topology_mode(world: World) -> None:
    made = service("web")
    made["metadata"]["annotations"] = {"service.kubernetes.io/topology-mode": "Auto"}
    world.create("deployments.apps", workload("Deployment", "web", replicas=4, pod=serving_pods()))
    world.create("services", made)
    assert not any("hints" in endpoint for endpoint in endpoints_of(world, "web"))
    assert world.events("Service")[-1] == (
        "TopologyAwareHintsDisabled: Insufficient Node information: allocatable CPU or zone not specified on one or"
        " more nodes, addressType: IPv4"
    )
    for node, zone in (("node-1", "a"), ("node-2", "b")):
        world.merge("nodes", node, {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}}, "")
    world.merge("services", "web", {"metadata": {"labels": {"seen": "again"}}})
    assert all(e["hints"] == {"forZones": [{"name": e["zone"]}]} for e in endpoints_of(world, "web"))
    assert world.events("Service")[-1] == (
        "TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4"
    )
    assert world.settles()
    world.merge("nodes", "node-2", {"metadata": {"labels": {"topology.kubernetes.io/zone": None}}}, "")
    assert not any("hints" in endpoint for endpoint in endpoints_of(world, "web"))
    world.merge("nodes", "node-2", {"metadata": {"labels": {"topology.kubernetes.io/zone": "b"}}}, "")
    world.merge("services", "web", {"metadata": {"labels": {"seen": "often"}}})
    assert all("hints" in endpoint for endpoint in endpoints_of(world, "web"))
    world.merge("services", "web", {"metadata": {"annotations": None}})
    assert not any("hints" in endpoint for endpoint in endpoints_of(world, "web"))
    assert "TopologyAwareHintsDisabled: Topology Aware Hints has been disabled, addressType: IPv4" in world.events(
        "Service"
    )


def test_a_namespace_of_any_name_may_have_services(world: World) -> None:
    world.create("namespaces", {"metadata": {"name": "hints"}})
    for resource, made in (
        ("deployments.apps", workload("Deployment", "web", replicas=1, pod=serving_pods())),
        ("services", service("web")),
    ):
        made["metadata"]["namespace"] = "hints"
        world.create(resource, made)
    world.merge("nodes", "node-1", {"metadata": {"labels": {"topology.kubernetes.io/zone": "a"}}}, "")
    slices = world.client.list("endpointslices.discovery.k8s.io", "hints")["items"]
    assert [len(one["endpoints"]) for one in slices] == [1]
