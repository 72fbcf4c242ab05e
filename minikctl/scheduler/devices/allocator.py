"""Finds devices for the claims of a pod on one node, by an exhaustive search that takes the first solution.

Counterpart of dynamic-resource-allocation's `structured` allocator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from minikctl.apimachinery.quantity import Quantity, parse
from minikctl.scheduler.devices.capacity import Allocated, Counters, consumption
from minikctl.scheduler.devices.constraints import Constraint, constraint_of
from minikctl.scheduler.devices.pools import Device, DeviceID, Pool, Pools
from minikctl.scheduler.devices.selectors import repels, selects
from minikctl.scheduler.framework import PluginError

MAX_DEVICES = 32
_MOST_STEPS = 50_000  # upstream gives a search ten seconds

Obj = dict[str, Any]


class Alternative(NamedTuple):
    """One way to satisfy a request: the request itself, or one of its subrequests (`firstAvailable`)."""

    request: str
    name: str  # "request", or "request/subrequest"
    spec: Obj
    device_class: Obj

    @property
    def admin(self) -> bool:
        return bool(self.spec.get("adminAccess"))


class Taken(NamedTuple):
    """A device chosen for a request, with what it gives of its capacity where it is shared."""

    alternative: Alternative
    device: Device
    consumed: dict[str, Quantity]


class Allocator:
    """Works out allocations of a fixed set of claims, one node after the other."""

    def __init__(self, pools: Pools, allocated: Allocated, classes: Mapping[str, Obj], claims: Sequence[Obj]) -> None:
        self._pools = pools
        self._allocated = allocated
        self.claims = claims
        self.counters = Counters(pools, allocated)
        self.requests = [_alternatives(claim, classes) for claim in claims]
        self._selected: dict[tuple[int, int, int, DeviceID], bool] = {}

    def on_node(self, name: str, labels: Mapping[str, str]) -> list[list[Taken]] | None:
        """The devices for each claim, or None where there are not enough.

        PluginError for broken selectors, TimedOutError where the search takes too long.
        """
        return _Search(self, self._pools.of(name, labels)).run()

    def in_use(self, device: Device) -> bool:
        return device.id in self._allocated.devices

    def consumed(self, device: Device, name: str) -> int:
        """How much of a shared device's capacity is given away, in billionths."""
        return self._allocated.consumed.get((device.id, name), 0)

    def selectable(self, place: tuple[int, int, int], alternative: Alternative, device: Device) -> bool:
        """Whether the class and the request choose the device; the same for every node."""
        key = (*place, device.id)
        known = self._selected.get(key)
        if known is None:
            known = self._selected[key] = self._selects(place[0], alternative, device)
        return known

    def _selects(self, claim: int, alternative: Alternative, device: Device) -> bool:
        device_class = alternative.device_class
        owners = (
            (f"class {device_class['metadata']['name']}", device_class["spec"].get("selectors")),
            (f"claim {_full_name(self.claims[claim])}", alternative.spec.get("selectors")),
        )
        return all(
            selects(selector["cel"]["expression"], device, owner, position)
            for owner, selectors in owners
            for position, selector in enumerate(selectors or ())
        )


class TimedOutError(Exception):
    """The search was given up."""


class _TooManyError(Exception):
    """A claim would get more devices than it may have; what was chosen last does not matter."""


