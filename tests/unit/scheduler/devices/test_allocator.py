"""Allocating devices: requests, alternatives, constraints, taints, counters, shared capacity."""

from __future__ import annotations

from typing import Any

import pytest
from devicelab import DRIVER, allocate, allocated, claim, device, device_class, exactly, names, piece
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.scheduler.devices.allocator import TimedOutError
from minikctl.scheduler.framework import PluginError

A100 = f'device.attributes["{DRIVER}"].model == "a100"'
ALL = {"deviceClassName": "gpu", "allocationMode": "All"}
TWO = [piece("a", device("g0", "a100"), device("g1", "h100"))]


def test_one_device_of_the_node() -> None:
    assert names(allocate(TWO, claim("c", exactly()))) == [["g0"]]
    assert allocate(TWO, claim("c", exactly()), node="b") is None


def test_selectors_of_class_and_request() -> None:
    h100 = f'device.attributes["{DRIVER}"].model == "h100"'
    assert names(allocate(TWO, claim("c", exactly(1, h100)))) == [["g1"]]
    assert names(allocate(TWO, claim("c", exactly()), classes=[device_class("gpu", h100)])) == [["g1"]]
    assert allocate(TWO, claim("c", exactly(1, A100, h100))) is None
    assert names(allocate(TWO, claim("c", exactly(1, f'device.driver == "{DRIVER}"')))) == [["g0"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f'device.capacity["{DRIVER}"].memory.compareTo(quantity("30Gi")) > 0', True),
        (f'device.capacity["{DRIVER}"].memory.isLessThan(quantity("30Gi"))', False),
        (f'device.attributes["{DRIVER}"].version.isGreaterThan(semver("1.9.0"))', True),
        (f'device.attributes["{DRIVER}"].index == 7', True),
        ('device.attributes["numa.example.com"].node == 1', True),
        ('"nothing" in device.attributes["unknown.example.com"]', False),
        ("device.allowMultipleAllocations", False),
    ],
)
def test_what_expressions_see(expression: str, expected: bool) -> None:
    attributes = {
        "version": {"version": "1.10.0"}, f"{DRIVER}/index": {"int": 7}, "numa.example.com/node": {"int": 1},
    }  # fmt: skip
    slices = [piece("a", device("g", attributes=attributes, capacity={"memory": {"value": "40Gi"}}))]
    assert (allocate(slices, claim("c", exactly(1, expression))) is not None) is expected


def test_broken_selectors_are_errors() -> None:
    with pytest.raises(
        PluginError, match=r"claim demo/c: selector #0 on device gpu\.example\.com/a/g0: CEL runtime err"
    ):
        allocate(TWO, claim("c", exactly(1, f'device.attributes["{DRIVER}"].nothing == 1')))
    with pytest.raises(PluginError, match=r"class gpu: selector #0: CEL compile error"):
        allocate(TWO, claim("c", exactly()), classes=[device_class("gpu", "device.driver ==")])


def test_counts_and_all() -> None:
    assert names(allocate(TWO, claim("c", exactly(2)))) == [["g0", "g1"]]
    assert allocate(TWO, claim("c", exactly(3))) is None
    assert names(allocate(TWO, claim("c", ALL))) == [["g0", "g1"]]
    assert allocate(TWO, claim("c", ALL), node="b") is None
    assert allocate(TWO, claim("c", ALL), held=[allocated(claim("other", exactly()), TWO)]) is None
    incomplete = [piece("a", device("g0"), count=2)]
    assert allocate(incomplete, claim("c", exactly())) is None
    with pytest.raises(PluginError, match=r"claim demo/c, request r0: asks for all devices, but resource pool"):
        allocate(incomplete, claim("c", ALL))


def test_more_devices_than_a_claim_may_have() -> None:
    many = [piece("a", *(device(f"g{number}") for number in range(40)))]
    assert allocate(many, claim("c", exactly(32))) is not None
    assert allocate(many, claim("c", exactly(20), exactly(13))) is None
    assert allocate(many, claim("c", exactly(20)), claim("d", exactly(20))) is not None


def test_the_search_goes_back() -> None:
    # the first request would take the only device that serves the second one
    assert names(allocate(TWO, claim("c", exactly(), exactly(1, A100)))) == [["g1", "g0"]]
    assert names(allocate(TWO, claim("c", exactly()), claim("d", exactly(1, A100)))) == [["g1"], ["g0"]]


