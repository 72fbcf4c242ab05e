"""Accessors: they tolerate what is missing and leave no trace by reading."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import meta


def test_reading_an_empty_object() -> None:
    obj: dict[str, Any] = {}
    assert meta.controller_of(obj) is None and meta.condition(obj, "Ready") is None
    assert obj == {}


def test_the_controller_is_the_marked_owner() -> None:
    reference = {"kind": "ReplicaSet", "name": "rs", "uid": "u1", "controller": True}
    obj = {"metadata": {"ownerReferences": [{"kind": "Other", "name": "x", "uid": "u2"}, reference]}}
    assert meta.controller_of(obj) == reference


def test_transition_time_moves_with_the_status_only() -> None:
    status: dict[str, Any] = {}
    assert meta.set_condition(status, {"type": "Ready", "status": "False"}, "t1")
    assert meta.set_condition(status, {"type": "Ready", "status": "False", "reason": "Waiting"}, "t2")
    assert status["conditions"] == [
        {"type": "Ready", "status": "False", "reason": "Waiting", "lastTransitionTime": "t1"}
    ]
    assert not meta.set_condition(status, {"type": "Ready", "status": "False"}, "t3")
    assert meta.set_condition(status, {"type": "Ready", "status": "True"}, "t4")
    assert status["conditions"][0]["lastTransitionTime"] == "t4"
    assert meta.is_true({"status": status}, "Ready")


def test_finalizers() -> None:
    obj: dict[str, Any] = {"metadata": {}}
    assert meta.add_finalizer(obj, "a/b") and not meta.add_finalizer(obj, "a/b")
    assert meta.remove_finalizer(obj, "a/b") and obj == {"metadata": {}}
