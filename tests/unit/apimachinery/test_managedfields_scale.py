"""Ownership through the scale subresource: entries of an object as its Scale has them, and back."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.managedfields.scale import entries_of_object, entries_of_scale

PATHS = {"apps/v1": ".spec.replicas", "apps/v1beta2": ".spec.size", "apps/v1beta1": None}
REPLICAS = {"f:spec": {"f:replicas": {}}}
OTHERS = {"f:spec": {"f:paused": {}}}
BOTH = {"f:spec": {"f:paused": {}, "f:replicas": {}}}


def entry(
    manager: str,
    fields: Any,
    operation: str = "Update",
    version: str = "apps/v1",
    time: str = "t",
    subresource: str = "",
) -> dict[str, Any]:
    made = {"apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields, "manager": manager}
    return {
        **made,
        "operation": operation,
        **({"subresource": subresource} if subresource else {}),
        **({"time": time} if time else {}),
    }


def test_a_scale_has_the_owners_of_replicas() -> None:
    managed = [
        entry("ci", BOTH, "Apply"),
        entry("old", {"f:spec": {"f:size": {}}}, version="apps/v1beta2"),
        entry("none", REPLICAS, version="apps/v1beta1"),
        entry("unknown", REPLICAS, version="extensions/v1beta1"),
        entry("painter", OTHERS),
    ]
    assert entries_of_scale(managed, PATHS) == [
        entry("ci", REPLICAS, "Apply", "autoscaling/v1"),
        entry("old", REPLICAS, version="autoscaling/v1"),
    ]


def test_who_takes_the_replicas_owns_them_without_a_time() -> None:
    managed = [entry("ci", BOTH, "Apply"), entry("make", BOTH), entry("only", REPLICAS), entry("painter", OTHERS)]
    of_scale = [entry("kubectl", REPLICAS, version="autoscaling/v1", time="now", subresource="scale")]
    assert entries_of_object(managed, of_scale, PATHS, "apps/v1") == [
        entry("ci", OTHERS, "Apply"),
        entry("kubectl", REPLICAS, time="", subresource="scale"),
        entry("make", OTHERS),
        entry("painter", OTHERS),
    ]


def test_an_applier_that_still_owns_them_keeps_its_entry() -> None:
    managed = [entry("ci", BOTH, "Apply")]
    assert entries_of_object(managed, entries_of_scale(managed, PATHS), PATHS, "apps/v1") == managed


def test_an_updater_that_still_owns_them_gets_a_second_entry() -> None:
    managed = [entry("make", BOTH)]
    found = entries_of_object(managed, entries_of_scale(managed, PATHS), PATHS, "apps/v1")
    assert found == [entry("make", REPLICAS, time=""), entry("make", OTHERS)]


def test_entries_of_versions_that_are_gone_are_dropped() -> None:
    managed = [entry("make", OTHERS, version="extensions/v1beta1"), entry("none", REPLICAS, version="apps/v1beta1")]
    assert entries_of_object(managed, [], PATHS, "apps/v1") == managed[1:]
