"""What objects cost a quota."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import devicequota, quotausage

CLAIMS = "resourceclaims.resource.k8s.io"
GPU, NIC = "gpu.deviceclass.resource.k8s.io/devices", "nic.deviceclass.resource.k8s.io/devices"


def exactly(name: str, **more: Any) -> dict[str, Any]:
    return {"name": "r", "exactly": {"deviceClassName": name, "allocationMode": "ExactCount", **more}}


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([exactly("gpu", count=2), exactly("gpu", count=1), exactly("nic", count=1)], {GPU: "3", NIC: "1"}),
        ([exactly("gpu", allocationMode="All")], {GPU: "32"}),
        (
            [
                {
                    "name": "r",
                    "firstAvailable": [
                        {"name": "a", "deviceClassName": "gpu", "count": 1},
                        {"name": "b", "deviceClassName": "gpu", "count": 4},
                        {"name": "c", "deviceClassName": "nic", "count": 2},
                    ],
                }
            ],
            {GPU: "4", NIC: "2"},
        ),
    ],
)
def test_claims_cost_the_devices_they_may_take(requests: list[Any], expected: dict[str, str]) -> None:
    claim = {"metadata": {}, "spec": {"devices": {"requests": requests}}}
    found = {name: str(amount) for name, amount in quotausage.usage(CLAIMS, claim).items()}
    assert found == {f"count/{CLAIMS}": "1", **expected}
    assert {quotausage.resource_of(name) for name in found} == {CLAIMS}


EXTENDED = {"gpu": "example.com/gpu"}


def of_pod(**meta: Any) -> dict[str, Any]:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1", "controller": True}
    annotations = {"resource.kubernetes.io/extended-resource-claim": "true"}
    return {"name": "p-1", "annotations": annotations, "ownerReferences": [owner], **meta}


@pytest.mark.parametrize(
    ("meta", "status", "left"),
    [
        ({"name": "c"}, {}, "3"),
        (of_pod(), {}, "1"),
        (of_pod(), {"extendedResourceClaimStatus": {"resourceClaimName": "p-1"}}, "1"),
        (of_pod(), {"extendedResourceClaimStatus": {"resourceClaimName": "p-2"}}, "3"),
        (of_pod(ownerReferences=[]), {}, "3"),
    ],
)
def test_devices_count_as_what_their_class_stands_for(meta: dict[str, Any], status: dict[str, Any], left: str) -> None:
    container = {"resources": {"requests": {"example.com/gpu": "2"}}}
    pod = {"metadata": {"name": "p", "uid": "1"}, "spec": {"containers": [container]}, "status": status}
    claim = {"metadata": meta, "spec": {"devices": {"requests": [exactly("gpu", count=3), exactly("nic", count=1)]}}}
    pod_name = devicequota.pod_of(claim)
    found = quotausage.claim_usage(claim, EXTENDED, pod if pod_name else None)
    assert {name: str(amount) for name, amount in found.items()} == {
        f"count/{CLAIMS}": "1",
        GPU: "3",
        NIC: "1",
        "requests.example.com/gpu": left,
        "requests.deviceclass.resource.kubernetes.io/gpu": "3",
        "requests.deviceclass.resource.kubernetes.io/nic": "1",
    }


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("requests.example.com/gpu", ("pods", CLAIMS)),
        ("requests.example.com/nic", ("pods",)),
        ("requests.deviceclass.resource.kubernetes.io/gpu", ("pods", CLAIMS)),
        ("requests.deviceclass.resource.kubernetes.io/nic", ("pods",)),
        (GPU, (CLAIMS,)),
        ("requests.cpu", ("pods",)),
    ],
)
def test_limits_that_claims_count_against(name: str, kinds: tuple[str, ...]) -> None:
    assert quotausage.resources_of(name, EXTENDED) == kinds


def test_classes_without_an_extended_resource_stand_for_none() -> None:
    named = {"metadata": {"name": "gpu"}, "spec": {"extendedResourceName": "example.com/gpu"}}
    assert devicequota.extended_resources([named, {"metadata": {"name": "nic"}}]) == EXTENDED