def test_a_hopeless_search_is_given_up() -> None:
    attributes = [{"rack": {"string": f"x{number % 7}"}} for number in range(35)]
    many = [piece("a", *(device(f"g{number}", attributes=attributes[number]) for number in range(35)))]
    nowhere = f'device.attributes["{DRIVER}"].rack == "none"'
    with pytest.raises(TimedOutError):
        allocate(many, claim("c", exactly(10), exactly(1, nowhere)))


def test_alternatives_in_order() -> None:
    choices = [{"name": "big", **exactly(3)}, {"name": "pair", **exactly(2)}, {"name": "one", **exactly()}]
    found = allocate(TWO, claim("c", {"name": "gpus", "firstAvailable": choices}))
    assert found is not None
    assert [(taken.alternative.name, taken.device.id[2]) for taken in found[0]] == [
        ("gpus/pair", "g0"),
        ("gpus/pair", "g1"),
    ]
    held = [allocated(claim("other", exactly()), TWO)]
    assert names(allocate(TWO, claim("c", {"name": "gpus", "firstAvailable": choices}), held=held)) == [["g1"]]


def _racks(*racks: str) -> list[dict[str, Any]]:
    return [
        piece("a", *(device(f"g{number}", attributes={"rack": {"string": rack}}) for number, rack in enumerate(racks)))
    ]


def test_constraints() -> None:
    same, distinct = {"matchAttribute": f"{DRIVER}/rack"}, {"distinctAttribute": f"{DRIVER}/rack"}
    racks = _racks("x", "y", "x", "y", "y")
    assert names(allocate(racks, claim("c", exactly(3), constraints=[same]))) == [["g1", "g3", "g4"]]
    assert allocate(racks, claim("c", exactly(4), constraints=[same])) is None
    assert names(allocate(racks, claim("c", exactly(2), constraints=[distinct]))) == [["g0", "g1"]]
    assert allocate(racks, claim("c", exactly(3), constraints=[distinct])) is None
    some = {**same, "requests": ["r0"]}
    assert names(allocate(racks, claim("c", exactly(2), exactly(2), constraints=[some]))) == [["g0", "g2", "g1", "g3"]]
    assert allocate(TWO, claim("c", exactly(1), constraints=[{"matchAttribute": f"{DRIVER}/none"}])) is None


def test_devices_in_use_and_admin_access() -> None:
    held = [allocated(claim("other", exactly(2)), TWO)]
    assert allocate(TWO, claim("c", exactly()), held=held) is None
    assert names(allocate(TWO, claim("c", exactly(2, adminAccess=True)), held=held)) == [["g0", "g1"]]
    watching = [allocated(claim("other", exactly(2, adminAccess=True)), TWO)]
    assert names(allocate(TWO, claim("c", exactly()), held=watching)) == [["g0"]]


@pytest.mark.parametrize(
    ("effect", "toleration", "fits"),
    [
        ("NoSchedule", None, False),
        ("NoExecute", None, False),
        ("None", None, True),
        ("NoSchedule", {"operator": "Exists"}, True),
        ("NoSchedule", {"key": "bad", "operator": "Exists", "effect": "NoExecute"}, False),
        ("NoSchedule", {"key": "bad", "operator": "Equal", "value": "yes"}, True),
        ("NoSchedule", {"key": "bad", "operator": "Equal", "value": "no"}, False),
    ],
)
def test_taints(effect: str, toleration: Any, fits: bool) -> None:
    slices = [piece("a", device("g", taints=[{"key": "bad", "value": "yes", "effect": effect}]))]
    request = exactly(**({"tolerations": [toleration]} if toleration else {}))
    assert (allocate(slices, claim("c", request)) is not None) is fits


def test_pools_of_many_nodes() -> None:
    selector = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "z", "operator": "In", "values": ["1"]}]}]}
    zonal = [piece("", device("g"), pool="zone", nodeSelector=selector)]
    assert names(allocate(zonal, claim("c", exactly()), labels={"z": "1"})) == [["g"]]
    assert allocate(zonal, claim("c", exactly()), labels={"z": "2"}) is None
    everywhere = [piece("", device("g"), pool="net", allNodes=True)]
    assert names(allocate(everywhere, claim("c", exactly()))) == [["g"]]
    each = [piece("", device("g0", nodeName="b"), device("g1", nodeName="a"), pool="p", perDeviceNodeSelection=True)]
    assert names(allocate(each, claim("c", exactly()))) == [["g1"]]


