"""Pod addresses of a node."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.kubelet.network import Addresses, NoAddressError


class State(dict[str, Any]):
    def put(self, key: str, value: Any) -> None:
        self[key] = value


def _node(cidr: str) -> dict[str, Any]:
    return {"metadata": {"name": "n"}, "spec": {"podCIDR": cidr}}


def test_addresses_go_round() -> None:
    addresses = Addresses(State())  # type: ignore[arg-type]
    node = _node("10.244.3.0/29")
    given = [addresses.allocate(node) for _ in range(5)]
    assert given == [f"10.244.3.{number}" for number in range(2, 7)]
    with pytest.raises(NoAddressError):
        addresses.allocate(node)
    addresses.release("n", "10.244.3.4")
    assert addresses.allocate(node) == "10.244.3.4"


def test_a_wide_range() -> None:
    addresses = Addresses(State())  # type: ignore[arg-type]
    node = _node("10.128.0.0/22")
    given = [addresses.allocate(node) for _ in range(600)]
    assert len(set(given)) == 600 and given[-1] == "10.128.2.89"
    addresses.release("n", given[-1])
    assert addresses.allocate(node) == "10.128.2.90"


def test_what_another_process_gave_out_is_seen_after_a_refresh() -> None:
    state = State()
    mine, others = Addresses(state), Addresses(state)  # type: ignore[arg-type]
    node = _node("10.244.1.0/24")
    first = mine.allocate(node)
    others.allocate(node)
    mine.refresh()
    third = mine.allocate(node)
    assert (first, third) == ("10.244.1.2", "10.244.1.4")
