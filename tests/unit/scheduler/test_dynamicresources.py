"""Pods with ResourceClaims: held back, allocated, reserved, refused, and idle claims freed."""

from __future__ import annotations

from typing import Any

import pytest
from devicelab import DRIVER, claim, device, device_class, exactly, piece
from schedulerlab import FakeApi, start

CLAIMS, SLICES, CLASSES = (
    f"{name}.resource.k8s.io" for name in ("resourceclaims", "resourceslices", "deviceclasses")
)  # fmt: skip
USES: dict[str, Any] = {"resourceClaims": [{"name": "g", "resourceClaimName": "c"}]}
UNHELPFUL = "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."


@pytest.fixture
def api(node: Any) -> FakeApi:
    api = FakeApi()
    start(api)
    for name in ("a", "b"):
        api.put("nodes", node(name))
    api.put(CLASSES, device_class())
    api.put(SLICES, piece("b", device("g0")))
    return api


def status_of(api: FakeApi, name: str = "c") -> dict[str, Any]:
    found: dict[str, Any] = api.objects[CLAIMS]["demo", name].get("status") or {}
    return found


def test_a_claim_is_allocated_and_reserved(api: FakeApi, pod: Any) -> None:
    api.put(CLAIMS, claim("c", exactly()))
    api.put("pods", pod("p", **USES))
    api.settle()
    assert api.node_of("p") == "b"
    status = status_of(api)
    assert status["allocation"]["devices"]["results"] == [
        {"request": "r0", "driver": DRIVER, "pool": "b", "device": "g0"},
    ]  # fmt: skip
    assert status["reservedFor"] == [{"resource": "pods", "name": "p", "uid": "uid-p"}]
    assert api.objects[CLAIMS]["demo", "c"]["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]


def test_pods_share_a_claim(api: FakeApi, pod: Any) -> None:
    api.put(CLAIMS, claim("c", exactly()))
    for name in ("p", "q"):
        api.put("pods", pod(name, **USES))
    api.settle()
    assert [api.node_of("p"), api.node_of("q")] == ["b", "b"]
    assert [user["name"] for user in status_of(api)["reservedFor"]] == ["p", "q"]


def test_a_pod_waits_for_its_claim_in_silence(api: FakeApi, pod: Any) -> None:
    api.put("pods", pod("p", **USES))
    api.settle()
    assert (api.node_of("p"), api.message("p"), api.events) == ("", "", [])
    api.put(CLAIMS, claim("c", exactly()))
    api.settle()
    assert api.node_of("p") == "b"


def test_generated_claims_must_be_the_pods_own(api: FakeApi, pod: Any) -> None:
    waiting = pod("p", resourceClaims=[{"name": "g", "resourceClaimTemplateName": "t"}])
    api.put("pods", waiting)
    made = claim("c", exactly())
    made["metadata"]["ownerReferences"] = [{"uid": "uid-other"}]
    api.put(CLAIMS, made)
    waiting["status"]["resourceClaimStatuses"] = [{"name": "g", "resourceClaimName": "c"}]
    api.put("pods", waiting)
    api.settle()
    assert api.node_of("p") == ""
    made["metadata"]["ownerReferences"] = [{"uid": "uid-p"}]
    api.put(CLAIMS, made)
    api.settle()
    assert api.node_of("p") == "b"


def test_not_enough_devices(api: FakeApi, pod: Any) -> None:
    api.put(CLAIMS, claim("c", exactly(2)))
    api.put("pods", pod("p", **USES))
    api.settle()
    assert api.message("p") == (
        f"0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, {UNHELPFUL}"
    )
    api.put(SLICES, piece("b", device("g0"), device("g1"), generation=2))
    api.settle()
    assert api.node_of("p") == "b"


def test_a_missing_class(api: FakeApi, pod: Any) -> None:
    api.put(CLAIMS, claim("c", exactly(deviceClassName="fpga")))
    api.put("pods", pod("p", **USES))
    api.settle()
    assert api.message("p") == (
        "0/2 nodes are available: request r0: device class fpga does not exist. "
        f"no new claims to deallocate, {UNHELPFUL}"
    )


def test_a_broken_selector_is_an_error(api: FakeApi, pod: Any) -> None:
    api.put(CLAIMS, claim("c", exactly(1, "device.attributes['x'].y")))
    api.put("pods", pod("p", **USES))
    api.settle()
    assert api.message("p").startswith(
        'running "DynamicResources" filter plugin: claim demo/c: selector #0 on device gpu.example.com/b/g0: CEL '
    )
    condition = api.objects["pods"]["demo", "p"]["status"]["conditions"][0]
    assert condition["reason"] == "SchedulerError"


def test_an_idle_claim_elsewhere_is_freed(api: FakeApi, pod: Any) -> None:
    api.put(SLICES, piece("a", device("g1")))
    api.put(CLAIMS, claim("c", exactly()))
    api.put("pods", pod("p", nodeSelector={"kubernetes.io/hostname": "a"}, **USES))
    api.settle()
    assert api.node_of("p") == "a"
    held = api.objects[CLAIMS]["demo", "c"]
    del held["status"]["reservedFor"]
    api.put(CLAIMS, held)
    api.put("pods", pod("q", nodeSelector={"kubernetes.io/hostname": "b"}, **USES))
    api.settle()
    assert api.node_of("q") == "b"
    freed = [message for name, _, reason, message in api.events if (name, reason) == ("q", "FailedScheduling")]
    assert freed == [
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 resourceclaim not available "
        f"on the node. deallocation of ResourceClaim completed, {UNHELPFUL}"
    ]


def test_a_device_that_must_become_ready(api: FakeApi, pod: Any) -> None:
    api.put(SLICES, piece("b", device("g0", bindingConditions=["attached"]), generation=2))
    api.put(CLAIMS, claim("c", exactly()))
    api.put("pods", pod("p", **USES))
    api.settle()
    assert api.node_of("p") == ""
    held = api.objects[CLAIMS]["demo", "c"]
    ready = {"type": "attached", "status": "True"}
    held["status"]["devices"] = [{"driver": DRIVER, "pool": "b", "device": "g0", "conditions": [ready]}]
    api.put(CLAIMS, held)
    api.settle()
    assert api.node_of("p") == "b"


def _asking(pod: Any, name: str, **amounts: str) -> dict[str, Any]:
    found: dict[str, Any] = pod(name)
    requests = {f"example.com/{resource}": amount for resource, amount in amounts.items()}
    found["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1", **requests}}
    return found


