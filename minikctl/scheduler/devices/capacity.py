"""What devices have to give besides themselves: shared counters of partitions, capacity that several claims consume.

Counterpart of the counters in dynamic-resource-allocation's allocator and of its `consumable_capacity`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery.quantity import Quantity, parse
from minikctl.scheduler.devices.pools import Device, DeviceID, Pool, Pools

Obj = dict[str, Any]
_Counter = tuple[str, str, str, str]  # driver, pool, counter set, counter


class Allocated:
    """What the claims of a cluster hold: whole devices, and parts of the capacity of shared ones."""

    def __init__(self, claims: Iterable[Obj]) -> None:
        self.devices: set[DeviceID] = set()
        self.consumed: dict[tuple[DeviceID, str], int] = {}
        for claim in claims:
            allocation = (claim.get("status") or {}).get("allocation") or {}
            for result in (allocation.get("devices") or {}).get("results") or ():
                if not result.get("adminAccess"):
                    self._add(result)

    def _add(self, result: Obj) -> None:
        found = (result["driver"], result["pool"], result["device"])
        if not result.get("shareID"):
            self.devices.add(found)
        for name, amount in (result.get("consumedCapacity") or {}).items():
            self.consumed[found, name] = self.consumed.get((found, name), 0) + parse(str(amount)).nanos


class Counters:
    """Counters of partitionable devices: what is left of each, as devices are taken and given back."""

    def __init__(self, pools: Pools, allocated: Allocated) -> None:
        self._left: dict[_Counter, int] = {}
        for pool in pools.all:
            for counter_set, counters in pool.counters.items():
                for name, counter in counters.items():
                    self._left[pool.driver, pool.name, counter_set, name] = parse(str(counter["value"])).nanos
            for device in pool.devices:
                if device.id in allocated.devices:
                    self.take(device, force=True)

    def take(self, device: Device, force: bool = False) -> bool:
        """Consume what the device consumes; False, with nothing done, where that is more than there is."""
        wanted = _consumption(device)
        if not force and any(self._left.get(counter, 0) < amount for counter, amount in wanted.items()):
            return False
        for counter, amount in wanted.items():
            self._left[counter] = self._left.get(counter, 0) - amount
        return True

    def give_back(self, device: Device) -> None:
        for counter, amount in _consumption(device).items():
            self._left[counter] += amount


def _consumption(device: Device) -> dict[_Counter, int]:
    pool: Pool = device.pool
    found: dict[_Counter, int] = {}
    for consumed in device.raw.get("consumesCounters") or ():
        for name, counter in (consumed.get("counters") or {}).items():
            key = (pool.driver, pool.name, consumed["counterSet"], name)
            found[key] = found.get(key, 0) + parse(str(counter["value"])).nanos
    return found


def consumption(device: Device, wanted: Mapping[str, Any]) -> dict[str, Quantity] | None:
    """What a request for capacities takes of a device; None where the device cannot serve it.

    A shared device gives the requested amount, rounded up as its policy says, or the policy's default,
    or all; of any other device the request only demands that there is enough.
    """
    capacities = device.raw.get("capacity") or {}
    if any(name not in capacities for name in wanted):
        return None
    taken = {}
    for name, capacity in capacities.items():
        whole, policy = parse(str(capacity["value"])), capacity.get("requestPolicy")
        asked = parse(str(wanted[name])) if name in wanted else None
        if not device.shared:
            if asked is not None and asked > whole:
                return None
            continue
        amount = _rounded(asked, whole, policy)
        if amount is None or amount > whole:
            return None
        taken[name] = amount
    return taken


def _rounded(asked: Quantity | None, whole: Quantity, policy: Mapping[str, Any] | None) -> Quantity | None:
    """The amount consumed under a CapacityRequestPolicy; None where it allows none that is enough."""
    if policy is None:
        return asked or whole
    if asked is None:
        return parse(str(policy["default"])) if policy.get("default") is not None else whole
    if policy.get("validValues"):
        values = sorted(parse(str(value)) for value in policy["validValues"])
        return next((value for value in values if value >= asked), None)
    valid = policy.get("validRange")
    if not valid:
        return asked
    low = parse(str(valid["min"]))
    if asked <= low:
        return low
    if valid.get("step") is not None:
        step = parse(str(valid["step"])).nanos
        steps = -(-(asked.nanos - low.nanos) // step)
        asked = Quantity(low.nanos + steps * step, asked.format)
    if valid.get("max") is not None and asked > parse(str(valid["max"])):
        return None
    return asked
