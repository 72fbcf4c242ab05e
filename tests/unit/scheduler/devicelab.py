"""Makes ResourceSlices, classes and claims, and allocates on nodes that are only names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikctl.scheduler.devices.allocator import Allocator, Taken
from minikctl.scheduler.devices.capacity import Allocated
from minikctl.scheduler.devices.pools import Pools
from minikctl.scheduler.devices.results import allocation_of

Obj = dict[str, Any]
DRIVER = "gpu.example.com"


def device(name: str, model: str = "", **fields: Any) -> Obj:
    attributes = {"model": {"string": model}} if model else {}
    return {"name": name, "attributes": {**attributes, **fields.pop("attributes", {})}, **fields}


def piece(node: str, *devices: Obj, pool: str = "", generation: int = 1, count: int = 1, **spec: Any) -> Obj:
    """A ResourceSlice; its pool is named after the node."""
    place: Obj = {"nodeName": node} if node and "perDeviceNodeSelection" not in spec else {}
    pools = {"name": pool or node, "generation": generation, "resourceSliceCount": count}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{pool or node}-{generation}"},
        "spec": {"driver": DRIVER, "pool": pools, "devices": list(devices), **place, **spec},
    }


def device_class(name: str = "gpu", *expressions: str, **spec: Any) -> Obj:
    selectors = [{"cel": {"expression": expression}} for expression in expressions]
    return {"metadata": {"name": name}, "spec": {"selectors": selectors, **spec}}


def exactly(count: int = 1, *expressions: str, **fields: Any) -> Obj:
    selectors = [{"cel": {"expression": expression}} for expression in expressions]
    mode = {"allocationMode": "ExactCount", "count": count}
    return {"deviceClassName": "gpu", "selectors": selectors, **mode, **fields}


def claim(name: str, *requests: Obj, **devices: Any) -> Obj:
    listed = [
        request if "name" in request else {"name": f"r{number}", "exactly": request}
        for number, request in enumerate(requests)
    ]
    meta = {"name": name, "namespace": "demo", "uid": f"uid-{name}"}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": meta,
        "spec": {"devices": {"requests": listed, **devices}},
    }


def allocate(
    slices: list[Obj],
    *claims: Obj,
    node: str = "a",
    labels: Mapping[str, str] | None = None,
    held: Any = (),
    classes: Any = (),
) -> list[list[Taken]] | None:
    known = {"gpu": device_class(), **{one["metadata"]["name"]: one for one in classes}}
    allocator = Allocator(Pools(slices), Allocated(held), known, claims)
    return allocator.on_node(node, labels or {})


def names(found: list[list[Taken]] | None) -> list[list[str]] | None:
    return None if found is None else [[taken.device.id[2] for taken in one] for one in found]


def allocated(one: Obj, slices: list[Obj], node: str = "a", held: Any = ()) -> Obj:
    """The claim with its allocation."""
    found = allocate(slices, one, node=node, held=held)
    assert found is not None
    return {**one, "status": {"allocation": allocation_of(one, found[0], node, lambda: "share-1")}}