def test_extended_resources_that_classes_stand_for(api: FakeApi, pod: Any) -> None:
    api.put(CLASSES, device_class("cards", extendedResourceName="example.com/card"))
    api.put("pods", _asking(pod, "p", card="1"))
    api.settle()
    assert api.node_of("p") == "b"
    (made,) = [one for key, one in api.objects[CLAIMS].items() if key[1].startswith("p-extended-resources-")]
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-p"
    exactly_one = {"deviceClassName": "cards", "allocationMode": "ExactCount", "count": 1}
    assert made["spec"]["devices"]["requests"] == [{"name": "container-0-request-1", "exactly": exactly_one}]
    assert made["status"]["reservedFor"][0]["name"] == "p"
    assert api.objects["pods"]["demo", "p"]["status"]["extendedResourceClaimStatus"] == {
        "resourceClaimName": made["metadata"]["name"],
        "requestMappings": [
            {"containerName": "app", "resourceName": "example.com/card", "requestName": "container-0-request-1"}
        ],
    }
    api.put("pods", _asking(pod, "q", card="1"))
    api.settle()
    assert api.message("q").startswith("0/2 nodes are available: 2 cannot allocate all claims. ")


def test_a_nodes_own_extended_resources_come_first(api: FakeApi, pod: Any, node: Any) -> None:
    api.put(CLASSES, device_class("cards", extendedResourceName="example.com/card"))
    own = node("b")
    own["status"]["allocatable"]["example.com/card"] = "4"
    api.put("nodes", own)
    api.put("pods", _asking(pod, "p", card="4"))
    api.put("pods", _asking(pod, "q", card="1"))
    api.settle()
    assert (api.node_of("p"), api.objects.get(CLAIMS)) == ("b", None)
    assert api.message("q").startswith(
        "0/2 nodes are available: 1 Insufficient example.com/card, 1 cannot allocate all claims. "
    )


def test_a_class_that_comes_later(api: FakeApi, pod: Any) -> None:
    api.put("pods", _asking(pod, "p", card="1"))
    api.settle()
    assert api.message("p").startswith("0/2 nodes are available: 2 Insufficient example.com/card. ")
    api.put(CLASSES, device_class("cards", extendedResourceName="example.com/card"))
    api.settle()
    assert api.node_of("p") == "b"
