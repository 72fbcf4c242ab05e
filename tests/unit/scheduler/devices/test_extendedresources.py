"""The claim for extended resources: which container's resource is served by which request."""

from __future__ import annotations

from typing import Any

from devicelab import device_class

from minikctl.scheduler.devices.extendedresources import backed_by, requests_and_mappings

CARD = "example.com/card"
CLASSES = {CARD: device_class("cards")}


def container(name: str, count: int, **fields: Any) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": {"cpu": "1", CARD: str(count)}}, **fields}


def plan(*containers: dict[str, Any], init: Any = ()) -> tuple[dict[str, int], list[tuple[str, str]]]:
    requests, mappings = requests_and_mappings({"initContainers": list(init), "containers": list(containers)}, CLASSES)
    counts = {request["name"]: request["exactly"]["count"] for request in requests}
    return counts, [(mapping["containerName"], mapping["requestName"]) for mapping in mappings]


def test_every_container_has_devices_of_its_own() -> None:
    assert plan(container("a", 1), container("b", 2)) == (
        {"container-0-request-1": 1, "container-1-request-1": 2},
        [("a", "container-0-request-1"), ("b", "container-1-request-1")],
    )


def test_init_containers_borrow_and_share() -> None:
    counts, mappings = plan(container("app", 2), init=[container("one", 3), container("two", 5), container("small", 1)])
    assert counts == {"container-1-request-1": 3, "container-3-request-1": 2}
    assert mappings == [
        ("app", "container-3-request-1"),
        ("one", "container-3-request-1"),
        ("one", "container-1-request-1"),
        ("two", "container-3-request-1"),
        ("two", "container-1-request-1"),
        ("small", "container-3-request-1"),
    ]


def test_sidecars_keep_theirs() -> None:
    counts, _ = plan(container("app", 1), init=[container("side", 2, restartPolicy="Always"), container("start", 2)])
    assert counts == {"container-0-request-1": 2, "container-1-request-1": 1, "container-2-request-1": 1}


def test_classes_stand_for_resources() -> None:
    old, new = device_class("old", extendedResourceName=CARD), device_class("new", extendedResourceName=CARD)
    old["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    new["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z"
    implicit = "deviceclass.resource.kubernetes.io/old"
    assert backed_by([CARD, implicit, "example.com/other"], [new, old]) == {CARD: new, implicit: old}
