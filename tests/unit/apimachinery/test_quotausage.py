"""What objects cost a quota."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import quotausage

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