class _Search:
    """One search on one node."""

    def __init__(self, allocator: Allocator, pools: list[tuple[Pool, list[Device]]]) -> None:
        self._allocator = allocator
        self._pools = pools
        self._usable = [
            device for pool, devices in pools if not (pool.incomplete or pool.invalid) for device in devices
        ]
        claims = allocator.claims
        self._taken: list[list[Taken]] = [[] for _ in claims]
        self._constraints: list[list[Constraint]] = [
            [constraint_of(spec) for spec in claim["spec"].get("devices", {}).get("constraints") or ()]
            for claim in claims
        ]
        self._holders: dict[DeviceID, list[int]] = {}  # device -> the claims that it is being taken for
        self._consumed: dict[tuple[DeviceID, str], int] = {}
        self._steps = 0

    def run(self) -> list[list[Taken]] | None:
        try:
            return self._taken if self._claim(0) else None
        except _TooManyError:
            return None

    def _claim(self, claim: int) -> bool:
        return claim == len(self._taken) or self._request(claim, 0)

    def _request(self, claim: int, request: int) -> bool:
        """Satisfy a request and those after it. _TooManyError where any way leads to too many devices."""
        requests = self._allocator.requests[claim]
        if request == len(requests):
            try:
                return self._claim(claim + 1)
            except _TooManyError:
                return False  # other choices for this claim may leave room for alternatives of the next
        too_many = True
        for position, alternative in enumerate(requests[request]):
            try:
                if self._satisfy((claim, request, position), alternative):
                    return True
                too_many = False
            except _TooManyError:
                continue
        if too_many:
            raise _TooManyError
        return False

    def _satisfy(self, place: tuple[int, int, int], alternative: Alternative) -> bool:
        if alternative.spec.get("allocationMode") == "All":
            return self._take_all(place, alternative)
        return self._take_some(place, alternative, alternative.spec.get("count", 1), 0)

    def _take_some(self, place: tuple[int, int, int], alternative: Alternative, missing: int, start: int) -> bool:
        """Take so many devices more, none of them before place `start` in the node's order."""
        claim, request, _ = place
        if not missing:
            return self._request(claim, request + 1)
        if len(self._taken[claim]) + missing > MAX_DEVICES:
            raise _TooManyError
        for index in range(start, len(self._usable)):
            device = self._usable[index]
            if not self._free(claim, alternative, device):
                continue
            if not self._allocator.selectable(place, alternative, device) or not self._take(claim, alternative, device):
                continue
            if self._with(claim, 1, partial(self._take_some, place, alternative, missing - 1, index + 1)):
                return True
        return False

    def _with(self, claim: int, number: int, go_on: Callable[[], bool]) -> bool:
        """Go on with the last devices that were taken; they are given back where that leads nowhere."""
        found = False
        try:
            found = go_on()
        finally:
            if not found:
                self._give_back(claim, number)
        return found

    def _take_all(self, place: tuple[int, int, int], alternative: Alternative) -> bool:
        """Take every device that is selectable; without any, or where one cannot be had, the request fails."""
        claim, request, _ = place
        where = f"claim {_full_name(self._allocator.claims[claim])}, request {alternative.name.rpartition('/')[2]}"
        wanted = []
        for pool, devices in self._pools:
            if pool.incomplete:
                raise PluginError(f"{where}: asks for all devices, but resource pool {pool} is currently being updated")
            if pool.invalid:
                raise PluginError(f"{where}: asks for all devices, but resource pool {pool} is currently invalid")
            wanted += [device for device in devices if self._allocator.selectable(place, alternative, device)]
        if not wanted:
            return False
        if len(self._taken[claim]) + len(wanted) > MAX_DEVICES:
            raise _TooManyError
        for number, device in enumerate(wanted):
            if not self._free(claim, alternative, device) or not self._take(claim, alternative, device):
                self._give_back(claim, number)
                return False
        return self._with(claim, len(wanted), lambda: self._request(claim, request + 1))

    def _free(self, claim: int, alternative: Alternative, device: Device) -> bool:
        holders = self._holders.get(device.id, ())
        if alternative.admin:
            return claim not in holders
        return device.shared or not (holders or self._allocator.in_use(device))

    def _take(self, claim: int, alternative: Alternative, device: Device) -> bool:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TimedOutError
        if repels(device, alternative.spec.get("tolerations") or ()):
            return False
        wanted = (alternative.spec.get("capacity") or {}).get("requests") or {}
        consumed = consumption(device, wanted)
        if consumed is None or not self._enough(device, consumed):
            return False
        added: list[Constraint] = []
        for constraint in self._constraints[claim]:
            if not constraint.add(alternative, device):
                for other in added:
                    other.remove(alternative)
                return False
            added.append(constraint)
        if not alternative.admin and not self._allocator.counters.take(device):
            for other in added:
                other.remove(alternative)
            return False
        self._holders.setdefault(device.id, []).append(claim)
        for name, amount in consumed.items():
            self._consumed[device.id, name] = self._consumed.get((device.id, name), 0) + amount.nanos
        self._taken[claim].append(Taken(alternative, device, consumed))
        return True

    def _enough(self, device: Device, consumed: Mapping[str, Quantity]) -> bool:
        for name, amount in consumed.items():
            whole = device.raw["capacity"][name]["value"]
            given = self._allocator.consumed(device, name) + self._consumed.get((device.id, name), 0)
            if given + amount.nanos > parse(str(whole)).nanos:
                return False
        return True

    def _give_back(self, claim: int, number: int = 1) -> None:
        """Undo the last choices for a claim."""
        for _ in range(number):
            taken = self._taken[claim].pop()
            self._holders[taken.device.id].pop()
            for name, amount in taken.consumed.items():
                self._consumed[taken.device.id, name] -= amount.nanos
            for constraint in self._constraints[claim]:
                constraint.remove(taken.alternative)
            if not taken.alternative.admin:
                self._allocator.counters.give_back(taken.device)


def _alternatives(claim: Obj, classes: Mapping[str, Obj]) -> list[list[Alternative]]:
    """Per request of a claim the ways to satisfy it, best first."""
    found = []
    for request in claim["spec"].get("devices", {}).get("requests") or ():
        name = request["name"]
        if request.get("exactly") is not None:
            exact = request["exactly"]
            found.append([Alternative(name, name, exact, classes[exact["deviceClassName"]])])
        else:
            found.append(
                [
                    Alternative(name, f"{name}/{choice['name']}", choice, classes[choice["deviceClassName"]])
                    for choice in request.get("firstAvailable") or ()
                ]
            )
    return found


def _full_name(claim: Obj) -> str:
    return f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
