"""The one object of a kind that an annotation marks as the default: the newest, then the first by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.reader import Reader


def marked(reader: Reader, resource_key: str, *annotations: str) -> list[Obj]:
    """All objects marked "true", best first."""
    found = [
        obj
        for obj in reader.peek_all(resource_key)
        if any((obj["metadata"].get("annotations") or {}).get(name) == "true" for name in annotations)
    ]
    found.sort(key=lambda obj: str(obj["metadata"]["name"]))
    found.sort(key=lambda obj: str(obj["metadata"]["creationTimestamp"]), reverse=True)
    return found