def test_only_the_newest_generation_counts() -> None:
    slices = [
        piece("a", device("old")),
        piece("a", device("new"), generation=2),
        piece("a", device("older"), generation=0),
    ]
    assert names(allocate(slices, claim("c", exactly()))) == [["new"]]


def test_a_pool_with_a_name_twice_is_not_used() -> None:
    assert allocate([piece("a", device("g"), device("g"))], claim("c", exactly())) is None


def test_partitions_share_counters() -> None:
    def part(name: str, memory: str) -> dict[str, Any]:
        return device(name, consumesCounters=[{"counterSet": "card", "counters": {"memory": {"value": memory}}}])

    shared = [{"name": "card", "counters": {"memory": {"value": "40Gi"}}}]
    parts = [piece("a", part("whole", "40Gi"), part("half-0", "20Gi"), part("half-1", "20Gi"), sharedCounters=shared)]
    assert names(allocate(parts, claim("c", exactly()))) == [["whole"]]
    assert names(allocate(parts, claim("c", exactly(2)))) == [["half-0", "half-1"]]
    held = [allocated(claim("other", exactly(2)), parts)]
    assert allocate(parts, claim("c", exactly()), held=held) is None


def test_capacity_of_a_shared_device_is_consumed() -> None:
    policy = {"default": "4Gi", "validRange": {"min": "2Gi", "max": "32Gi", "step": "2Gi"}}
    nic = device("nic", allowMultipleAllocations=True, capacity={"memory": {"value": "40Gi", "requestPolicy": policy}})
    slices = [piece("a", nic)]

    def asks(memory: str) -> dict[str, Any]:
        return claim("c", exactly(capacity={"requests": {"memory": memory}}))

    first = allocated(asks("3Gi"), slices)
    assert first["status"]["allocation"]["devices"]["results"] == [
        {"request": "r0", "driver": DRIVER, "pool": "a", "device": "nic", "shareID": "share-1",
         "consumedCapacity": {"memory": "4Gi"}},
    ]  # fmt: skip
    held = [first, allocated(asks("32Gi"), slices), allocated(claim("c", exactly()), slices)]
    assert held[2]["status"]["allocation"]["devices"]["results"][0]["consumedCapacity"] == {"memory": "4Gi"}
    assert allocate(slices, asks("2Gi"), held=held) is None
    assert allocate(slices, asks("2Gi"), held=held[:2]) is not None
    assert allocate(slices, asks("33Gi")) is None
    assert allocate(TWO, asks("1Gi")) is None  # no such capacity


def test_requested_capacity_selects_whole_devices() -> None:
    slices = [piece("a", *(device(f"g{n}", capacity={"memory": {"value": f"{n}0Gi"}}) for n in (1, 2)))]
    assert names(allocate(slices, claim("c", exactly(capacity={"requests": {"memory": "15Gi"}})))) == [["g2"]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("xyz"), max_size=6),
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=3),
)
def test_a_solution_is_found_where_there_is_one(racks: list[str], requests: list[tuple[int, bool]]) -> None:
    """Requests with a constraint each need so many devices of one rack; compared with trying all splits."""
    constraints = [
        {"matchAttribute": f"{DRIVER}/rack", "requests": [f"r{number}"]}
        for number, (_, same) in enumerate(requests)
        if same
    ]
    one = claim("c", *(exactly(count) for count, _ in requests), constraints=constraints)

    def possible(left: dict[str, int], rest: list[tuple[int, bool]]) -> bool:
        if not rest:
            return True
        count, same = rest[0]
        if not same:
            return sum(left.values()) >= sum(wanted for wanted, _ in rest) and possible_any(left, count, rest[1:])
        return any(left[rack] >= count and possible({**left, rack: left[rack] - count}, rest[1:]) for rack in left)

    def possible_any(left: dict[str, int], count: int, rest: list[tuple[int, bool]]) -> bool:
        if not count:
            return possible(left, rest)
        return any(left[rack] and possible_any({**left, rack: left[rack] - 1}, count - 1, rest) for rack in left)

    expected = possible({rack: racks.count(rack) for rack in set(racks)}, requests)
    assert (allocate(_racks(*racks), one) is not None) is expected
