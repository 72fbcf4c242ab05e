"""The emulated cloud by itself."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.cloud.provider import CloudError, EmulatedCloud, Instance


class Storage:
    """A component's storage in memory."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.held.get(key)

    def put(self, key: str, value: Any) -> None:
        self.held[key] = value

    def delete(self, key: str) -> None:
        self.held.pop(key, None)

    def scan(self, prefix: str) -> list[tuple[str, Any]]:
        return [(key, value) for key, value in sorted(self.held.items()) if key.startswith(prefix)]


@pytest.fixture
def cloud() -> EmulatedCloud:
    return EmulatedCloud(Storage(), {"node-1": True, "node-2": False}.get)


def service(uid: str, **fields: Any) -> dict[str, Any]:
    meta = {"name": "web", "namespace": "demo", "uid": uid, **fields.pop("metadata", {})}
    return {"metadata": meta, "spec": {"ports": [{"port": 80, "protocol": "TCP"}], **fields}}


def test_instances_are_in_zones_in_turn(cloud: EmulatedCloud) -> None:
    assert cloud.instance("node-1") == Instance("node-1", True)
    assert cloud.instance("node-2") == Instance("node-2", False)
    assert cloud.instance("node-3") is None
    assert [Instance(f"node-{number}", True).zone[-1] for number in (1, 2, 3, 4)] == ["a", "b", "c", "a"]
    assert Instance("node-2", True).provider_id == "emulated:///emulated-b/node-2"
    assert Instance("other", True).zone in ("emulated-a", "emulated-b", "emulated-c")


def test_addresses_are_kept_and_given_again(cloud: EmulatedCloud) -> None:
    first, second = (cloud.ensure_load_balancer(service(uid), ["node-1"]) for uid in ("1-1", "2-2"))
    assert (first.ip, second.ip, first.name, first.ports) == ("172.18.128.1", "172.18.128.2", "a11", ["80/TCP"])
    assert cloud.ensure_load_balancer(service("1-1"), ["node-2"]).ip == first.ip
    assert cloud.load_balancers()["1-1"].hosts == ["node-2"]
    cloud.delete_load_balancer("1-1")
    assert cloud.ensure_load_balancer(service("3"), []).ip == first.ip


def test_what_the_cloud_cannot_do(cloud: EmulatedCloud) -> None:
    assert cloud.ensure_load_balancer(service("1", loadBalancerIP="192.0.2.1"), []).ip == "192.0.2.1"
    with pytest.raises(CloudError, match=r"address 192\.0\.2\.1 is in use"):
        cloud.ensure_load_balancer(service("2", loadBalancerIP="192.0.2.1"), [])
    with pytest.raises(CloudError, match="banana is not an IP address"):
        cloud.ensure_load_balancer(service("2", loadBalancerIP="banana"), [])
    told = {"annotations": {"minikctl.dev/load-balancer-error": "quota exceeded"}}
    with pytest.raises(CloudError, match="quota exceeded"):
        cloud.ensure_load_balancer(service("2", metadata=told), [])


def test_routes(cloud: EmulatedCloud) -> None:
    cloud.create_route("node-1", "10.244.1.0/24")
    cloud.create_route("node-2", "10.244.2.0/24")
    cloud.delete_route("node-1", "10.244.1.0/24")
    assert cloud.routes() == [("node-2", "10.244.2.0/24")]
