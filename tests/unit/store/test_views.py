"""Decoded objects that readers of the store share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from minikctl.store import views as views_module
from minikctl.store.views import Views

Obj = dict[str, Any]


def stored(name: str) -> str:
    return json.dumps({"metadata": {"name": name}})


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> Views:
    """Views of four objects and six parts of a kind, in a write transaction."""
    monkeypatch.setattr(views_module, "_OBJECTS", 4)
    monkeypatch.setattr(views_module, "_PARTS", 6)
    found = Views(lambda revision: stored(f"read-{revision}") if revision else None)
    found.open = True
    return found


def name_of(obj: Obj) -> Obj:
    return {"name": obj["metadata"]["name"]}


def test_one_object_is_shared_by_all_readers_of_its_revision(views: Views) -> None:
    first = views.of(7, stored("a"))
    assert first == {"metadata": {"name": "a", "resourceVersion": "7"}}
    assert views.of(7, stored("a")) is first
    assert views.at(7) is first


def test_what_came_last_is_kept_whatever_was_looked_at(views: Views) -> None:
    old, *newer = [views.of(revision, stored("x")) for revision in range(1, 6)]
    assert [views.at(revision) for revision in range(2, 6)] == newer
    assert views.of(1, stored("x")) is not old
    assert all(views.at(revision) is obj for revision, obj in enumerate(newer[1:], 3))


def test_no_more_is_kept_than_the_bound(views: Views) -> None:
    kept = {revision: views.of(revision, stored("x")) for revision in range(1, 21)}
    shared = [revision for revision, obj in kept.items() if views._objects.get(revision) is obj]
    assert len(shared) <= 4
    assert shared[-2:] == [19, 20]


def test_a_kept_object_replaces_what_was_known_of_its_revision(views: Views) -> None:
    views.of(1, stored("before"))
    views.of(2, stored("x"))
    after: Obj = {"metadata": {"name": "after"}}
    views.keep(1, after)
    views.of(3, stored("y"))
    assert views.at(1) is after


def test_parts_are_made_once_and_outlive_their_object(views: Views) -> None:
    made = []

    def part(obj: Obj) -> Obj:
        made.append(obj["metadata"]["name"])
        return name_of(obj)

    first = views.part(part, 1, stored("a"))
    for revision in range(2, 7):
        views.of(revision, stored("x"))
    assert views.part(part, 1, stored("a")) is first
    assert made == ["a"]
    assert views.part(part, 8) == {"name": "read-8"}
    assert views.part(part, 0) is None


def test_nothing_is_shared_outside_a_transaction_or_after_forgetting(views: Views) -> None:
    first, part = views.of(1, stored("a")), views.part(name_of, 1, stored("a"))
    views.open = False
    assert views.of(1, stored("a")) is not first
    assert views.part(name_of, 1, stored("a")) is not part
    views.open = True
    assert views.of(1, stored("a")) is first
    views.forget()
    assert views.at(1) == {"metadata": {"name": "read-1", "resourceVersion": "1"}}
    assert views.part(name_of, 1, stored("b")) == {"name": "read-1"}
