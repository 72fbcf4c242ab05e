"""What is written into a claim's status."""

from __future__ import annotations

from typing import Any

from devicelab import DRIVER, allocate, claim, device, device_class, exactly, piece

from minikctl.scheduler.devices.results import allocation_of


def opaque(text: str) -> dict[str, Any]:
    return {"opaque": {"driver": DRIVER, "parameters": {"text": text}}}


def result_of(one: dict[str, Any], slices: list[dict[str, Any]], classes: Any = (), **place: Any) -> dict[str, Any]:
    found = allocate(slices, one, classes=classes, **place)
    assert found is not None
    return allocation_of(one, found[0], "a", lambda: "id")


def test_configurations_of_classes_come_first() -> None:
    classes = [device_class("gpu", config=[opaque("class")]), device_class("nic", config=[opaque("nic")])]
    one = claim(
        "c",
        exactly(),
        exactly(),
        exactly(deviceClassName="nic"),
        config=[
            {"requests": ["r0", "r1", "r2"], **opaque("all")},
            {"requests": ["r1"], **opaque("one")},
            opaque("any"),
        ],
    )
    slices = [piece("a", device("g0"), device("g1"), device("g2"))]
    assert result_of(one, slices, classes)["devices"]["config"] == [
        {"source": "FromClass", "requests": ["r0", "r1"], **opaque("class")},
        {"source": "FromClass", "requests": ["r2"], **opaque("nic")},
        {"source": "FromClaim", **opaque("all")},
        {"source": "FromClaim", "requests": ["r1"], **opaque("one")},
        {"source": "FromClaim", **opaque("any")},
    ]


def test_node_selectors_are_merged() -> None:
    def zone(value: str) -> dict[str, Any]:
        requirement = {"key": "zone", "operator": "In", "values": [value]}
        return {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}

    slices = [
        piece("", device("g0"), pool="p0", nodeSelector=zone("1")),
        piece("", device("g1"), pool="p1", nodeSelector=zone("1")),
    ]
    found = result_of(claim("c", exactly(2)), slices, labels={"zone": "1"})
    assert found["nodeSelector"] == zone("1")
    assert "nodeSelector" not in result_of(claim("c", exactly()), [piece("", device("g"), pool="p", allNodes=True)])
    bound = [piece("", device("g", bindsToNode=True, bindingConditions=["ready"]), pool="p", allNodes=True)]
    found = result_of(claim("c", exactly()), bound)
    assert found["nodeSelector"]["nodeSelectorTerms"][0]["matchFields"][0]["values"] == ["a"]
    assert found["devices"]["results"][0]["bindingConditions"] == ["ready"]
