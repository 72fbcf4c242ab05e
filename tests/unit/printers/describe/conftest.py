"""What the tests of describers share: a lookup over a few objects, and a fixed time in UTC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import not_found
from minikctl.apimachinery.selectors import parse
from minikctl.printers.describe import describe

Obj = dict[str, Any]
NOW = "2026-01-02T03:04:05Z"


class Objects:
    """A Lookup over objects by resource key; field selectors are not applied."""

    def __init__(self, events: list[Obj] | None, resources: dict[str, list[Obj]]) -> None:
        self._events = events
        self._resources = resources

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        for obj in self._resources.get(resource, []):
            if obj["metadata"]["name"] == name:
                return obj
        raise not_found(resource, name)

    def list(self, resource: str, namespace: str = "", label_selector: str = "", field_selector: str = "") -> Any:
        selector = parse(label_selector)
        found = self._resources.get(resource, [])
        return [obj for obj in found if selector.matches(obj["metadata"].get("labels") or {})]

    def events(self, obj: Obj, kind: str | None = None, uid: str | None = None) -> Any:
        return self._events


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def described() -> Callable[..., str]:
    """`described(resource_key, obj, events=..., pods=[...])`: the description, without events by default."""

    def call(key: str, obj: Obj, events: list[Obj] | None = None, **resources: list[Obj]) -> str:
        by_key = {name.replace("__", "."): items for name, items in resources.items()}
        return describe(key, obj, Objects(events, by_key), parse_time(NOW))

    return call


@pytest.fixture
def named() -> Callable[..., Obj]:
    """`named("web", labels={...})`: metadata of an object in the namespace demo."""

    def call(name: str, **more: Any) -> Obj:
        return {"name": name, "namespace": "demo", "uid": f"uid-{name}", "creationTimestamp": NOW, **more}

    return call
