"""Accessors: they tolerate what is missing and leave no trace by reading."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import meta

_OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "rs", "uid": "u1"}}


def test_reading_an_empty_object() -> None:
    obj: dict[str, Any] = {}
    assert meta.labels_of(obj) == {} and meta.annotations_of(obj) == {} and meta.conditions(obj) == []
    assert meta.controller_of(obj) is None and meta.condition(obj, "Ready") is None
    assert obj == {}


def test_owner_references() -> None:
    reference = meta.controller_reference(_OWNER)
    obj = {"metadata": {"ownerReferences": [meta.owner_reference(_OWNER), reference]}}
    assert meta.controller_of(obj) == reference
    assert meta.is_controlled_by(obj, _OWNER)
    assert reference["controller"] is True and reference["blockOwnerDeletion"] is True


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
    assert meta.remove_condition(status, "Ready") and status == {}


def test_finalizers_and_annotations() -> None:
    obj: dict[str, Any] = {"metadata": {}}
    assert meta.add_finalizer(obj, "a/b") and not meta.add_finalizer(obj, "a/b")
    assert meta.remove_finalizer(obj, "a/b") and obj == {"metadata": {}}
    assert meta.set_annotation(obj, "k", "v") and not meta.set_annotation(obj, "k", "v")
    assert meta.set_annotation(obj, "k", None) and obj == {"metadata": {}}
