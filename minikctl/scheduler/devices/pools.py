"""Resource pools as their drivers publish them: ResourceSlices put together, and which devices a node reaches.

Counterpart of dynamic-resource-allocation's `structured/internal/*/pools`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery.nodeaffinity import matches_selector

Obj = dict[str, Any]
DeviceID = tuple[str, str, str]  # driver, pool, device


class Device:
    """One device of a slice. `node` and `selector` say where it can be used; neither: everywhere."""

    __slots__ = ("id", "node", "pool", "raw", "selector", "shared")

    def __init__(self, pool: Pool, raw: Obj, node: str, selector: Obj | None) -> None:
        self.pool = pool
        self.raw = raw
        self.id: DeviceID = (pool.driver, pool.name, raw["name"])
        self.node = node
        self.selector = selector
        self.shared = bool(raw.get("allowMultipleAllocations"))

    def __str__(self) -> str:
        return "/".join(self.id)


class Pool:
    """The newest generation of a pool's slices. An incomplete or invalid pool gives no devices."""

    __slots__ = ("counters", "devices", "driver", "generation", "name", "slices", "wanted")

    def __init__(self, driver: str, name: str, generation: int) -> None:
        self.driver = driver
        self.name = name
        self.generation = generation
        self.wanted = 0
        self.slices = 0
        self.devices: list[Device] = []
        self.counters: dict[str, Mapping[str, Any]] = {}  # counter set -> counter -> {"value": ...}

    def __str__(self) -> str:
        return f"{self.driver}/{self.name}"

    @property
    def incomplete(self) -> bool:
        return self.slices != self.wanted

    @property
    def invalid(self) -> bool:
        return len({device.id for device in self.devices}) != len(self.devices)

    def add(self, spec: Obj) -> None:
        """Take in one slice."""
        self.slices += 1
        self.wanted = spec["pool"].get("resourceSliceCount", 0)
        for counters in spec.get("sharedCounters") or ():
            self.counters[counters["name"]] = counters.get("counters") or {}
        each = bool(spec.get("perDeviceNodeSelection"))
        for raw in spec.get("devices") or ():
            place = raw if each else spec
            node, selector = place.get("nodeName", ""), place.get("nodeSelector")
            if node or selector is not None or place.get("allNodes"):
                self.devices.append(Device(self, raw, node, selector))


class Pools:
    """All pools of a cluster, and what of them each node reaches."""

    def __init__(self, slices: Iterable[Obj]) -> None:
        found: dict[tuple[str, str], Pool] = {}
        for piece in slices:
            spec = piece["spec"]
            driver, pool = spec["driver"], spec["pool"]
            key, generation = (driver, pool["name"]), pool.get("generation", 0)
            known = found.get(key)
            if known is None or generation > known.generation:
                known = found[key] = Pool(driver, pool["name"], generation)
            if generation == known.generation:
                known.add(spec)
        self.all = [found[key] for key in sorted(found)]
        self._local: dict[str, list[Pool]] = {}
        self._wide: list[Pool] = []  # pools that more than one node may reach
        for known in self.all:
            nodes = {device.node for device in known.devices}
            for node in nodes - {""}:
                self._local.setdefault(node, []).append(known)
            if "" in nodes:
                self._wide.append(known)

    def of(self, name: str, labels: Mapping[str, str]) -> list[tuple[Pool, list[Device]]]:
        """The pools a node reaches, in the order of their names, with the devices it may use."""
        candidates = {id(pool): pool for pool in (*self._local.get(name, ()), *self._wide)}
        found = []
        for pool in sorted(candidates.values(), key=lambda pool: (pool.driver, pool.name)):
            devices = [device for device in pool.devices if _reaches(device, name, labels)]
            if devices:
                found.append((pool, devices))
        return found


def _reaches(device: Device, name: str, labels: Mapping[str, str]) -> bool:
    if device.node:
        return device.node == name
    return device.selector is None or matches_selector(device.selector, name, labels)
